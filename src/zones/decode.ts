import { decode } from '@msgpack/msgpack';
import type { ZoneShape } from '../base/types.js';

/** The shape in these bytes of a frame or heap. A copy is decoded: decoders do not take shared memory. */
export function decodeShape(bytes: Uint8Array, start: number, end: number): ZoneShape {
  return decode(bytes.slice(start, end)) as ZoneShape;
}
