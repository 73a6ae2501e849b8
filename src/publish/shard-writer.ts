import { AthanorError } from '../base/errors.js';
import { ByteHeap } from '../memory/byte-heap.js';
import type { FrameRing } from '../ring/ring.js';
import type { SealTarget } from '../schedule/scheduler.js';
import type { FrameView } from '../schema/frame.js';
import type { PayloadBuffer } from './payload.js';
import type { Room } from './room.js';

/** The part of a ring that may hold sealed frames before `publish` asks its caller to wait. */
const HIGH_WATER = 0.75;
/** `drained()` resolves when no more than this part is left. */
const LOW_WATER = 0.5;

/**
 * Main thread. The open frame of one shard, and the frames filled beyond the ring's head but not handed over yet: an array
 * of events becomes visible to the applier whole, or not at all.
 *
 *   ring   [ applied | sealed, in flight | filled, private | open frame ]
 *                                        ^ head            ^ head + filled
 */
export class ShardWriter implements SealTarget {
  readonly shard: number;
  readonly ring: FrameRing;
  /** The open frame; undefined until `room` has claimed a slot for it. */
  frame: FrameView | undefined;
  openEvents = 0;
  payloadBytes = 0;
  firstSequence = 0;
  openedAtMs = 0;
  sealAtEvents: number;
  /** Frames filled by an array of events and not handed over. */
  filled = 0;
  readonly frameEvents: number;
  readonly #payloadCapacity: number;
  readonly #slots: number;
  readonly #heap: ByteHeap;
  readonly #room: Room;
  readonly #onSealed: (events: number) => void;
  /** Whether nothing of the shard is in flight or waits to be reclaimed: no room comes back. */
  isSettled: () => boolean = () => this.isStill;
  /** Bytes of data blocks written so far, in all frames; after each frame in flight, by its position. */
  #dataBytes = 0;
  readonly #dataBytesAfter: Float64Array;
  #congested = false;
  #savedEvents = 0;
  #savedPayloadBytes = 0;
  #savedFirstSequence = 0;
  #savedOpenedAtMs = 0;
  #savedDataBytes = 0;

  constructor(shard: number, ring: FrameRing, heap: ByteHeap, room: Room, onSealed: (events: number) => void) {
    this.#room = room;
    this.shard = shard;
    this.ring = ring;
    this.#heap = heap;
    this.frameEvents = ring.format.frameEvents;
    this.#payloadCapacity = ring.format.payloadBytes;
    this.#slots = ring.slots;
    // Twice the slots: the slot of the frame applied last may be claimed anew while its sum is still asked for.
    this.#dataBytesAfter = new Float64Array(2 * ring.slots);
    this.sealAtEvents = this.frameEvents;
    this.#onSealed = onSealed;
  }

  /** Whether the open frame, or one claimed now, takes `events` more with `payloadBytes` of payload. False: the ring is full. */
  room(events: number, payloadBytes: number): boolean {
    if (this.frame !== undefined) {
      if (this.openEvents + events <= this.frameEvents && this.payloadBytes + payloadBytes <= this.#payloadCapacity) {
        return true;
      }
      if (this.openEvents === 0 || this.ring.claim(this.filled + 1) === undefined) return false;
      this.#fill();
    }
    this.frame = this.ring.claim(this.filled);
    this.openEvents = 0;
    this.payloadBytes = 0;
    return this.frame !== undefined;
  }

  /** Events without payload that it has room for; a frame's where there is none, so that bad ones are told of all the same. */
  get roomForEvents(): number {
    const frames = this.#slots - this.ring.inFlight() - this.filled;
    return Math.max(this.frameEvents, frames * this.frameEvents - this.openEvents);
  }

  /** The open frame's first event is about to be written. */
  open(sequence: number, nowMs: number): void {
    this.firstSequence = sequence;
    this.openedAtMs = nowMs;
  }

  /** Writes the payload of event i of the open frame; `room` was asked for it. */
  addPayload(i: number, payload: PayloadBuffer): void {
    const frame = this.frame!;
    const at = this.payloadBytes;
    payload.copyTo(frame.payload, at);
    this.payloadBytes = at + payload.length;
    frame.payloadOffset[i] = at;
    // See FrameView.payloadEnd.
    if (i + 1 < this.frameEvents) frame.payloadOffset[i + 1] = this.payloadBytes;
  }

  /**
   * Counts the data of an event about to be written: the applier must find room for it.
   * @throws AthanorError ATHANOR_CAPACITY, or ATHANOR_BACKPRESSURE while room may come back.
   */
  takeData(length: number): void {
    if (!this.#hasDataRoom(length)) {
      const { shard } = this;
      const message = `data: ${length} bytes; option capacity.dataBytes gives each shard ${this.#heap.capacityBytes}, and those of shard ${shard} are taken`;
      // What is replaced or removed in flight, or of a removed graph that is not reclaimed yet, makes room.
      if (this.isSettled()) throw new AthanorError('ATHANOR_CAPACITY', message);
      this.#room.refuse(
        'data',
        `${message}; what is in flight or not reclaimed yet may make room`,
        () => this.#hasDataRoom(length),
        () => !this.isSettled(),
        shard,
      );
    }
    this.#dataBytes += ByteHeap.blockBytes(length);
  }

  #hasDataRoom(length: number): boolean {
    const after = this.#dataBytesAfter;
    // The position first: what is applied between the two looks counts twice, on the safe side.
    const inFlight = this.#dataBytes - after[(this.ring.appliedPosition() - 1) & (after.length - 1)]!;
    return this.#heap.hasRoom(length, inFlight);
  }

  /** Ring position that is applied when the events of the open frame are. */
  get openPosition(): number {
    return (this.ring.headPosition + this.filled + 1) >>> 0;
  }

  /** The open frame is complete; it stays private until `hand`. */
  #fill(): void {
    this.#close();
    const after = this.#dataBytesAfter;
    after[(this.ring.headPosition + this.filled) & (after.length - 1)] = this.#dataBytes;
    this.filled++;
  }

  #close(): void {
    const frame = this.frame!;
    frame.count = this.openEvents;
    frame.payloadBytes = this.payloadBytes;
    frame.firstSequence = this.firstSequence;
    frame.shard = this.shard;
    frame.openedAtMs = this.openedAtMs;
    this.frame = undefined;
    this.openEvents = 0;
    this.payloadBytes = 0;
  }

  /** Hands the open frame, and what is filled before it, to the ring. */
  seal(nowMs: number): void {
    this.#fill();
    this.hand(nowMs);
  }

  /** Hands the filled frames to the ring. Returns how many. */
  hand(nowMs: number): number {
    const frames = this.filled;
    if (frames === 0) return 0;
    for (let ahead = 0; ahead < frames; ahead++) {
      const frame = this.ring.claim(ahead)!;
      frame.sealedAtMs = nowMs;
      this.#onSealed(frame.count);
    }
    this.filled = 0;
    this.ring.publish(frames);
    this.#congested = this.ring.inFlight() >= this.#slots * HIGH_WATER;
    return frames;
  }

  /** An array of events begins: `rollback` comes back to here. */
  save(): void {
    this.#savedEvents = this.frame === undefined ? -1 : this.openEvents;
    this.#savedPayloadBytes = this.payloadBytes;
    this.#savedFirstSequence = this.firstSequence;
    this.#savedOpenedAtMs = this.openedAtMs;
    this.#savedDataBytes = this.#dataBytes;
  }

  rollback(): void {
    this.filled = 0;
    this.openEvents = Math.max(0, this.#savedEvents);
    this.payloadBytes = this.#savedPayloadBytes;
    this.firstSequence = this.#savedFirstSequence;
    this.openedAtMs = this.#savedOpenedAtMs;
    this.#dataBytes = this.#savedDataBytes;
    this.frame = this.#savedEvents < 0 ? undefined : this.ring.claim(0);
  }

  headPosition(): number {
    return this.ring.headPosition;
  }

  appliedPosition(): number {
    return this.ring.appliedPosition();
  }

  /** Whether so many frames wait that the caller should. Looked at anew only while they do. */
  get waitAdvised(): boolean {
    if (this.#congested) this.#congested = this.ring.inFlight() >= this.#slots * HIGH_WATER;
    return this.#congested;
  }

  /**
   * Whether the array of events that was refused a frame just now could never fit: those that it filled, the open one and one
   * more are more than there are. What is in flight does not matter: it may have been applied since.
   */
  get isTooLong(): boolean {
    return this.#savedEvents <= 0 && this.filled + 2 > this.#slots;
  }

  /** Whether so few frames wait that `drained()` resolves. */
  get isLow(): boolean {
    return this.ring.inFlight() <= this.#slots * LOW_WATER;
  }

  /** Whether all that was published is applied. */
  get isStill(): boolean {
    return this.openEvents === 0 && this.filled === 0 && this.ring.inFlight() === 0;
  }

  /** The position that `drained()` waits for. */
  get lowWaterPosition(): number {
    return (this.ring.headPosition - Math.floor(this.#slots * LOW_WATER)) >>> 0;
  }
}
