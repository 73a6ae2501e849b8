import { monotonicMs } from '../base/clock.js';
import { AthanorError, show } from '../base/errors.js';
import { NO_ROW } from '../base/limits.js';
import type { EngineEvent, GraphOptions, NodeId } from '../base/types.js';
import type { Scheduler } from '../schedule/scheduler.js';
import { EventType, type FrameView, Presence } from '../schema/frame.js';
import { checkFinite, checkGraphOptions, checkId, checkKind, checkName, checkWeight, refuseZ } from './check.js';
import type { EdgeBudget } from './edge-budget.js';
import { type GraphRef, type GraphRefs, optionBits } from './graph-refs.js';
import { type GraphTable, GraphUse } from './graph-table.js';
import type { KindTable } from './kinds.js';
import { Attention, type NodeTable } from './node-table.js';
import { PayloadBuffer } from './payload.js';
import type { ShardWriter } from './shard-writer.js';
import { Transaction } from './transaction.js';

/** Everything an event may declare besides its data: names, two ids, a kind, at their longest. */
export const DECLARATION_BYTES = 4096;

/**
 * Main thread. Checks events, binds what is new, and writes them into the open frames. Every method either accepts all of
 * what it was given, or throws an AthanorError and has changed nothing.
 */
export class Publisher {
  readonly nodes: NodeTable;
  readonly graphs: GraphTable;
  readonly refs: GraphRefs;
  readonly kinds: KindTable;
  readonly writers: readonly ShardWriter[];
  readonly edgeBudget: EdgeBudget;
  readonly #scheduler: Scheduler;
  readonly #clock: () => number;
  readonly #payload: PayloadBuffer;
  readonly #transaction: Transaction;
  readonly #endOfTick: (task: () => void) => void;
  #closed = false;
  #failure: AthanorError | undefined;
  #sequence = 1;
  #timeMs = 0;
  #tickOpen = false;
  readonly #closeTick = (): void => {
    this.#tickOpen = false;
    this.onTick();
  };
  /** Events of the user's accepted, and refused with an error. */
  published = 0;
  rejected = 0;
  /** Accepted events that change nothing and need no worker: removals of what was never there. */
  appliedHere = 0;

  constructor(parts: {
    nodes: NodeTable;
    graphs: GraphTable;
    refs: GraphRefs;
    kinds: KindTable;
    writers: readonly ShardWriter[];
    edgeBudget: EdgeBudget;
    scheduler: Scheduler;
    clock: () => number;
    endOfTick: (task: () => void) => void;
    maxPayloadBytes: number;
  }) {
    this.nodes = parts.nodes;
    this.graphs = parts.graphs;
    this.refs = parts.refs;
    this.kinds = parts.kinds;
    this.writers = parts.writers;
    this.edgeBudget = parts.edgeBudget;
    this.#scheduler = parts.scheduler;
    this.#clock = parts.clock;
    this.#endOfTick = parts.endOfTick;
    this.#payload = new PayloadBuffer(parts.maxPayloadBytes);
    this.#transaction = new Transaction(parts.nodes, parts.graphs, parts.kinds);
  }

  /** Called once a tick in which events were published. */
  onTick: () => void = () => undefined;

  close(): void {
    this.#closed = true;
  }

  /** The engine cannot go on: every event from here on is refused with this error. */
  fail(error: AthanorError): void {
    this.#failure = error;
  }

  assertOpen(): void {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#closed) throw new AthanorError('ATHANOR_CLOSED', 'the engine is closed: it takes no more events');
  }

  /** Time of publishing: the clock is read once a tick. */
  now(): number {
    if (this.#tickOpen) return this.#timeMs;
    const time = this.#clock();
    if (typeof time !== 'number' || time - time !== 0) {
      throw new AthanorError('ATHANOR_INVALID_OPTION', `clock: it answered ${show(time)}, not a finite number`);
    }
    this.#tickOpen = true;
    this.#endOfTick(this.#closeTick);
    return (this.#timeMs = time);
  }

  // ------------------------------------------------------------ whole events

  /** One event or an array of them. False above the high-water mark. */
  publish(events: EngineEvent | readonly EngineEvent[]): boolean {
    if (!Array.isArray(events)) return this.#guard(1, () => this.#dispatch(events as EngineEvent));
    if (events.length === 0) {
      this.assertOpen();
      return !this.#congested();
    }
    if (events.length === 1) return this.#guard(1, () => this.#dispatch(events[0]!));
    return this.#guard(events.length, () =>
      this.#whole(() => {
        for (const event of events) this.#dispatch(event);
      }),
    );
  }

  /** Counts what is refused. */
  #guard(events: number, task: () => void): boolean {
    try {
      task();
    } catch (error) {
      this.rejected += events;
      throw error;
    }
    return !this.#congested();
  }

  /** Below the high-water mark. */
  get hasRoom(): boolean {
    return !this.#congested();
  }

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

  /** Rows of ids, bound where they are new: all of them, or none. */
  handles(ref: GraphRef, ids: readonly NodeId[]): Uint32Array {
    for (let i = 0; i < ids.length; i++) checkId(`ids[${i}]`, ids[i]);
    const rows = new Uint32Array(ids.length);
    const graph = this.ensureGraph(ref);
    this.#whole(() => {
      const now = monotonicMs();
      for (let i = 0; i < ids.length; i++) {
        let row = this.nodes.find(graph, ids[i]!);
        if (row === NO_ROW) {
          row = this.nodes.bind(graph, ids[i]!, now);
          this.#transaction.boundNode(row);
        }
        rows[i] = row;
      }
    });
    return rows;
  }

  /** An event on a row that no frame has declared yet, or whose removal is published; see columns.ts. */
  publishRow(ref: GraphRef, graph: number, row: number, x: number, y: number, time: number): void {
    this.#whole(() => {
      this.#payload.clear();
      const bound = this.#declareNode(graph, this.nodes.ids.idOf(row)!, row);
      this.#writeMove(ref.shard, graph, row, x, y, undefined, time, bound.declared ? Presence.rowDeclared : 0);
    });
  }

  #congested(): boolean {
    for (const writer of this.writers) if (writer.waitAdvised) return true;
    return false;
  }

  /** Runs `task` so that all of its events are accepted, or none. */
  #whole(task: () => void): void {
    if (this.#transaction.active) {
      task();
      return;
    }
    const { published, appliedHere } = this;
    const sequence = this.#sequence;
    for (const writer of this.writers) writer.save();
    this.edgeBudget.save();
    this.#transaction.begin();
    try {
      task();
    } catch (error) {
      const full = error instanceof AthanorError && error.code === 'ATHANOR_BACKPRESSURE';
      const hopeless = full && this.writers.some((writer) => writer.filledAlone);
      this.#transaction.rollback(monotonicMs());
      for (const writer of this.writers) writer.rollback();
      this.edgeBudget.rollback();
      this.published = published;
      this.appliedHere = appliedHere;
      this.#sequence = sequence;
      if (hopeless) {
        throw new AthanorError(
          'ATHANOR_CAPACITY',
          `the array of events needs more frames than option batch.maxInFlight (${this.writers[0]!.ring.slots}) gives a shard: publish it in parts`,
          { cause: error },
        );
      }
      throw error;
    }
    this.#transaction.commit();
    for (const writer of this.writers) this.#settle(writer);
  }

  #dispatch(event: EngineEvent): void {
    this.assertOpen();
    if (typeof event !== 'object' || event === null) {
      throw new AthanorError('ATHANOR_INVALID_EVENT', `event: ${show(event)} is not an object`);
    }
    const type: string = event.type;
    if (type === 'custom') {
      throw new AthanorError('ATHANOR_UNSUPPORTED', "type: events of type 'custom' are not built yet");
    }
    checkName('graph', event.graph);
    if (event.time !== undefined) checkFinite('time', event.time);
    const ref = this.refs.of(event.graph);
    switch (event.type) {
      case 'node.moved':
        refuseZ(event.z);
        this.moveNode(ref, event.node, event.x, event.y, event.w, event.time);
        return;
      case 'node.upserted':
        this.upsertNode(ref, event.node, event);
        return;
      case 'node.removed':
        this.removeNode(ref, event.node, event.time);
        return;
      case 'edge.upserted':
        this.upsertEdge(ref, event.source, event.target, event);
        return;
      case 'edge.removed':
        this.removeEdge(ref, event.source, event.target, event.kind, event.time);
        return;
      case 'graph.created':
        this.createGraph(ref, event.options, event.time);
        return;
      case 'graph.removed':
        this.removeGraph(ref, event.time);
        return;
      default:
        throw new AthanorError('ATHANOR_INVALID_EVENT', `type: ${show(type)} is no type of event`);
    }
  }

  /** A single call of a graph's method: as `publish` of that one event. */
  one(task: () => void): boolean {
    return this.#guard(1, task);
  }

  // ------------------------------------------------------------ events by type

  moveNode(ref: GraphRef, id: NodeId, x: number, y: number, w?: number, time?: number): void {
    checkId('node', id);
    checkFinite('x', x);
    checkFinite('y', y);
    if (w !== undefined) checkFinite('w', w);
    const graph = this.#liveGraph(ref);
    if (graph === NO_ROW) {
      this.#withGraph(ref, time, () => this.moveNode(ref, id, x, y, w, time));
      return;
    }
    const at = time ?? this.now();
    const row = this.nodes.find(graph, id);
    if (row === NO_ROW || this.nodes.attention[row] !== 0) {
      this.#whole(() => {
        this.#payload.clear();
        const bound = this.#declareNode(graph, id, row);
        const declared = bound.declared ? Presence.rowDeclared : 0;
        this.#writeMove(ref.shard, graph, bound.row, x, y, w, at, declared);
      });
      return;
    }
    this.#payload.clear();
    this.#writeMove(ref.shard, graph, row, x, y, w, at, 0);
  }

  #writeMove(
    shard: number,
    graph: number,
    row: number,
    x: number,
    y: number,
    w: number | undefined,
    time: number,
    declared: number,
  ): void {
    const writer = this.#begin(shard);
    const frame = writer.frame!;
    const presence = Presence.x | Presence.y | (w === undefined ? 0 : Presence.w) | declared;
    const i = this.#head(writer, EventType.nodeMoved, presence, graph, row, time);
    frame.x[i] = x;
    frame.y[i] = y;
    if (w !== undefined) frame.w[i] = w;
    this.#end(writer);
  }

  upsertNode(
    ref: GraphRef,
    id: NodeId,
    attributes: { x?: number; y?: number; z?: number; kind?: string; time?: number; data?: unknown },
  ): void {
    const { x, y, kind, time, data } = attributes;
    checkId('node', id);
    if (x !== undefined) checkFinite('x', x);
    if (y !== undefined) checkFinite('y', y);
    refuseZ(attributes.z);
    if (kind !== undefined) checkKind(kind);
    const graph = this.#liveGraph(ref);
    if (graph === NO_ROW) {
      this.#withGraph(ref, time, () => this.upsertNode(ref, id, attributes));
      return;
    }
    const known = this.nodes.find(graph, id);
    if (this.#declares(known, kind) && !this.#transaction.active) {
      this.#whole(() => this.upsertNode(ref, id, attributes));
      return;
    }
    const at = time ?? this.now();
    this.#payload.clear();
    let presence = 0;
    const kindNumber = kind === undefined ? 0 : this.#declareKind(kind);
    if (kind !== undefined) presence |= Presence.kind | (this.#kindIsNew ? Presence.kindDeclared : 0);
    const bound = this.#declareNode(graph, id, known);
    if (bound.declared) presence |= Presence.rowDeclared;
    if (data !== undefined) {
      presence |= Presence.data;
      this.#payload.addData(data);
    }
    if (x !== undefined) presence |= Presence.x;
    if (y !== undefined) presence |= Presence.y;
    const writer = this.#begin(ref.shard);
    const frame = writer.frame!;
    const i = this.#head(writer, EventType.nodeUpserted, presence, graph, bound.row, at);
    frame.kind[i] = kindNumber;
    if (x !== undefined) frame.x[i] = x;
    if (y !== undefined) frame.y[i] = y;
    this.#end(writer);
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
    this.#payload.clear();
    const writer = this.#begin(ref.shard);
    this.#head(writer, EventType.nodeRemoved, 0, graph, row, at);
    this.#transaction.changesAttention(row);
    this.nodes.removed(row, writer.openPosition);
    this.#end(writer);
  }

  upsertEdge(
    ref: GraphRef,
    source: NodeId,
    target: NodeId,
    attributes: { kind?: string; weight?: number; time?: number },
  ): void {
    const { kind, weight, time } = attributes;
    checkId('source', source);
    checkId('target', target);
    if (kind !== undefined) checkKind(kind);
    if (weight !== undefined) checkWeight(weight);
    const graph = this.#liveGraph(ref);
    if (graph === NO_ROW) {
      this.#withGraph(ref, time, () => this.upsertEdge(ref, source, target, attributes));
      return;
    }
    const at = time ?? this.now();
    const knownSource = this.nodes.find(graph, source);
    const knownTarget = this.nodes.find(graph, target);
    if ((this.#declares(knownSource, kind) || this.#declares(knownTarget, kind)) && !this.#transaction.active) {
      this.#whole(() => this.upsertEdge(ref, source, target, attributes));
      return;
    }
    const edgeKind = kind === undefined ? 0 : this.kinds.find(kind);
    this.edgeBudget.take(ref.shard, knownSource, knownTarget, edgeKind);
    this.#payload.clear();
    let presence = 0;
    const kindNumber = kind === undefined ? 0 : this.#declareKind(kind);
    if (kind !== undefined) presence |= Presence.kind | (this.#kindIsNew ? Presence.kindDeclared : 0);
    if (weight !== undefined) presence |= Presence.w;
    const from = this.#declareNode(graph, source, knownSource);
    if (from.declared) presence |= Presence.rowDeclared;
    const sourceRow = from.row;
    const to = this.#declareNode(graph, target, source === target ? sourceRow : knownTarget);
    if (to.declared) presence |= Presence.otherDeclared;
    const writer = this.#begin(ref.shard);
    const frame = writer.frame!;
    const i = this.#head(writer, EventType.edgeUpserted, presence, graph, sourceRow, at);
    frame.other[i] = to.row;
    frame.kind[i] = kindNumber;
    if (weight !== undefined) frame.w[i] = weight;
    this.#end(writer);
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
    this.#payload.clear();
    const writer = this.#begin(ref.shard);
    const i = this.#head(writer, EventType.edgeRemoved, Presence.kind, graph, from, at);
    writer.frame!.other[i] = to;
    writer.frame!.kind[i] = kindNumber;
    this.#end(writer);
  }

  createGraph(ref: GraphRef, options?: GraphOptions, time?: number): void {
    if (options !== undefined) checkGraphOptions(options, 'ATHANOR_INVALID_EVENT');
    this.assertOpen();
    if (options !== undefined) this.refs.declare(ref, options, 'ATHANOR_INVALID_EVENT');
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
    this.#payload.clear();
    const writer = this.#begin(ref.shard);
    this.#head(writer, EventType.graphRemoved, 0, graph, 0, at);
    this.#transaction.removedGraph(graph);
    this.graphs.remove(graph);
    this.refs.removed(graph);
    this.#end(writer);
  }

  // ------------------------------------------------------------ parts of an event

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
    if (!this.#transaction.active) {
      this.#whole(() => this.#withGraph(ref, time, task));
      return;
    }
    const at = time ?? this.now();
    const graph = this.graphs.create(ref.name);
    this.#transaction.createdGraph(graph);
    this.refs.refresh(ref);
    this.#payload.clear();
    this.#payload.addString(ref.name);
    this.#payload.addData(this.refs.optionsOf(ref));
    const presence = Presence.graphDeclared | (task === undefined ? 0 : Presence.implicit);
    const writer = this.#begin(ref.shard);
    const i = this.#head(writer, EventType.graphCreated, presence, graph, 0, at);
    writer.frame!.kind[i] = optionBits(this.refs.optionsOf(ref));
    this.#end(writer);
    if (task === undefined) return;
    // Implicit: the library's own event, not counted as the user's.
    this.published--;
    task();
  }

  readonly #bound = { row: 0, declared: false };

  /** The row for an event that makes or keeps the id a node, bound if it is new, and its declaration in the payload. */
  #declareNode(graph: number, id: NodeId, known: number): { row: number; declared: boolean } {
    const bound = this.#bound;
    if (known === NO_ROW) {
      bound.row = this.nodes.bind(graph, id, monotonicMs());
      this.#transaction.boundNode(bound.row);
    } else {
      bound.row = known;
    }
    const attention = this.nodes.attention[bound.row]!;
    bound.declared = (attention & Attention.undeclared) !== 0;
    if (attention !== 0) {
      this.#transaction.changesAttention(bound.row);
      this.nodes.attention[bound.row]! &= ~Attention.undeclared;
      if ((attention & Attention.removed) !== 0) this.nodes.wanted(bound.row);
      if (bound.declared) this.#payload.addId(id);
    }
    return bound;
  }

  #kindIsNew = false;

  #declareKind(kind: string): number {
    const known = this.kinds.find(kind);
    this.#kindIsNew = known < 0;
    if (known >= 0) return known;
    const number = this.kinds.add(kind);
    this.#transaction.addedKind(number);
    this.#payload.addString(kind);
    return number;
  }

  /** Whether an event on this row and kind changes the tables: then it runs in a transaction, to be taken back whole. */
  #declares(row: number, kind: string | undefined): boolean {
    return row === NO_ROW || this.nodes.attention[row] !== 0 || (kind !== undefined && this.kinds.find(kind) < 0);
  }

  /** Room for one event with the gathered payload. */
  #begin(shard: number): ShardWriter {
    const writer = this.writers[shard]!;
    if (!writer.room(1, this.#payload.length)) this.#full(writer);
    return writer;
  }

  #full(writer: ShardWriter): never {
    throw new AthanorError(
      'ATHANOR_BACKPRESSURE',
      `shard ${writer.shard}: all ${writer.ring.slots} frames (option batch.maxInFlight) are in flight: wait for drained()`,
    );
  }

  /** Writes what every event has; the event's index in the open frame. */
  #head(writer: ShardWriter, type: number, presence: number, graph: number, row: number, time: number): number {
    const frame: FrameView = writer.frame!;
    const i = writer.openEvents;
    const sequence = this.#sequence++;
    if (i === 0) writer.open(sequence, monotonicMs());
    frame.type[i] = type;
    frame.presence[i] = presence;
    frame.graph[i] = graph;
    frame.row[i] = row;
    frame.time[i] = time;
    frame.sequenceDelta[i] = sequence - writer.firstSequence;
    if ((presence & Presence.anyPayload) !== 0) writer.addPayload(i, this.#payload);
    writer.openEvents = i + 1;
    return i;
  }

  #end(writer: ShardWriter): void {
    this.published++;
    if (!this.#transaction.active) this.#settle(writer);
  }

  /** Hands over what is due, and has the rest looked after at the end of the tick. */
  #settle(writer: ShardWriter): void {
    if (writer.filled > 0) this.#scheduler.sealed(writer, writer.hand(monotonicMs()));
    if (writer.openEvents >= writer.sealAtEvents) this.#scheduler.seal(writer);
    else if (writer.openEvents > 0) this.#scheduler.touched();
  }

  /** Columnar paths: how many of `events` go into the open frame, which has room for one; their sequences are written. */
  beginRun(writer: ShardWriter, events: number): number {
    const i = writer.openEvents;
    const taken = Math.min(events, writer.frameEvents - i);
    const sequence = this.#sequence;
    this.#sequence += taken;
    if (i === 0) writer.open(sequence, monotonicMs());
    const deltas = writer.frame!.sequenceDelta;
    for (let k = 0, delta = sequence - writer.firstSequence; k < taken; k++) deltas[i + k] = delta + k;
    return taken;
  }

  endRun(writer: ShardWriter, events: number): void {
    writer.openEvents += events;
    this.published += events;
    this.#settle(writer);
  }
}
