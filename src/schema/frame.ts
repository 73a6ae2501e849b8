import { Builder, ByteBuffer } from 'flatbuffers';
import { invariant } from '../base/errors.js';
import { Frame } from './generated/frame_generated.js';

/**
 * Types of events as frames carry them. Gaps are left for expiry, dead letters and custom events. The row of a zone's event
 * is the zone's: its payload declares the zone's name on first use, and its data is the shape.
 */
export const EventType = {
  graphCreated: 1,
  graphRemoved: 2,
  nodeUpserted: 3,
  nodeMoved: 4,
  nodeRemoved: 5,
  edgeUpserted: 6,
  edgeRemoved: 7,
  zoneSet: 8,
  zoneRemoved: 9,
} as const;

/**
 * Bits of the presence column: what the event gives, and which numbers its payload declares (first use, reuse included).
 * An event's payload is MessagePack values one after another, in this order:
 * [graph: name, options] [kind: string] [row: id] [other: id] [data].
 */
export const Presence = {
  x: 1,
  y: 2,
  z: 4,
  w: 8,
  kind: 16,
  data: 32,
  graphDeclared: 64,
  kindDeclared: 128,
  rowDeclared: 256,
  otherDeclared: 512,
  /** The library's own event (a graph created by the first write to it): not counted as published or applied. */
  implicit: 1024,
  anyPayload: 32 | 64 | 128 | 256 | 512,
} as const;

/** A slot of a ring holds one `Frame` with its vectors at full capacity; this is the template that every slot starts from. */
export class FrameFormat {
  readonly frameEvents: number;
  readonly payloadBytes: number;
  /** Bytes of a slot: the template, rounded up to two cache lines. */
  readonly slotBytes: number;
  readonly #template: Uint8Array;
  /** Where the template is not zero: root offset, vtable, table, lengths of the vectors. */
  readonly #offsets: number[] = [];

  constructor(frameEvents: number, payloadBytes: number) {
    this.frameEvents = frameEvents;
    this.payloadBytes = payloadBytes;
    const template = buildTemplate(frameEvents, payloadBytes);
    this.#template = template;
    this.slotBytes = Math.ceil(template.length / 128) * 128;
    for (let at = 0; at < template.length; at++) if (template[at] !== 0) this.#offsets.push(at);
  }

  /** Makes a frame of zeroed memory at `at`. What is zero in the template is left alone, and so are its pages. */
  stamp(bytes: Uint8Array, at: number): void {
    for (const offset of this.#offsets) bytes[at + offset] = this.#template[offset]!;
  }

  /** Whether a frame was made at `at`: a FlatBuffer begins with the offset of its root, which is never 0. */
  static isStamped(bytes: Uint8Array, at: number): boolean {
    return (bytes[at]! | bytes[at + 1]! | bytes[at + 2]! | bytes[at + 3]!) !== 0;
  }
}

function buildTemplate(frameEvents: number, payloadBytes: number): Uint8Array {
  const builder = new Builder(frameEvents * 80 + payloadBytes + 1024);
  // Defaults too take their place in the table: a field that is not there could not be mutated.
  builder.forceDefaults(true);
  const vector = (elementBytes: number, length: number): number => {
    builder.startVector(elementBytes, length, elementBytes);
    builder.pad(elementBytes * length);
    return builder.endVector();
  };
  const payload = vector(1, payloadBytes);
  const u8 = vector(1, frameEvents);
  const u16 = vector(2, frameEvents);
  const u32 = Array.from({ length: 6 }, () => vector(4, frameEvents));
  const f64 = Array.from({ length: 5 }, () => vector(8, frameEvents));
  Frame.startFrame(builder);
  Frame.addFirstSequence(builder, 0);
  Frame.addShard(builder, 0);
  Frame.addCount(builder, 0);
  Frame.addPayloadBytes(builder, 0);
  Frame.addOpenedAtMs(builder, 0);
  Frame.addSealedAtMs(builder, 0);
  Frame.addType(builder, u8);
  Frame.addPresence(builder, u16);
  Frame.addGraph(builder, u32[0]!);
  Frame.addRow(builder, u32[1]!);
  Frame.addOther(builder, u32[2]!);
  Frame.addKind(builder, u32[3]!);
  Frame.addSequenceDelta(builder, u32[4]!);
  Frame.addPayloadOffset(builder, u32[5]!);
  Frame.addX(builder, f64[0]!);
  Frame.addY(builder, f64[1]!);
  Frame.addZ(builder, f64[2]!);
  Frame.addW(builder, f64[3]!);
  Frame.addTime(builder, f64[4]!);
  Frame.addPayload(builder, payload);
  Frame.finishFrameBuffer(builder, Frame.endFrame(builder));
  return builder.asUint8Array().slice();
}

/** The typed arrays over one slot, from the generated accessors: nothing is copied. One a slot and thread. */
export class FrameView {
  readonly type: Uint8Array;
  readonly presence: Uint16Array;
  readonly graph: Uint32Array;
  readonly row: Uint32Array;
  readonly other: Uint32Array;
  readonly kind: Uint32Array;
  readonly x: Float64Array;
  readonly y: Float64Array;
  readonly z: Float64Array;
  readonly w: Float64Array;
  readonly time: Float64Array;
  readonly sequenceDelta: Uint32Array;
  readonly payloadOffset: Uint32Array;
  readonly payload: Uint8Array;
  readonly #frame: Frame;

  /** `bytes` is a slot that holds the template, aligned to 8. */
  constructor(bytes: Uint8Array) {
    invariant(bytes.byteOffset % 8 === 0, 'a frame must be aligned to 8 bytes');
    const frame = Frame.getRootAsFrame(new ByteBuffer(bytes as Uint8Array<ArrayBuffer>));
    this.#frame = frame;
    this.type = frame.typeArray()!;
    this.presence = frame.presenceArray()!;
    this.graph = frame.graphArray()!;
    this.row = frame.rowArray()!;
    this.other = frame.otherArray()!;
    this.kind = frame.kindArray()!;
    this.x = frame.xArray()!;
    this.y = frame.yArray()!;
    this.z = frame.zArray()!;
    this.w = frame.wArray()!;
    this.time = frame.timeArray()!;
    this.sequenceDelta = frame.sequenceDeltaArray()!;
    this.payloadOffset = frame.payloadOffsetArray()!;
    this.payload = frame.payloadArray()!;
  }

  get firstSequence(): number {
    return this.#frame.firstSequence();
  }
  set firstSequence(value: number) {
    this.#frame.mutate_first_sequence(value);
  }
  get shard(): number {
    return this.#frame.shard();
  }
  set shard(value: number) {
    this.#frame.mutate_shard(value);
  }
  get count(): number {
    return this.#frame.count();
  }
  set count(value: number) {
    this.#frame.mutate_count(value);
  }
  get payloadBytes(): number {
    return this.#frame.payloadBytes();
  }
  set payloadBytes(value: number) {
    this.#frame.mutate_payload_bytes(value);
  }
  get openedAtMs(): number {
    return this.#frame.openedAtMs();
  }
  set openedAtMs(value: number) {
    this.#frame.mutate_opened_at_ms(value);
  }
  get sealedAtMs(): number {
    return this.#frame.sealedAtMs();
  }
  set sealedAtMs(value: number) {
    this.#frame.mutate_sealed_at_ms(value);
  }

  /**
   * First byte behind event i's payload. Who writes an event with payload writes this as the next event's offset too (an
   * event without payload leaves it), so no length column is needed.
   */
  payloadEnd(i: number): number {
    return i + 1 < this.payloadOffset.length ? this.payloadOffset[i + 1]! : this.payloadBytes;
  }

  /** First byte of event i's data: behind the scalars that its payload declares (kind, ids). */
  dataStart(i: number): number {
    const presence = this.presence[i]!;
    let at = this.payloadOffset[i]!;
    for (let bit = Presence.kindDeclared as number; bit <= Presence.otherDeclared; bit <<= 1) {
      if ((presence & bit) !== 0) at = skipScalar(this.payload, at);
    }
    return at;
  }
}

/** The byte behind a MessagePack string or number: all that a declaration in front of `data` can be. */
export function skipScalar(bytes: Uint8Array, at: number): number {
  const head = bytes[at]!;
  if (head <= 0x7f || head >= 0xe0) return at + 1;
  if (head >= 0xa0 && head <= 0xbf) return at + 1 + (head & 0x1f);
  switch (head) {
    case 0xd9:
      return at + 2 + bytes[at + 1]!;
    case 0xda:
      return at + 3 + ((bytes[at + 1]! << 8) | bytes[at + 2]!);
    case 0xcc:
    case 0xd0:
      return at + 2;
    case 0xcd:
    case 0xd1:
      return at + 3;
    case 0xca:
    case 0xce:
    case 0xd2:
      return at + 5;
    case 0xcb:
    case 0xcf:
    case 0xd3:
      return at + 9;
    default:
      invariant(false, `a declaration begins with byte ${head}`);
  }
}
