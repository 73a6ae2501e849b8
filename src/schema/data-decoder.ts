import { InvariantError } from '../base/errors.js';
import { BUFFER_TYPES, Extension } from './data-types.js';

/** Reads what `DataEncoder` has written: the value, made anew. Of plain MessagePack it reads all. */
class DataDecoder {
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array<ArrayBuffer>) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  value(): unknown {
    const bytes = this.#bytes;
    const head = bytes[this.#at++]!;
    if (head <= 0x7f) return head;
    if (head >= 0xe0) return head - 0x100;
    if (head <= 0x8f) return this.#object(head & 0x0f, {});
    if (head <= 0x9f) return this.#array(head & 0x0f);
    if (head <= 0xbf) return this.#string(head & 0x1f);
    switch (head) {
      case 0xc0:
        return null;
      case 0xc2:
        return false;
      case 0xc3:
        return true;
      case 0xc4:
        return this.#binary(this.#uint(1));
      case 0xc5:
        return this.#binary(this.#uint(2));
      case 0xc6:
        return this.#binary(this.#uint(4));
      case 0xc7:
        return this.#extension(this.#uint(1));
      case 0xc8:
        return this.#extension(this.#uint(2));
      case 0xc9:
        return this.#extension(this.#uint(4));
      case 0xca:
        this.#at += 4;
        return this.#view.getFloat32(this.#at - 4);
      case 0xcb:
        this.#at += 8;
        return this.#view.getFloat64(this.#at - 8);
      case 0xcc:
        return this.#uint(1);
      case 0xcd:
        return this.#uint(2);
      case 0xce:
        return this.#uint(4);
      case 0xcf:
        this.#at += 8;
        return Number(this.#view.getBigUint64(this.#at - 8));
      case 0xd0:
        return this.#view.getInt8(this.#at++);
      case 0xd1:
        this.#at += 2;
        return this.#view.getInt16(this.#at - 2);
      case 0xd2:
        this.#at += 4;
        return this.#view.getInt32(this.#at - 4);
      case 0xd3:
        this.#at += 8;
        return Number(this.#view.getBigInt64(this.#at - 8));
      case 0xd9:
        return this.#string(this.#uint(1));
      case 0xda:
        return this.#string(this.#uint(2));
      case 0xdb:
        return this.#string(this.#uint(4));
      case 0xdc:
        return this.#array(this.#uint(2));
      case 0xdd:
        return this.#array(this.#uint(4));
      case 0xde:
        return this.#object(this.#uint(2), {});
      case 0xdf:
        return this.#object(this.#uint(4), {});
      default:
        if (head >= 0xd4 && head <= 0xd8) return this.#extension(1 << (head - 0xd4));
        throw new InvariantError(`data: byte ${head} begins no value`);
    }
  }

  #uint(bytes: 1 | 2 | 4): number {
    const at = this.#at;
    this.#at = at + bytes;
    if (bytes === 1) return this.#bytes[at]!;
    return bytes === 2 ? this.#view.getUint16(at) : this.#view.getUint32(at);
  }

  #string(length: number): string {
    const bytes = this.#bytes;
    const at = this.#at;
    const end = at + length;
    this.#at = end;
    if (length <= 24) {
      let text = '';
      let i = at;
      for (; i < end && bytes[i]! <= 0x7f; i++) text += String.fromCharCode(bytes[i]!);
      if (i === end) return text;
    }
    return this.#slice(at, end).toString('utf8');
  }

  #slice(start: number, end: number): Buffer {
    const { buffer, byteOffset } = this.#bytes;
    return Buffer.from(buffer, byteOffset + start, end - start);
  }

  /** A copy with memory of its own. */
  #binary(length: number): Uint8Array<ArrayBuffer> {
    const at = this.#at;
    this.#at = at + length;
    return new Uint8Array(this.#bytes.subarray(at, at + length));
  }

  #array(length: number): unknown[] {
    const values: unknown[] = [];
    for (let i = 0; i < length; i++) values.push(this.value());
    return values;
  }

  #object(members: number, object: Record<string, unknown>): Record<string, unknown> {
    for (let i = 0; i < members; i++) {
      const key = String(this.value());
      const value = this.value();
      // Assigned, it would be the prototype of the object and no member.
      if (key === '__proto__') {
        Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
      } else {
        object[key] = value;
      }
    }
    return object;
  }

  #extension(length: number): unknown {
    const type = this.#view.getInt8(this.#at++);
    const end = this.#at + length;
    const value = this.#extended(type, length);
    this.#at = end;
    return value;
  }

  #extended(type: number, length: number): unknown {
    switch (type) {
      case Extension.undefined:
        return undefined;
      case Extension.timestamp:
        return this.#date(length);
      case Extension.bigint: {
        if (length === 0) return 0n;
        const digits = this.#slice(this.#at, this.#at + length).toString('hex');
        return BigInt.asIntN(length * 8, BigInt(`0x${digits}`));
      }
      case Extension.map: {
        const flat = this.value() as unknown[];
        const map = new Map<unknown, unknown>();
        for (let i = 0; i < flat.length; i += 2) map.set(flat[i], flat[i + 1]);
        return map;
      }
      case Extension.set:
        return new Set(this.value() as unknown[]);
      case Extension.bare: {
        const head = this.#bytes[this.#at++]!;
        const members = head <= 0x8f ? head & 0x0f : this.#uint(head === 0xde ? 2 : 4);
        return this.#object(members, Object.create(null) as Record<string, unknown>);
      }
      case Extension.buffer:
        return this.#buffer(BUFFER_TYPES[this.#uint(1)], length - 1);
      default:
        throw new InvariantError(`data: extension ${type} is none of its own`);
    }
  }

  #date(length: number): Date {
    if (length === 4) return new Date(this.#uint(4) * 1000);
    const first = this.#uint(4);
    if (length === 8) return new Date(((first % 4) * 2 ** 32 + this.#uint(4)) * 1000 + Math.floor(first / 4) / 1e6);
    const seconds = Number(this.#view.getBigInt64(this.#at));
    return new Date(seconds * 1000 + first / 1e6);
  }

  #buffer(name: (typeof BUFFER_TYPES)[number] | undefined, length: number): unknown {
    const raw = this.#binary(length);
    if (name === 'ArrayBuffer') return raw.buffer;
    if (name === 'Buffer') return Buffer.from(raw.buffer);
    const made = (globalThis as Record<string, unknown>)[name ?? ''] as
      | (new (
          buffer: ArrayBuffer,
        ) => unknown)
      | undefined;
    if (made === undefined) throw new InvariantError(`data: this Node.js has no ${name}`);
    return new made(raw.buffer);
  }
}

/** The value that `DataEncoder` wrote into these bytes, which are not over shared memory. */
export function decodeData(bytes: Uint8Array<ArrayBuffer>): unknown {
  return new DataDecoder(bytes).value();
}
