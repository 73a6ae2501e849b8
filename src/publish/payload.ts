import { AthanorError } from '../base/errors.js';
import type { NodeId } from '../base/types.js';
import { DataEncoder } from '../schema/data-encoder.js';

const text = new TextEncoder();

/**
 * Main thread. Gathers the MessagePack values of one event, before it is known whether the frame has room for them.
 * Strings and integers, the ids of every new node, are written directly; `data` comes from an encoder.
 */
export class PayloadBuffer {
  readonly #encoder: DataEncoder;
  readonly #maxDataBytes: number;
  #bytes = new Uint8Array(4096);
  length = 0;

  constructor(maxDataBytes: number) {
    this.#maxDataBytes = maxDataBytes;
    this.#encoder = new DataEncoder(maxDataBytes);
  }

  clear(): void {
    this.length = 0;
  }

  copyTo(target: Uint8Array, at: number): void {
    const bytes = this.#bytes;
    for (let i = 0; i < this.length; i++) target[at + i] = bytes[i]!;
  }

  addId(id: NodeId): void {
    if (typeof id === 'string') this.addString(id);
    else this.#addInteger(id);
  }

  addString(value: string): void {
    this.#grow(value.length * 3 + 5);
    const bytes = this.#bytes;
    let at = this.length;
    const length = value.length;
    if (length <= 31) {
      // fixstr of ASCII, the usual id: no encoder, no copy.
      bytes[at] = 0xa0 | length;
      let i = 0;
      for (; i < length; i++) {
        const unit = value.charCodeAt(i);
        if (unit > 0x7f) break;
        bytes[at + 1 + i] = unit;
      }
      if (i === length) {
        this.length = at + 1 + length;
        return;
      }
    }
    const written = text.encodeInto(value, bytes.subarray(at + 3)).written;
    bytes[at++] = 0xda;
    bytes[at++] = written >>> 8;
    bytes[at++] = written;
    this.length = at + written;
  }

  #addInteger(value: number): void {
    this.#grow(9);
    const bytes = this.#bytes;
    if (value >= 0 && value <= 0x7f) {
      bytes[this.length++] = value;
      return;
    }
    bytes[this.length] = 0xcb;
    new DataView(bytes.buffer).setFloat64(this.length + 1, value + 0);
    this.length += 9;
  }

  /** What `data` holds, as it is. */
  addEncoded(data: DataEncoder): void {
    const { length } = data;
    this.#grow(length);
    const from = data.bytes;
    const to = this.#bytes;
    const at = this.length;
    // A view costs more than the copy of some bytes.
    if (length <= 256) for (let i = 0; i < length; i++) to[at + i] = from[i]!;
    else to.set(from.subarray(0, length), at);
    this.length = at + length;
  }

  /**
   * A value of the library's own: no code of the user's runs.
   * @throws AthanorError ATHANOR_PAYLOAD_TOO_LARGE above `maxPayloadBytes`.
   */
  addData(data: unknown, field = 'data'): void {
    this.#encoder.encode(data, field);
    this.addEncoded(this.#encoder);
  }

  /** @throws AthanorError ATHANOR_PAYLOAD_TOO_LARGE for what cannot fit, whatever it holds: before it is looked at closely. */
  refuseBeyond(leastBytes: number, field: string): void {
    if (leastBytes <= this.#maxDataBytes) return;
    throw new AthanorError(
      'ATHANOR_PAYLOAD_TOO_LARGE',
      `${field}: at least ${leastBytes} bytes as MessagePack, option maxPayloadBytes allows ${this.#maxDataBytes}`,
    );
  }

  #grow(more: number): void {
    if (this.length + more <= this.#bytes.length) return;
    const bytes = new Uint8Array(Math.max(this.#bytes.length * 2, this.length + more));
    bytes.set(this.#bytes.subarray(0, this.length));
    this.#bytes = bytes;
  }
}
