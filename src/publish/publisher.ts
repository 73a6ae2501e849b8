import { NO_ROW } from '../base/limits.js';
import type { GraphOptions, NodeId } from '../base/types.js';
import type { DataEncoder } from '../schema/data-encoder.js';
import { EventType, Presence } from '../schema/frame.js';
import { checkCoordinates, checkId, checkKind, checkPosition, checkWeight, readIds } from './check.js';
import type { ColumnRests } from './columns.js';
import { EventWriter } from './event-writer.js';
import { type GraphRef, optionBits, sphereRadius } from './graph-refs.js';
import { GraphUse } from './graph-table.js';

/**
 * Main thread. Checks events, binds what is new, and writes them into the open frames. What it is given are plain values. Every method either accepts all of
 * what it was given, or throws an AthanorError and has changed nothing.
 */
export class Publisher extends EventWriter {
  readonly columnRests: ColumnRests = new WeakMap();

  /** Row of the graph as published, or NO_ROW. */
  liveRow(ref: GraphRef): number {
    return this.#knownGraph(ref);
  }

  /** As `liveRow`; the graph is created where there is none. */
  ensureGraph(ref: GraphRef): number {
    const graph = this.#liveGraph(ref);
    if (graph !== NO_ROW) return graph;
    this.#withGraph(ref, undefined, () => undefined);
    return this.#knownGraph(ref);
  }

  /** Rows of ids, bound where they are new, and the graph where there is none: all of them, or nothing is done. */
  handles(ref: GraphRef, given: readonly NodeId[]): Uint32Array {
    this.enter();
    const ids = readIds('ids', given);
    const rows = new Uint32Array(ids.length);
    this.whole(() => {
      const graph = this.ensureGraph(ref);
      const now = this.host.now();
      for (let i = 0; i < ids.length; i++) {
        let row = this.nodes.find(graph, ids[i]!);
        if (row === NO_ROW) {
          row = this.nodes.bind(graph, ids[i]!, now);
          this.transaction.boundNode(row);
        }
        rows[i] = row;
      }
    });
    return rows;
  }

  /** An event on a row that no frame has declared yet, or whose removal is published; see columns.ts. */
  publishRow(
    ref: GraphRef,
    graph: number,
    row: number,
    x: number,
    y: number,
    z: number | undefined,
    time: number,
  ): void {
    this.whole(() => {
      this.payload.clear();
      const bound = this.declareNode(graph, this.nodes.ids.idOf(row)!, row);
      this.#writeMove(ref.shard, graph, row, x, y, z, undefined, time, bound.declared ? Presence.rowDeclared : 0);
    });
  }

  /** A single call of a graph's method: as `publish` of that one event. */
  one(task: () => void): boolean {
    try {
      this.enter();
      task();
    } catch (error) {
      this.rejected++;
      throw error;
    }
    return !this.congested();
  }

  // ------------------------------------------------------------ events by type

  moveNode(
    ref: GraphRef,
    id: NodeId,
    x: number,
    y: number,
    z: number | undefined,
    w: number | undefined,
    at: number,
  ): void {
    checkId('node', id);
    // First: the ref's space is the graph's only once its row is known to be.
    const graph = this.#liveGraph(ref);
    checkPosition(ref.space, x, y, z);
    if (graph === NO_ROW) {
      this.#withGraph(ref, at, () => this.moveNode(ref, id, x, y, z, w, at));
      return;
    }
    const row = this.nodes.find(graph, id);
    if (row === NO_ROW || this.nodes.attention[row] !== 0) {
      this.whole(() => {
        this.payload.clear();
        const bound = this.declareNode(graph, id, row);
        const declared = bound.declared ? Presence.rowDeclared : 0;
        this.#writeMove(ref.shard, graph, bound.row, x, y, z, w, at, declared);
      });
      return;
    }
    this.payload.clear();
    this.#writeMove(ref.shard, graph, row, x, y, z, w, at, 0);
  }

  #writeMove(
    shard: number,
    graph: number,
    row: number,
    x: number,
    y: number,
    z: number | undefined,
    w: number | undefined,
    time: number,
    declared: number,
  ): void {
    const writer = this.begin(shard);
    const frame = writer.frame!;
    let presence = Presence.x | Presence.y | declared;
    if (z !== undefined) presence |= Presence.z;
    if (w !== undefined) presence |= Presence.w;
    const i = this.head(writer, EventType.nodeMoved, presence, graph, row, time);
    frame.x[i] = x;
    frame.y[i] = y;
    if (z !== undefined) frame.z[i] = z;
    if (w !== undefined) frame.w[i] = w;
    this.end(writer);
  }

  /** `data` holds what the event's data is as MessagePack. */
  upsertNode(
    ref: GraphRef,
    id: NodeId,
    x: unknown,
    y: unknown,
    z: unknown,
    kind: unknown,
    at: number,
    data: DataEncoder | undefined,
  ): void {
    checkId('node', id);
    const graph = this.#liveGraph(ref);
    checkCoordinates(ref.space, x, y, z);
    if (kind !== undefined) checkKind(kind);
    if (graph === NO_ROW) {
      this.#withGraph(ref, at, () => this.upsertNode(ref, id, x, y, z, kind, at, data));
      return;
    }
    const known = this.nodes.find(graph, id);
    if (this.declares(known, kind) && !this.transaction.active) {
      this.whole(() => this.upsertNode(ref, id, x, y, z, kind, at, data));
      return;
    }
    this.payload.clear();
    let presence = 0;
    let dataBytes = 0;
    const kindNumber = kind === undefined ? 0 : this.declareKind(kind);
    if (kind !== undefined) presence |= Presence.kind | (this.kindIsNew ? Presence.kindDeclared : 0);
    const bound = this.declareNode(graph, id, known);
    if (bound.declared) presence |= Presence.rowDeclared;
    if (data !== undefined) {
      presence |= Presence.data;
      dataBytes = data.length;
      this.payload.addEncoded(data);
    }
    if (x !== undefined) presence |= Presence.x;
    if (y !== undefined) presence |= Presence.y;
    if (z !== undefined) presence |= Presence.z;
    const writer = this.begin(ref.shard);
    if (data !== undefined) writer.takeData(dataBytes);
    const frame = writer.frame!;
    const i = this.head(writer, EventType.nodeUpserted, presence, graph, bound.row, at);
    frame.kind[i] = kindNumber;
    if (x !== undefined) frame.x[i] = x as number;
    if (y !== undefined) frame.y[i] = y as number;
    if (z !== undefined) frame.z[i] = z as number;
    this.end(writer);
  }

  removeNode(ref: GraphRef, id: NodeId, time?: number): void {
    checkId('node', id);
    this.assertOpen();
    const graph = this.#knownGraph(ref);
    const row = graph === NO_ROW ? NO_ROW : this.nodes.find(graph, id);
    if (row === NO_ROW) {
      this.published++;
      this.appliedHere++;
      return;
    }
    const at = time ?? this.now();
    this.payload.clear();
    const writer = this.begin(ref.shard);
    this.head(writer, EventType.nodeRemoved, 0, graph, row, at);
    this.transaction.changesAttention(row);
    this.nodes.removed(row, writer.openPosition);
    this.end(writer);
  }

  upsertEdge(
    ref: GraphRef,
    source: NodeId,
    target: NodeId,
    kind: string | undefined,
    weight: number | undefined,
    at: number,
  ): void {
    checkId('source', source);
    checkId('target', target);
    if (kind !== undefined) checkKind(kind);
    if (weight !== undefined) checkWeight(weight);
    const graph = this.#liveGraph(ref);
    if (graph === NO_ROW) {
      this.#withGraph(ref, at, () => this.upsertEdge(ref, source, target, kind, weight, at));
      return;
    }
    const knownSource = this.nodes.find(graph, source);
    const knownTarget = this.nodes.find(graph, target);
    if ((this.declares(knownSource, kind) || this.declares(knownTarget, kind)) && !this.transaction.active) {
      this.whole(() => this.upsertEdge(ref, source, target, kind, weight, at));
      return;
    }
    const edgeKind = kind === undefined ? 0 : this.kinds.find(kind);
    this.edgeBudget.take(ref.shard, knownSource, knownTarget, edgeKind);
    this.payload.clear();
    let presence = 0;
    const kindNumber = kind === undefined ? 0 : this.declareKind(kind);
    if (kind !== undefined) presence |= Presence.kind | (this.kindIsNew ? Presence.kindDeclared : 0);
    if (weight !== undefined) presence |= Presence.w;
    const from = this.declareNode(graph, source, knownSource);
    if (from.declared) presence |= Presence.rowDeclared;
    const sourceRow = from.row;
    const to = this.declareNode(graph, target, source === target ? sourceRow : knownTarget);
    if (to.declared) presence |= Presence.otherDeclared;
    const writer = this.begin(ref.shard);
    const frame = writer.frame!;
    const i = this.head(writer, EventType.edgeUpserted, presence, graph, sourceRow, at);
    frame.other[i] = to.row;
    frame.kind[i] = kindNumber;
    if (weight !== undefined) frame.w[i] = weight;
    this.edgeBudget.written();
    this.end(writer);
  }

  removeEdge(ref: GraphRef, source: NodeId, target: NodeId, kind?: string, time?: number): void {
    checkId('source', source);
    checkId('target', target);
    if (kind !== undefined) checkKind(kind);
    this.assertOpen();
    const graph = this.#knownGraph(ref);
    const from = graph === NO_ROW ? NO_ROW : this.nodes.find(graph, source);
    const to = graph === NO_ROW ? NO_ROW : this.nodes.find(graph, target);
    const kindNumber = kind === undefined ? 0 : this.kinds.find(kind);
    if (from === NO_ROW || to === NO_ROW || kindNumber < 0) {
      this.published++;
      this.appliedHere++;
      return;
    }
    const at = time ?? this.now();
    this.payload.clear();
    const writer = this.begin(ref.shard);
    const i = this.head(writer, EventType.edgeRemoved, Presence.kind, graph, from, at);
    writer.frame!.other[i] = to;
    writer.frame!.kind[i] = kindNumber;
    this.end(writer);
  }

  createGraph(ref: GraphRef, options?: GraphOptions, time?: number): void {
    this.assertOpen();
    if (options !== undefined && !this.transaction.active) {
      this.whole(() => this.createGraph(ref, options, time));
      return;
    }
    if (options !== undefined) this.transaction.also(this.refs.declare(ref, options, 'ATHANOR_INVALID_EVENT'));
    if (this.#liveGraph(ref) !== NO_ROW) {
      this.published++;
      this.appliedHere++;
      return;
    }
    this.#withGraph(ref, time, undefined);
  }

  removeGraph(ref: GraphRef, time?: number): void {
    this.assertOpen();
    const graph = this.#knownGraph(ref);
    if (graph === NO_ROW) {
      this.published++;
      this.appliedHere++;
      return;
    }
    const at = time ?? this.now();
    this.payload.clear();
    const writer = this.begin(ref.shard);
    this.head(writer, EventType.graphRemoved, 0, graph, 0, at);
    this.graphIsRemoved(graph, writer);
    this.transaction.also(this.refs.removed(ref.name, graph));
    this.end(writer);
  }

  // ------------------------------------------------------------ graphs

  /** Row of the graph as published, for an event that would create it; NO_ROW when it is to be created. */
  #liveGraph(ref: GraphRef): number {
    this.assertOpen();
    return this.#knownGraph(ref);
  }

  #knownGraph(ref: GraphRef): number {
    const row = ref.row;
    if (row !== NO_ROW && this.graphs.use[row] === GraphUse.live && this.graphs.generationOf(row) === ref.generation) {
      return row;
    }
    return this.refs.refresh(ref);
  }

  /** Creates the graph and goes on with `task`; without a task, the creation is the user's own event. */
  #withGraph(ref: GraphRef, time: number | undefined, task: (() => void) | undefined): void {
    if (!this.transaction.active) {
      this.whole(() => this.#withGraph(ref, time, task));
      return;
    }
    const at = time ?? this.now();
    const graph = this.graphs.create(ref.name, this.host.now());
    this.transaction.also(this.refs.created(ref.name));
    this.transaction.createdGraph(graph);
    this.refs.refresh(ref);
    this.payload.clear();
    this.payload.addString(ref.name);
    this.payload.addData(this.refs.optionsOf(ref));
    const presence = Presence.graphDeclared | (task === undefined ? 0 : Presence.implicit);
    const writer = this.begin(ref.shard);
    const i = this.head(writer, EventType.graphCreated, presence, graph, 0, at);
    writer.frame!.kind[i] = optionBits(this.refs.optionsOf(ref));
    writer.frame!.w[i] = sphereRadius(this.refs.optionsOf(ref));
    this.end(writer);
    if (task === undefined) return;
    // Implicit: the library's own event, not counted as the user's.
    this.published--;
    task();
  }
}
