import { AthanorError, show } from '../base/errors.js';
import { NO_ROW } from '../base/limits.js';
import type { Handle, NodeId, ZoneShape } from '../base/types.js';
import { checkFinite, checkId } from '../publish/check.js';
import { publishEdgeColumns, publishMoveColumns } from '../publish/columns.js';
import type { GraphRef } from '../publish/graph-refs.js';
import type { EngineCore } from './core.js';

function checkObject(field: string, value: unknown): void {
  if (typeof value === 'object' && value !== null) return;
  throw new AthanorError('ATHANOR_INVALID_EVENT', `${field}: ${show(value)} is not an object`);
}

/** The writing half of a graph: each method is the event of that name, and returns what `Engine.publish` returns. */
export class GraphWriter {
  readonly name: string;
  /** @internal */
  protected readonly core: EngineCore;
  /** @internal */
  protected readonly ref: GraphRef;

  constructor(core: EngineCore, name: string) {
    this.name = name;
    this.core = core;
    this.ref = core.publisher.refs.of(name);
  }

  upsertNode(
    id: NodeId,
    attributes: { x?: number; y?: number; z?: number; kind?: string; time?: number; data?: unknown } = {},
  ): boolean {
    return this.core.publisher.one(() => {
      checkObject('attributes', attributes);
      if (attributes.time !== undefined) checkFinite('time', attributes.time);
      this.core.publisher.upsertNode(this.ref, id, attributes);
    });
  }

  moveNode(id: NodeId, x: number, y: number, z?: number, time?: number): boolean {
    const { publisher } = this.core;
    try {
      if (time !== undefined) checkFinite('time', time);
      publisher.moveNode(this.ref, id, x, y, z, undefined, time);
    } catch (error) {
      publisher.rejected++;
      throw error;
    }
    return publisher.hasRoom;
  }

  removeNode(id: NodeId): boolean {
    return this.core.publisher.one(() => this.core.publisher.removeNode(this.ref, id));
  }

  upsertEdge(
    source: NodeId,
    target: NodeId,
    attributes: { kind?: string; weight?: number; time?: number } = {},
  ): boolean {
    return this.core.publisher.one(() => {
      checkObject('attributes', attributes);
      if (attributes.time !== undefined) checkFinite('time', attributes.time);
      this.core.publisher.upsertEdge(this.ref, source, target, attributes);
    });
  }

  removeEdge(source: NodeId, target: NodeId, attributes: { kind?: string } = {}): boolean {
    return this.core.publisher.one(() => {
      checkObject('attributes', attributes);
      this.core.publisher.removeEdge(this.ref, source, target, attributes.kind);
    });
  }

  remove(): boolean {
    return this.core.publisher.one(() => this.core.publisher.removeGraph(this.ref));
  }

  // ------------------------------------------------------------ columns

  /** The row of an id; with `create`, allocates it. It is no node before its first event. */
  handle(id: NodeId, options: { create?: boolean } = {}): Handle | undefined {
    checkId('id', id);
    const { publisher } = this.core;
    checkObject('options', options);
    this.core.assertReadable();
    if (options.create === true) return this.handles([id])[0]!;
    const graph = publisher.liveRow(this.ref);
    const row = graph === NO_ROW ? NO_ROW : publisher.nodes.find(graph, id);
    return row === NO_ROW ? undefined : row;
  }

  /** As `handle` with `create`, for many: all or, when one is refused, none. */
  handles(ids: readonly NodeId[]): Uint32Array {
    // A typed array of numbers is as good.
    checkObject('ids', ids);
    if (!Number.isSafeInteger(ids.length)) {
      throw new AthanorError('ATHANOR_INVALID_EVENT', `ids: ${show(ids)} is not an array`);
    }
    this.core.publisher.assertOpen();
    return this.core.publisher.handles(this.ref, ids);
  }

  /**
   * Moves in columns of equal length; handles from `handle` or `handles`. Accepts as many as there is room for, from the
   * first on, and returns how many.
   * @throws AthanorError ATHANOR_INVALID_EVENT, naming the index, at a handle that is free, out of range or another graph's,
   * and at a coordinate or time that is not finite among those that there is room for: then none is accepted.
   */
  moveNodes(handles: Uint32Array, x: Float64Array, y: Float64Array, z?: Float64Array, time?: Float64Array): number {
    return publishMoveColumns(this.core.publisher, this.ref, handles, x, y, z, time);
  }

  /** Edges in columns of equal length, of kind ''; as `moveNodes`. */
  upsertEdges(sources: Uint32Array, targets: Uint32Array, weights?: Float64Array): number {
    return publishEdgeColumns(this.core.publisher, this.ref, sources, targets, weights);
  }

  // ------------------------------------------------------------ zones

  /** Sets a zone, or gives one that is set another shape: nodes that are then inside enter, those that no longer are exit. */
  setZone(name: string, shape: ZoneShape): boolean {
    return this.core.publisher.one(() => this.core.publisher.setZone(this.ref, name, shape));
  }

  /** Its members exit. */
  removeZone(name: string): boolean {
    return this.core.publisher.one(() => this.core.publisher.removeZone(this.ref, name));
  }
}
