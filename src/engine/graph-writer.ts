import { NO_ROW } from '../base/limits.js';
import { readOptions } from '../base/option-names.js';
import type {
  EdgeAttributes,
  EdgeOptions,
  Handle,
  HandleOptions,
  NodeAttributes,
  NodeId,
  ZoneShape,
} from '../base/types.js';
import { checkFinite, checkId } from '../publish/check.js';
import { publishEdgeColumns, publishMoveColumns } from '../publish/columns.js';
import type { GraphRef } from '../publish/graph-refs.js';
import type { EngineCore } from './core.js';

/** The writing half of a graph: each method is the event of that name, and returns what `Engine.publish` returns. */
export class GraphWriter {
  /** Name of the graph. */
  readonly name: string;
  /** @internal */
  protected readonly core: EngineCore;
  /** @internal */
  protected readonly ref: GraphRef;

  /** @internal */
  constructor(core: EngineCore, name: string) {
    this.name = name;
    this.core = core;
    this.ref = core.publisher.refs.of(name);
  }

  /** Publishes `node.upserted`. */
  upsertNode(id: NodeId, attributes: NodeAttributes = {}): boolean {
    const { publisher } = this.core;
    try {
      publisher.enter();
      publisher.upsertNodeOf(this.ref, id, attributes);
    } catch (error) {
      publisher.rejected++;
      throw error;
    }
    return publisher.hasRoom;
  }

  /** Publishes `node.moved`. */
  moveNode(id: NodeId, x: number, y: number, z?: number, time?: number): boolean {
    const { publisher } = this.core;
    try {
      publisher.enter();
      if (time !== undefined) checkFinite('time', time);
      publisher.moveNode(this.ref, id, x, y, z ?? undefined, undefined, time ?? publisher.now());
    } catch (error) {
      publisher.rejected++;
      throw error;
    }
    return publisher.hasRoom;
  }

  /** Publishes `node.removed`. */
  removeNode(id: NodeId): boolean {
    return this.core.publisher.one(() => this.core.publisher.removeNode(this.ref, id));
  }

  /** Publishes `edge.upserted`. */
  upsertEdge(source: NodeId, target: NodeId, attributes: EdgeAttributes = {}): boolean {
    const { publisher } = this.core;
    try {
      publisher.enter();
      publisher.upsertEdgeOf(this.ref, source, target, attributes);
    } catch (error) {
      publisher.rejected++;
      throw error;
    }
    return publisher.hasRoom;
  }

  /** Publishes `edge.removed`. */
  removeEdge(source: NodeId, target: NodeId, attributes: EdgeOptions = {}): boolean {
    return this.core.publisher.one(() => this.core.publisher.removeEdgeOf(this.ref, source, target, attributes));
  }

  /** Publishes `graph.removed`. */
  remove(): boolean {
    return this.core.publisher.one(() => this.core.publisher.removeGraph(this.ref));
  }

  // ------------------------------------------------------------ columns

  /** The row of an id; with `create`, allocates it. It is no node before its first event. */
  handle(id: NodeId, options: HandleOptions & { create: true }): Handle;
  handle(id: NodeId, options?: HandleOptions): Handle | undefined;
  handle(id: NodeId, options?: HandleOptions): Handle | undefined {
    const { publisher } = this.core;
    const create = options !== undefined && readOptions('ATHANOR_INVALID_OPTION', options, ['create']).create;
    checkId('id', id);
    this.core.assertReadable();
    if (create === true) return publisher.handles(this.ref, [id])[0]!;
    const graph = publisher.liveRow(this.ref);
    const row = graph === NO_ROW ? NO_ROW : publisher.nodes.find(graph, id);
    return row === NO_ROW ? undefined : row;
  }

  /** As `handle` with `create`, for many: all or, when one is refused, none. */
  handles(ids: readonly NodeId[]): Uint32Array {
    // A typed array of numbers is as good.
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
