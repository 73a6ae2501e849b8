import { invariant } from '../base/errors.js';
import { attachRegion, createRegion, defineRegion, type RegionToken, type Views } from '../memory/region.js';
import type { Memory } from '../memory/reserve.js';
import { FrameFormat, FrameView } from '../schema/frame.js';

/*
 * Ring of frames: one producer (the main thread), one applying consumer at a time (whoever owns the shard). Positions are
 * unsigned 32-bit numbers that only grow, and wrap; a slot is `position & (slots - 1)`.
 *
 *   words  i32 [3 * 32]  HEAD     frames handed over; written by the producer            (128 bytes apart: each line has
 *                        APPLIED  frames applied; written by the consumer                 one writer)
 *                        EVENTS   events applied of the frame at APPLIED, tagged with the low bits of its position, so
 *                                 that moving APPLIED alone makes it 0 again; written by the consumer
 *   slots  u8            one FlatBuffer `Frame` a slot, at full capacity; zeros until its first claim
 *
 * A slot is free when every consumer's cursor has passed it. APPLIED is the only cursor today; a journal's cursor takes
 * the next line and joins `#passed`. EVENTS shares APPLIED's line: the pair is the commit point, per event.
 */
const HEAD = 0;
const APPLIED = 32;
const EVENTS = 33;
const EVENT_BITS = 16;
const POSITION_TAG = 0xffff;
/** A frame's events fit the low half of the EVENTS word. */
export const MAX_FRAME_EVENTS = 0xffff;

const layout = defineRegion({
  name: 'ring',
  version: 1,
  buffers: 'one',
  params: ['slots', 'frameEvents', 'payloadBytes', 'slotBytes'],
  fields: ({ slots, slotBytes }) => ({ words: ['i32', 3 * 32], slots: ['u8', slots * slotBytes] }),
});

export class FrameRing {
  readonly token: RegionToken;
  readonly slots: number;
  readonly format: { readonly frameEvents: number; readonly payloadBytes: number };
  readonly #words: Int32Array;
  readonly #bytes: Uint8Array;
  readonly #slotBytes: number;
  readonly #views: (FrameView | undefined)[];
  #format: FrameFormat | undefined;
  /** Producer's copies: its own head, and the cursor as last seen. */
  #head: number;
  #passed: number;

  private constructor(views: Views<ReturnType<typeof layout.fields>>, token: RegionToken, format?: FrameFormat) {
    this.token = token;
    this.slots = token.params.slots!;
    this.format = { frameEvents: token.params.frameEvents!, payloadBytes: token.params.payloadBytes! };
    this.#slotBytes = token.params.slotBytes!;
    this.#words = views.words;
    this.#bytes = views.slots;
    this.#views = new Array<FrameView | undefined>(this.slots).fill(undefined);
    this.#format = format;
    this.#head = Atomics.load(this.#words, HEAD);
    this.#passed = Atomics.load(this.#words, APPLIED);
  }

  /** Main thread. `slots` is a power of two; `startPosition` lets tests begin near the wrap. */
  static create(memory: Memory, params: { slots: number; format: FrameFormat; startPosition?: number }): FrameRing {
    const { slots, format } = params;
    const { frameEvents, payloadBytes, slotBytes } = format;
    invariant(slots >= 1 && slots <= 2 ** 30 && (slots & (slots - 1)) === 0, `a ring of ${slots} slots`);
    invariant(frameEvents >= 1 && frameEvents <= MAX_FRAME_EVENTS, `frames of ${frameEvents} events`);
    const region = createRegion(memory, layout, { slots, frameEvents, payloadBytes, slotBytes });
    const start = (params.startPosition ?? 0) | 0;
    region.views.words[HEAD] = start;
    region.views.words[APPLIED] = start;
    return new FrameRing(region.views, region.token, format);
  }

  static attach(token: RegionToken): FrameRing {
    return new FrameRing(attachRegion(layout, token).views, token);
  }

  #view(position: number): FrameView {
    return this.#views[position & (this.slots - 1)] ?? this.#open(position & (this.slots - 1));
  }

  #open(slot: number): FrameView {
    const at = slot * this.#slotBytes;
    const view = new FrameView(this.#bytes.subarray(at, at + this.#slotBytes));
    this.#views[slot] = view;
    return view;
  }

  /** Makes a frame of the slot when it is used for the first time, by any producer. */
  #prepare(slot: number): void {
    const at = slot * this.#slotBytes;
    if (FrameFormat.isStamped(this.#bytes, at)) return;
    this.#format ??= new FrameFormat(this.format.frameEvents, this.format.payloadBytes);
    this.#format.stamp(this.#bytes, at);
  }

  // ------------------------------------------------------------ producer

  /** Position of the next frame that `publish` hands over. */
  get headPosition(): number {
    return this.#head >>> 0;
  }

  /** The slot `ahead` frames beyond the head, for the producer to fill; undefined while a consumer still needs it. */
  claim(ahead: number): FrameView | undefined {
    const position = (this.#head + ahead) | 0;
    if (((position - this.#passed) | 0) >= this.slots) {
      // Pairs with the consumer's store in `release`: what it read from the slot it has read before.
      this.#passed = Atomics.load(this.#words, APPLIED);
      if (((position - this.#passed) | 0) >= this.slots) return undefined;
    }
    const slot = position & (this.slots - 1);
    if (this.#views[slot] === undefined) this.#prepare(slot);
    return this.#view(position);
  }

  /** Hands the next `frames` claimed slots over. */
  publish(frames: number): void {
    this.#head = (this.#head + frames) | 0;
    // Everything the producer wrote before (columns, payload, header, interner, books) is visible to who loads this head.
    Atomics.store(this.#words, HEAD, this.#head);
  }

  /** Frames handed over and not yet applied. */
  inFlight(): number {
    this.#passed = Atomics.load(this.#words, APPLIED);
    return (this.#head - this.#passed) >>> 0;
  }

  // ------------------------------------------------------------ any thread

  appliedPosition(): number {
    // Whoever sees this position sees what applying the frames before it wrote.
    return Atomics.load(this.#words, APPLIED) >>> 0;
  }

  isEmpty(): boolean {
    return Atomics.load(this.#words, HEAD) === Atomics.load(this.#words, APPLIED);
  }

  // ------------------------------------------------------------ the applying consumer

  /** The frame at the cursor, or undefined when all are applied. */
  peek(): FrameView | undefined {
    // APPLIED is this consumer's own (the claim of the shard made a former owner's stores visible); HEAD pairs with `publish`.
    const applied = this.#words[APPLIED]!;
    if (Atomics.load(this.#words, HEAD) === applied) return undefined;
    return this.#view(applied);
  }

  /** Events of the frame at the cursor that are applied for good. */
  get eventsApplied(): number {
    const word = this.#words[EVENTS]!;
    return word >>> EVENT_BITS === (this.#words[APPLIED]! & POSITION_TAG) ? word & MAX_FRAME_EVENTS : 0;
  }

  set eventsApplied(events: number) {
    // A plain store: read by the same owner, by one who claimed the shard after it, or after the exit of a lost owner.
    this.#words[EVENTS] = ((this.#words[APPLIED]! & POSITION_TAG) << EVENT_BITS) | events;
  }

  /** Every event of the frame is applied: passes it. One store, so that a thread cannot be lost half-way. */
  release(): void {
    const words = this.#words;
    // What was read from the slot was read before: the producer may write it once it sees the cursor.
    Atomics.store(words, APPLIED, (words[APPLIED]! + 1) | 0);
  }
}
