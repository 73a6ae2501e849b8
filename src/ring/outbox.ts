import { invariant } from '../base/errors.js';
import { attachRegion, createRegion, defineRegion, type RegionToken, type Views } from '../memory/region.js';
import type { Memory } from '../memory/reserve.js';

/*
 * Outbox of one shard: entries for consumers on the main thread. One producer (whoever owns the shard), one consumer (the
 * main thread). Positions are unsigned 32-bit numbers that only grow, and wrap; a slot is `position & (slots - 1)`.
 *
 *   words    i32 [3 * 32]     HEAD    entries handed over; written by the producer         (128 bytes apart: each line has
 *                             END     entries written, HEAD and beyond; the producer's      one writer)
 *                                     own, on HEAD's line
 *                             TAIL    entries taken; written by the consumer
 *                             ARMED   1 while the consumer wants to be told of entries; set by it, cleared by the producer
 *   numbers  f64 [slots * 8]  SEQUENCE, x, y, otherX, otherY, distance, time
 *   codes    u32 [slots * 8]  DETECT, GROUP, SUBJECT (zone row, or roaming slot), NODE, OTHER, PHASE, ORDINAL
 *
 *   [ taken | handed over, unread | written, their events perhaps not committed | free ]
 *           ^ TAIL                ^ HEAD                                         ^ END
 *
 * The entries of an event are written beyond HEAD before the event changes anything, and END moves behind them; HEAD follows
 * when the event is committed. So a producer that is lost leaves entries whose sequence tells whether they count: see
 * `settle`. An event with more entries than there is room for hands over what fits before it is applied, and goes on from
 * the last entry handed over when it comes again: that entry says how far it was (SEQUENCE, PHASE, ORDINAL), and stays in its
 * slot until HEAD moves, since one slot is always left empty.
 */
const HEAD = 0;
const END = 1;
const TAIL = 32;
const ARMED = 64;

const layout = defineRegion({
  name: 'outbox',
  version: 1,
  buffers: 'one',
  params: ['slots'],
  fields: ({ slots }) => ({ words: ['i32', 3 * 32], numbers: ['f64', slots * 8], codes: ['u32', slots * 8] }),
});

/** What an entry tells of. */
export const Detect = { enter: 0, exit: 1, inside: 2, cross: 3, nearby: 4, faraway: 5 } as const;

/** An entry; the consumer is shown one object again and again. */
export class OutboxEntry {
  sequence = 0;
  x = 0;
  y = 0;
  otherX = 0;
  otherY = 0;
  distance = 0;
  time = 0;
  /** Detect. */
  detect = 0;
  group = 0;
  /** Zone row of `enter`, `exit`, `inside`, `cross`; roaming slot of `nearby`, `faraway`. */
  subject = 0;
  node = 0;
  other = 0;
  /** Place among the entries of its event: phases ascend, and so do ordinals within a phase. */
  phase = 0;
  ordinal = 0;
}

export class Outbox {
  readonly token: RegionToken;
  readonly slots: number;
  readonly #words: Int32Array;
  readonly #numbers: Float64Array;
  readonly #codes: Uint32Array;
  /** Producer's copy of TAIL as last seen, from `begin` on. */
  #taken = 0;
  #end = 0;

  private constructor(region: { views: Views<ReturnType<typeof layout.fields>>; token: RegionToken }) {
    this.token = region.token;
    this.slots = region.token.params.slots!;
    this.#words = region.views.words;
    this.#numbers = region.views.numbers;
    this.#codes = region.views.codes;
  }

  /** Main thread. `slots` is a power of two; `startPosition` lets tests begin near the wrap. */
  static create(memory: Memory, params: { slots: number; startPosition?: number }): Outbox {
    const { slots } = params;
    invariant(slots >= 2 && slots <= 2 ** 30 && (slots & (slots - 1)) === 0, `an outbox of ${slots} slots`);
    const region = createRegion(memory, layout, { slots });
    region.views.words.fill((params.startPosition ?? 0) | 0, 0, ARMED);
    return new Outbox(region);
  }

  static attach(token: RegionToken): Outbox {
    return new Outbox(attachRegion(layout, token));
  }

  // ------------------------------------------------------------ producer

  /** The caller has become the shard's owner: its copies are the former owner's words. */
  begin(): void {
    this.#end = this.#words[END]!;
    // Pairs with the store in `take`: what the consumer read from the slots before it, it has read.
    this.#taken = Atomics.load(this.#words, TAIL);
  }

  /** Writes an entry behind those written; false when there is no room. */
  write(entry: OutboxEntry): boolean {
    const end = this.#end;
    if (((end - this.#taken) | 0) >= this.slots - 1) {
      // As in `begin`.
      this.#taken = Atomics.load(this.#words, TAIL);
      if (((end - this.#taken) | 0) >= this.slots - 1) return false;
    }
    const at = (end & (this.slots - 1)) * 8;
    const numbers = this.#numbers;
    numbers[at] = entry.sequence;
    numbers[at + 1] = entry.x;
    numbers[at + 2] = entry.y;
    numbers[at + 3] = entry.otherX;
    numbers[at + 4] = entry.otherY;
    numbers[at + 5] = entry.distance;
    numbers[at + 6] = entry.time;
    const codes = this.#codes;
    codes[at] = entry.detect;
    codes[at + 1] = entry.group;
    codes[at + 2] = entry.subject;
    codes[at + 3] = entry.node;
    codes[at + 4] = entry.other;
    codes[at + 5] = entry.phase;
    codes[at + 6] = entry.ordinal;
    this.#end = (end + 1) | 0;
    return true;
  }

  /** The entries of an event are written, all of them: from here on a recovery finds them. */
  close(): void {
    // A plain store: read by the next owner, or by recovery after the exit of this one has been seen.
    this.#words[END] = this.#end;
  }

  /** Whether anything is written and not handed over. */
  get pending(): boolean {
    return this.#end !== this.#words[HEAD]!;
  }

  /** Hands over what is written: its events are committed, or all that fits of the next one. */
  publish(): void {
    if (!this.pending) return;
    this.#words[END] = this.#end;
    // The entries, and what the events of them changed, are visible to who loads this head.
    Atomics.store(this.#words, HEAD, this.#end);
  }

  /** After `publish`, and before the producer turns to something else: whether the consumer is to be told of entries. */
  mustTell(): boolean {
    const words = this.#words;
    // The head was stored before: with sequential consistency either this load sees ARMED, or the consumer's look at the head
    // after arming sees the entries. A tail that is older than it could be tells the consumer of nothing, once.
    if (Atomics.load(words, ARMED) === 0 || words[HEAD] === Atomics.load(words, TAIL)) return false;
    return Atomics.exchange(words, ARMED, 0) !== 0;
  }

  get isHalfFull(): boolean {
    const half = this.slots >>> 1;
    if ((this.#end - this.#taken) >>> 0 < half) return false;
    this.#taken = Atomics.load(this.#words, TAIL);
    return (this.#end - this.#taken) >>> 0 >= half;
  }

  /** Whether an entry could be written, by what the consumer has taken by now. */
  get hasRoom(): boolean {
    this.#taken = Atomics.load(this.#words, TAIL);
    return ((this.#end - this.#taken) | 0) < this.slots - 1;
  }

  /** Whether the last entry handed over is of this event: then `wasPublished` tells how far. */
  resumes(sequence: number): boolean {
    return this.#numbers[((this.#words[HEAD]! - 1) & (this.slots - 1)) * 8] === sequence;
  }

  /** Whether an entry of the event at this place was handed over already; only when `resumes`. */
  wasPublished(phase: number, ordinal: number): boolean {
    const at = ((this.#words[HEAD]! - 1) & (this.slots - 1)) * 8;
    const last = this.#codes[at + 5]!;
    return phase < last || (phase === last && ordinal <= this.#codes[at + 6]!);
  }

  /** Recovery: hands over the entries of events before `sequence`, and forgets the others. */
  settle(sequence: number): void {
    const words = this.#words;
    let at = words[HEAD]!;
    while (at !== words[END]! && this.#numbers[(at & (this.slots - 1)) * 8]! < sequence) at = (at + 1) | 0;
    // END first: a recovery that is lost between the two finds the same entries before it.
    words[END] = at;
    this.begin();
    this.publish();
  }

  // ------------------------------------------------------------ consumer

  /** Entries handed over and not taken. */
  get unread(): number {
    // Pairs with `publish`: the entries before this head are visible.
    return (Atomics.load(this.#words, HEAD) - this.#words[TAIL]!) >>> 0;
  }

  get headPosition(): number {
    return Atomics.load(this.#words, HEAD);
  }

  get tailPosition(): number {
    return this.#words[TAIL]!;
  }

  /** The entry `ahead` of the tail, which must be among the unread. */
  read(ahead: number, into: OutboxEntry): void {
    const at = ((this.#words[TAIL]! + ahead) & (this.slots - 1)) * 8;
    const numbers = this.#numbers;
    into.sequence = numbers[at]!;
    into.x = numbers[at + 1]!;
    into.y = numbers[at + 2]!;
    into.otherX = numbers[at + 3]!;
    into.otherY = numbers[at + 4]!;
    into.distance = numbers[at + 5]!;
    into.time = numbers[at + 6]!;
    const codes = this.#codes;
    into.detect = codes[at]!;
    into.group = codes[at + 1]!;
    into.subject = codes[at + 2]!;
    into.node = codes[at + 3]!;
    into.other = codes[at + 4]!;
    into.phase = codes[at + 5]!;
    into.ordinal = codes[at + 6]!;
  }

  /** Passes so many entries: their slots are free. */
  take(entries: number): void {
    // What was read from the slots was read before: the producer may write them once it sees the tail.
    Atomics.store(this.#words, TAIL, (this.#words[TAIL]! + entries) | 0);
  }

  /** Asks to be told of entries. The caller looks at `unread` again afterwards. */
  arm(): void {
    Atomics.store(this.#words, ARMED, 1);
  }
}
