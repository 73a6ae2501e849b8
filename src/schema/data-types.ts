/*
 * How `data` is written: MessagePack, with extensions for what JavaScript has and MessagePack has not. Numbers of extensions
 * stand in journals, so they never change their meaning.
 */

/** Extension types of MessagePack. All bodies are big-endian, as MessagePack is, but for the elements of typed arrays. */
export const Extension = {
  /** MessagePack's own timestamp: a Date. 4, 8 or 12 bytes. */
  timestamp: -1,
  /** One byte, 0. */
  undefined: 1,
  /** Two's complement, as few bytes as it needs; none for 0. */
  bigint: 2,
  /** A MessagePack array: key, value, key, value, … */
  map: 3,
  /** A MessagePack array. */
  set: 4,
  /** A byte that says which (an index of BUFFER_TYPES), then the elements, little-endian. */
  buffer: 5,
  /** A MessagePack map: an object without a prototype. */
  bare: 6,
} as const;

/** By the first byte of a buffer extension. Uint8Array is not among them: it is MessagePack's own `bin`. */
export const BUFFER_TYPES = [
  'ArrayBuffer',
  'DataView',
  'Buffer',
  'Int8Array',
  'Uint8ClampedArray',
  'Int16Array',
  'Uint16Array',
  'Int32Array',
  'Uint32Array',
  'Float32Array',
  'Float64Array',
  'BigInt64Array',
  'BigUint64Array',
  'Float16Array',
] as const;

/** Levels of objects, arrays, maps and sets inside each other. */
export const MAX_DATA_DEPTH = 100;
