import { AthanorError, show } from '../base/errors.js';
import { NO_ROW } from '../base/limits.js';
import { unreadable } from '../base/option-names.js';
import type { NodeId } from '../base/types.js';
import type { Host } from '../schedule/host.js';
import type { Scheduler } from '../schedule/scheduler.js';
import { type FrameView, Presence } from '../schema/frame.js';
import type { EdgeBudget } from './edge-budget.js';
import type { GraphRefs } from './graph-refs.js';
import type { GraphTable } from './graph-table.js';
import type { KindTable } from './kinds.js';
import { Attention, type NodeTable } from './node-table.js';
import { PayloadBuffer } from './payload.js';
import type { Room } from './room.js';
import type { ShardWriter } from './shard-writer.js';
import { Transaction } from './transaction.js';

/** Everything an event may declare besides its data: names, two ids, a kind, at their longest. */
export const DECLARATION_BYTES = 4096;

/** Why no call may begin: the engine is closed or has failed, or another call is not over. */
const Bar = { closed: 1, failed: 2, clock: 4, whole: 8 } as const;

/**
 * Main thread. What publishing any event needs: the tables that it may change, the open frames that it is written into, and
 * the transaction that takes all of it back when the event, or a later one of the same call, is refused.
 */
export class EventWriter {
  readonly nodes: NodeTable;
  readonly graphs: GraphTable;
  readonly refs: GraphRefs;
  readonly kinds: KindTable;
  readonly writers: readonly ShardWriter[];
  readonly edgeBudget: EdgeBudget;
  /** What calls were refused for while room comes back. */
  readonly room: Room;
  readonly #scheduler: Scheduler;
  readonly #clock: () => number;
  protected readonly payload: PayloadBuffer;
  protected readonly maxPayloadBytes: number;
  protected readonly transaction: Transaction;
  protected readonly host: Pick<Host, 'now' | 'endOfTick'>;
  /** Bits of Bar: why no call may begin. */
  #bars = 0;
  #failure: AthanorError | undefined;
  #sequence = 1;
  #timeMs = 0;
  #tickOpen = false;
  #timeKnown = false;
  readonly #closeTick = (): void => {
    this.#tickOpen = false;
    this.#timeKnown = false;
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
    room: Room;
    scheduler: Scheduler;
    clock: () => number;
    host: Pick<Host, 'now' | 'endOfTick'>;
    maxPayloadBytes: number;
  }) {
    this.nodes = parts.nodes;
    this.graphs = parts.graphs;
    this.refs = parts.refs;
    this.kinds = parts.kinds;
    this.writers = parts.writers;
    this.edgeBudget = parts.edgeBudget;
    this.room = parts.room;
    this.#scheduler = parts.scheduler;
    this.#clock = parts.clock;
    this.host = parts.host;
    this.maxPayloadBytes = parts.maxPayloadBytes;
    this.payload = new PayloadBuffer(parts.maxPayloadBytes);
    this.transaction = new Transaction(parts.nodes, parts.graphs, parts.kinds);
  }

  /** Publish sequence of the last event. */
  get lastSequence(): number {
    return this.#sequence - 1;
  }

  /** Called once a tick in which events were published. */
  onTick: () => void = () => undefined;

  close(): void {
    this.#bars |= Bar.closed;
  }

  /** The engine cannot go on: every event from here on is refused with this error. */
  fail(error: AthanorError): void {
    this.#failure = error;
    this.#bars |= Bar.failed;
  }

  /**
   * A call of the user's begins.
   * @throws AthanorError ATHANOR_CLOSED; ATHANOR_INVALID_EVENT from within another call that is not over: it may yet be taken
   * back as a whole, and this with it.
   */
  enter(): void {
    if (this.#bars !== 0) this.#refuseEntry();
  }

  #refuseEntry(): never {
    this.assertOpen();
    const where = (this.#bars & Bar.clock) === 0 ? 'a getter, while an array of events is read' : "the option 'clock'";
    throw new AthanorError('ATHANOR_INVALID_EVENT', `the call comes from ${where}: make it when that is over`);
  }

  /** Whether the user's own code may be running in the middle of a call that changes something. */
  get isBusy(): boolean {
    return (this.#bars & (Bar.clock | Bar.whole)) !== 0;
  }

  assertOpen(): void {
    if ((this.#bars & (Bar.closed | Bar.failed)) === 0) return;
    if (this.#failure !== undefined) throw this.#failure;
    throw new AthanorError('ATHANOR_CLOSED', 'the engine is closed: it takes no more events');
  }

  /** Time of publishing: the clock is read once a tick. */
  now(): number {
    if (this.#timeKnown) return this.#timeMs;
    const clock = this.#clock;
    let time: unknown;
    this.#bars |= Bar.clock;
    try {
      time = clock();
    } catch (error) {
      throw unreadable('ATHANOR_INVALID_OPTION', 'clock', error);
    } finally {
      this.#bars &= ~Bar.clock;
    }
    // It may have closed the engine.
    this.assertOpen();
    if (typeof time !== 'number' || time - time !== 0) {
      throw new AthanorError('ATHANOR_INVALID_OPTION', `clock: it answered ${show(time)}, not a finite number`);
    }
    this.#timeKnown = true;
    this.#openTick();
    return (this.#timeMs = time);
  }

  #openTick(): void {
    if (this.#tickOpen) return;
    this.#tickOpen = true;
    this.host.endOfTick(this.#closeTick);
  }

  /** Below the high-water mark. */
  get hasRoom(): boolean {
    return !this.congested();
  }

  protected congested(): boolean {
    for (const writer of this.writers) if (writer.waitAdvised) return true;
    return false;
  }

  /** Runs `task` so that all of its events are accepted, or none. */
  protected whole(task: () => void): void {
    if (this.transaction.active) {
      task();
      return;
    }
    const { published, appliedHere } = this;
    const sequence = this.#sequence;
    for (const writer of this.writers) writer.save();
    this.edgeBudget.save();
    this.transaction.begin();
    this.#bars |= Bar.whole;
    try {
      task();
    } catch (error) {
      this.#bars &= ~Bar.whole;
      const short = error instanceof AthanorError && error.code === 'ATHANOR_BACKPRESSURE' ? this.room.last : undefined;
      const framesShort = short?.what === 'frames' && this.writers.some((writer) => writer.isTooLong);
      // It may need still more than it came to: doubled, that is known after a few tries.
      if (short !== undefined) short.need = 2 * this.transaction.taken + 1;
      this.transaction.rollback();
      for (const writer of this.writers) writer.rollback();
      this.edgeBudget.rollback();
      this.published = published;
      this.appliedHere = appliedHere;
      this.#sequence = sequence;
      if (framesShort) {
        throw new AthanorError(
          'ATHANOR_CAPACITY',
          `the array of events needs more frames than option batch.maxInFlight (${this.writers[0]!.ring.slots}) gives a shard: publish it in parts`,
          { cause: error },
        );
      }
      // What it waits for is its own doing: of what was there before nothing comes back.
      if (short !== undefined && short.what !== 'frames' && !short.comesBack()) {
        const message = `${short.message}, and nothing more comes back: publish the array of events in parts`;
        throw new AthanorError('ATHANOR_CAPACITY', message, { cause: error });
      }
      throw error;
    }
    this.#bars &= ~Bar.whole;
    this.transaction.commit();
    for (const writer of this.writers) this.settle(writer);
  }

  // ------------------------------------------------------------ parts of an event

  readonly #bound = { row: 0, declared: false };

  /** The row for an event that makes or keeps the id a node, bound if it is new, and its declaration in the payload. */
  protected declareNode(graph: number, id: NodeId, known: number): { row: number; declared: boolean } {
    const bound = this.#bound;
    if (known === NO_ROW) {
      bound.row = this.nodes.bind(graph, id, this.host.now());
      this.transaction.boundNode(bound.row);
    } else {
      bound.row = known;
    }
    const attention = this.nodes.attention[bound.row]!;
    bound.declared = (attention & Attention.undeclared) !== 0;
    if (attention !== 0) {
      this.transaction.changesAttention(bound.row);
      this.nodes.attention[bound.row]! &= ~Attention.undeclared;
      if ((attention & Attention.removed) !== 0) this.nodes.wanted(bound.row);
      if (bound.declared) this.payload.addId(id);
    }
    return bound;
  }

  /** The graph's removal stands in the writer's open frame. */
  protected graphIsRemoved(graph: number, writer: ShardWriter): void {
    this.transaction.removedGraph(graph);
    this.graphs.remove(graph, writer.openPosition);
    this.nodes.graphRemoved(graph);
  }

  protected kindIsNew = false;

  protected declareKind(kind: string): number {
    const known = this.kinds.find(kind);
    this.kindIsNew = known < 0;
    if (known >= 0) return known;
    const number = this.kinds.add(kind);
    this.transaction.addedKind(number);
    this.payload.addString(kind);
    return number;
  }

  /** Whether an event on this row and kind changes the tables: then it runs in a transaction, to be taken back whole. */
  protected declares(row: number, kind: string | undefined): boolean {
    return row === NO_ROW || this.nodes.attention[row] !== 0 || (kind !== undefined && this.kinds.find(kind) < 0);
  }

  /** Room for one event with the gathered payload. */
  protected begin(shard: number): ShardWriter {
    const writer = this.writers[shard]!;
    if (!writer.room(1, this.payload.length)) this.full(writer);
    return writer;
  }

  protected full(writer: ShardWriter): never {
    const { shard, ring } = writer;
    // An array needs as many frames again as it filled, as far as is known, and one more.
    const frames = Math.min(ring.slots, 2 * writer.filled + 2);
    this.room.refuse(
      'frames',
      `shard ${shard}: all ${ring.slots} frames (option batch.maxInFlight) are in flight`,
      () => writer.isLow && ring.slots - ring.inFlight() >= frames,
      () => true,
      shard,
    );
  }

  /** Writes what every event has; the event's index in the open frame. */
  protected head(
    writer: ShardWriter,
    type: number,
    presence: number,
    graph: number,
    row: number,
    time: number,
  ): number {
    const frame: FrameView = writer.frame!;
    const i = writer.openEvents;
    const sequence = this.#sequence++;
    if (i === 0) writer.open(sequence, this.host.now());
    frame.type[i] = type;
    frame.presence[i] = presence;
    frame.graph[i] = graph;
    frame.row[i] = row;
    frame.time[i] = time;
    frame.sequenceDelta[i] = sequence - writer.firstSequence;
    if ((presence & Presence.anyPayload) !== 0) writer.addPayload(i, this.payload);
    writer.openEvents = i + 1;
    return i;
  }

  protected end(writer: ShardWriter): void {
    this.published++;
    if (!this.transaction.active) this.settle(writer);
  }

  /** Hands over what is due, and has the rest looked after at the end of the tick. */
  protected settle(writer: ShardWriter): void {
    this.#openTick();
    if (writer.filled > 0) this.#scheduler.sealed(writer, writer.hand(this.host.now()));
    if (writer.openEvents >= writer.sealAtEvents) this.#scheduler.seal(writer);
    else if (writer.openEvents > 0) this.#scheduler.touched();
  }

  /** Columnar paths: how many of `events` go into the open frame, which has room for one; their sequences are written. */
  beginRun(writer: ShardWriter, events: number): number {
    const i = writer.openEvents;
    const taken = Math.min(events, writer.frameEvents - i);
    const sequence = this.#sequence;
    this.#sequence += taken;
    if (i === 0) writer.open(sequence, this.host.now());
    const deltas = writer.frame!.sequenceDelta;
    for (let k = 0, delta = sequence - writer.firstSequence; k < taken; k++) deltas[i + k] = delta + k;
    return taken;
  }

  endRun(writer: ShardWriter, events: number): void {
    writer.openEvents += events;
    this.published += events;
    this.settle(writer);
  }
}
