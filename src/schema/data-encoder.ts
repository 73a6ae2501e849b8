import { types } from 'node:util';
import { AthanorError, show } from '../base/errors.js';
import { bufferName, className, isObjectPrototype, pathOf, prototypeOf, prototypesOf } from './data-classes.js';
import { BUFFER_TYPES, Extension, MAX_DATA_DEPTH } from './data-types.js';

const text = new TextEncoder();
const LONE_SURROGATE = /\p{Surrogate}/u;

/**
 * Writes a user's value as MessagePack so that it reads back deeply equal, or refuses it by path. Each property is read once.
 * Getters and proxies run code of the user's while it writes, which may publish: an encoder serves one value at a time, and
 * what is written stands in `bytes` until the next.
 */
export class DataEncoder {
  readonly #maxBytes: number;
  #view = new DataView(new ArrayBuffer(1024));
  bytes: Uint8Array = new Uint8Array(this.#view.buffer);
  length = 0;
  #field = '';
  #depth = 0;
  /** What leads to the value that is being written: a key for each level, and the objects that are open. */
  readonly #path: Array<string | number> = [];
  readonly #open: Array<object | undefined> = [];

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /**
   * @throws AthanorError ATHANOR_INVALID_EVENT for what cannot be carried, ATHANOR_PAYLOAD_TOO_LARGE above `maxBytes`; and
   * whatever the value's own code throws.
   */
  encode(value: unknown, field: string): void {
    this.length = 0;
    this.#depth = 0;
    this.#field = field;
    try {
      this.#value(value);
    } catch (error) {
      this.#open.fill(undefined);
      throw error;
    }
    if (this.length <= this.#maxBytes) return;
    throw new AthanorError(
      'ATHANOR_PAYLOAD_TOO_LARGE',
      `${field}: ${this.length} bytes as MessagePack, option maxPayloadBytes allows ${this.#maxBytes}`,
    );
  }

  #pathNow(): string {
    return pathOf(this.#field, this.#path, this.#depth);
  }

  /** Refuses the member `key` of the value that is being looked at. */
  #refuseMember(key: string | number, what: string): never {
    this.#path[this.#depth] = key;
    this.#depth++;
    this.#refuse(what);
  }

  #refuse(what: string): never {
    throw new AthanorError('ATHANOR_INVALID_EVENT', `${this.#pathNow()}: ${what}`);
  }

  #tooLarge(leastBytes: number): never {
    throw new AthanorError(
      'ATHANOR_PAYLOAD_TOO_LARGE',
      `${this.#field}: at least ${leastBytes} bytes as MessagePack, option maxPayloadBytes allows ${this.#maxBytes}`,
    );
  }

  /** One level down into `object`. */
  #enter(object: object): void {
    const depth = this.#depth;
    if (depth >= MAX_DATA_DEPTH) {
      this.#open[depth] = object;
      for (let level = 1; level <= depth; level++) {
        const first = this.#open.indexOf(this.#open[level]!);
        if (first === level) continue;
        this.#depth = first;
        const path = this.#pathNow();
        this.#depth = level;
        this.#refuse(`a cycle: it is ${path} again`);
      }
      this.#refuse(`more than ${MAX_DATA_DEPTH} levels of objects and arrays inside each other`);
    }
    this.#open[depth] = object;
    this.#depth = depth + 1;
  }

  #leave(level: number): void {
    this.#depth = level;
    // Nothing of the user's is kept.
    this.#open[level] = undefined;
  }

  // ------------------------------------------------------------ values

  #value(value: unknown): void {
    switch (typeof value) {
      case 'string':
        this.#string(value);
        return;
      case 'number':
        this.#number(value);
        return;
      case 'boolean':
        this.#byte(value ? 0xc3 : 0xc2);
        return;
      case 'object':
        if (value === null) this.#byte(0xc0);
        else this.#object(value);
        return;
      case 'undefined':
        this.#extension(Extension.undefined, 1);
        this.#byte(0);
        return;
      case 'bigint':
        this.#bigint(value);
        return;
      default:
        this.#refuse(`${show(value)} cannot be kept; JSON values, Date, BigInt, Map, Set and binary data can`);
    }
  }

  #object(value: object): void {
    const prototype = prototypeOf(value) as object | null;
    if (prototype !== null && prototype === Object.prototype) this.#members(value);
    else if (Array.isArray(value)) this.#array(value);
    else if (prototype === null) this.#wrapped(Extension.bare, () => this.#members(value));
    else if (types.isMap(value)) this.#map(value);
    else if (types.isSet(value)) this.#set(value);
    else if (types.isDate(value)) this.#date(value);
    else if (ArrayBuffer.isView(value) || types.isArrayBuffer(value)) this.#buffer(value);
    else if (isObjectPrototype(prototype)) this.#members(value);
    else this.#refuseInstance(value);
  }

  #refuseInstance(value: object): never {
    this.#refuse(`${className(value)} cannot be kept: give its content as a plain object`);
  }

  /** The value is of the built-in class itself, `prototypes` deep, and has no members of its own. */
  #checkBuiltIn(value: object, prototypes: number): void {
    if (prototypesOf(value) !== prototypes) this.#refuseInstance(value);
    const [key] = Object.keys(value);
    if (key !== undefined) this.#refuseMember(key, 'it cannot be kept: only plain objects have members');
    this.#checkSymbols(value);
  }

  #checkSymbols(value: object): void {
    const symbols = Object.getOwnPropertySymbols(value);
    if (symbols.length === 0) return;
    for (const symbol of symbols) {
      if (Object.prototype.propertyIsEnumerable.call(value, symbol)) {
        this.#refuseMember(String(symbol), 'it cannot be kept: names of members are strings');
      }
    }
  }

  #members(value: object): void {
    this.#checkSymbols(value);
    const keys = Object.keys(value);
    this.#enter(value);
    const level = this.#depth - 1;
    this.#header(keys.length, 0x80, 0xde);
    for (let i = 0; i < keys.length; i++) {
      const key = keys[i]!;
      this.#path[level] = key;
      this.#string(key);
      this.#value((value as Record<string, unknown>)[key]);
    }
    this.#leave(level);
  }

  #array(value: unknown[]): void {
    // The prototype of arrays is itself an array; that of a class which extends them is not.
    if (!Array.isArray(prototypeOf(value))) this.#refuseInstance(value);
    const { length } = value;
    // A byte an element at least: `new Array(1e9)` is not walked.
    if (length > this.#maxBytes) this.#tooLarge(length);
    const keys = Object.keys(value);
    if (keys.length !== length || (length > 0 && keys[length - 1] !== String(length - 1))) {
      const hole = Array.from({ length }, (_, i) => i).find((i) => !Object.hasOwn(value, i));
      if (hole !== undefined)
        this.#refuseMember(hole, 'a hole of a sparse array cannot be kept: give undefined or null');
      this.#refuseMember(keys.at(-1)!, 'it cannot be kept: only plain objects have members');
    }
    this.#enter(value);
    const level = this.#depth - 1;
    this.#header(length, 0x90, 0xdc);
    for (let i = 0; i < length; i++) {
      this.#path[level] = i;
      this.#value(value[i]);
    }
    this.#leave(level);
  }

  #map(value: Map<unknown, unknown>): void {
    this.#checkBuiltIn(value, 2);
    // Copied by the built-in iterator before a member is read: the user's code may change it.
    const flat: unknown[] = [];
    for (const [key, member] of Map.prototype.entries.call(value)) flat.push(key, member);
    this.#wrapped(Extension.map, () => this.#list(value, flat, 2));
  }

  #set(value: Set<unknown>): void {
    this.#checkBuiltIn(value, 2);
    const members = [...Set.prototype.values.call(value)];
    this.#wrapped(Extension.set, () => this.#list(value, members, 1));
  }

  /** Members of a set, `each` 1, or keys and values of a map, `each` 2. */
  #list(of: object, members: unknown[], each: number): void {
    this.#enter(of);
    const level = this.#depth - 1;
    this.#header(members.length, 0x90, 0xdc);
    for (let i = 0; i < members.length; i++) {
      const key = i % each === 1 ? members[i - 1] : undefined;
      this.#path[level] = typeof key === 'string' ? key : Math.floor(i / each);
      this.#value(members[i]);
    }
    this.#leave(level);
  }

  #date(value: Date): void {
    this.#checkBuiltIn(value, 2);
    const ms = Date.prototype.getTime.call(value);
    if (Number.isNaN(ms)) this.#refuse('an invalid Date cannot be kept');
    const seconds = Math.floor(ms / 1000);
    const nanoseconds = (ms - seconds * 1000) * 1e6;
    if (seconds >= 0 && seconds < 2 ** 34) {
      this.#extension(Extension.timestamp, nanoseconds === 0 && seconds < 2 ** 32 ? 4 : 8);
      if (nanoseconds !== 0 || seconds >= 2 ** 32) this.#uint32(nanoseconds * 4 + Math.floor(seconds / 2 ** 32));
      this.#uint32(seconds % 2 ** 32);
      return;
    }
    this.#extension(Extension.timestamp, 12);
    this.#uint32(nanoseconds);
    this.#room(8);
    this.#view.setBigInt64(this.length, BigInt(seconds));
    this.length += 8;
  }

  #buffer(value: ArrayBufferView | ArrayBuffer): void {
    const name = bufferName(value);
    const isWhole = name === 'ArrayBuffer' || name === 'DataView';
    if (name !== 'Buffer' && prototypesOf(value) !== (isWhole ? 2 : 3)) this.#refuseInstance(value);
    const raw = types.isArrayBuffer(value)
      ? new Uint8Array(value)
      : new Uint8Array(value.buffer as ArrayBuffer, value.byteOffset, value.byteLength);
    const { length } = raw;
    if (length > this.#maxBytes) this.#tooLarge(length);
    if (name === 'Uint8Array') {
      this.#room(length + 5);
      this.#byte(0xc6);
      this.#uint32(length);
    } else {
      const type = (BUFFER_TYPES as readonly string[]).indexOf(name);
      if (type < 0) this.#refuse(`${name} cannot be kept`);
      this.#extension(Extension.buffer, length + 1);
      this.#byte(type);
    }
    this.#room(length);
    this.bytes.set(raw, this.length);
    this.length += length;
  }

  #bigint(value: bigint): void {
    let bytes = 0;
    if (value !== 0n) {
      // The digits in hexadecimal, and a bit for the sign.
      const magnitude = value < 0n ? -(value + 1n) : value;
      const digits = magnitude === 0n ? 0 : magnitude.toString(16).length;
      if (digits / 2 > this.#maxBytes) this.#tooLarge(Math.ceil(digits / 2));
      bytes = Math.floor(digits / 2) + 1;
    }
    this.#extension(Extension.bigint, bytes);
    this.#room(bytes);
    const hex = BigInt.asUintN(bytes * 8, value)
      .toString(16)
      .padStart(bytes * 2, '0');
    for (let i = 0; i < bytes; i++) this.bytes[this.length + i] = Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16);
    this.length += bytes;
  }

  #number(value: number): void {
    // Minus zero, and whole numbers of more than 32 bits, are exact as doubles.
    if ((value | 0) !== value || (value === 0 && 1 / value < 0)) {
      this.#room(9);
      this.bytes[this.length] = 0xcb;
      this.#view.setFloat64(this.length + 1, value);
      this.length += 9;
    } else if (value >= -32 && value <= 0x7f) {
      this.#byte(value & 0xff);
    } else {
      this.#room(5);
      this.bytes[this.length] = 0xd2;
      this.#view.setInt32(this.length + 1, value);
      this.length += 5;
    }
  }

  #string(value: string): void {
    const { length } = value;
    // A unit is a byte at least.
    if (length > this.#maxBytes) this.#tooLarge(length);
    if (length <= 31) {
      this.#room(length + 1);
      const { bytes } = this;
      const at = this.length + 1;
      let i = 0;
      for (; i < length; i++) {
        const unit = value.charCodeAt(i);
        if (unit > 0x7f) break;
        bytes[at + i] = unit;
      }
      if (i === length) {
        bytes[at - 1] = 0xa0 | length;
        this.length = at + length;
        return;
      }
    }
    const size = Buffer.byteLength(value);
    if (size !== length && LONE_SURROGATE.test(value)) {
      this.#refuse(`${show(value)} has half of a surrogate pair, which UTF-8 cannot say`);
    }
    this.#room(size + 5);
    if (size <= 31) {
      this.#byte(0xa0 | size);
    } else {
      this.#byte(0xdb);
      this.#uint32(size);
    }
    text.encodeInto(value, this.bytes.subarray(this.length));
    this.length += size;
  }

  // ------------------------------------------------------------ bytes

  /** An extension whose body is MessagePack, of a length that is known when it is written. */
  #wrapped(type: number, body: () => void): void {
    this.#room(6);
    this.#byte(0xc9);
    const at = this.length;
    this.length += 4;
    this.#byte(type);
    body();
    this.#view.setUint32(at, this.length - at - 5);
  }

  #extension(type: number, length: number): void {
    this.#room(6);
    if (length === 1 || length === 4 || length === 8) {
      this.#byte(length === 1 ? 0xd4 : length === 4 ? 0xd6 : 0xd7);
    } else {
      this.#byte(0xc9);
      this.#uint32(length);
    }
    this.#byte(type & 0xff);
  }

  /** Head of an array (`short` 0x90, `long` 0xdc) or map (0x80, 0xde). */
  #header(count: number, short: number, long: number): void {
    if (count > this.#maxBytes) this.#tooLarge(count);
    this.#room(5);
    if (count <= 15) this.#byte(short | count);
    else if (count <= 0xffff) {
      this.#byte(long);
      this.#view.setUint16(this.length, count);
      this.length += 2;
    } else {
      this.#byte(long + 1);
      this.#uint32(count);
    }
  }

  #byte(value: number): void {
    this.#room(1);
    this.bytes[this.length++] = value;
  }

  #uint32(value: number): void {
    this.#room(4);
    this.#view.setUint32(this.length, value);
    this.length += 4;
  }

  /** Room for `more` bytes; refuses what is already too long, so that shared parts do not multiply without end. */
  #room(more: number): void {
    const wanted = this.length + more;
    if (wanted <= this.bytes.length) return;
    if (this.length > this.#maxBytes) this.#tooLarge(this.length);
    const grown = new Uint8Array(Math.max(2 * this.bytes.length, wanted));
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
    this.#view = new DataView(grown.buffer);
  }
}
