import type { NodeId } from '../base/types.js';

/*
 * The hash of ids and names. Each engine draws its keys anew, so that nobody can prepare ids that meet in one bucket.
 *
 * Multilinear hashing (Carter and Wegman, "Universal classes of hash functions", 1979): the sum of key[i] * unit[i], modulo
 * 2^32, of which the upper 16 bits are kept; two such sums with keys of their own make 32 bits. Two ids that were chosen
 * without knowing the keys meet with a probability of 2^-30, whatever the ids: a chain of many is as rare as among ids that
 * nobody chose. A hash with a seed in its first step (FNV, Murmur) does not give that: ids are known which meet for every seed.
 */

/** A string of at most 1,024 UTF-16 units, as ids and names are, has a key for each unit. */
const UNITS = 1024;
/** Behind them: the keys of the four 16-bit parts of a number, and of the scope. */
const NUMBER = 2 * UNITS;
const SCOPE = NUMBER + 2 * 4;

/** Words of the keys, for the region that holds them: two of each place, beside each other. */
export const KEY_WORDS = SCOPE + 2;

const scratchF64 = new Float64Array(1);
const scratchU32 = new Uint32Array(scratchF64.buffer);

/** 32 bits of the id in its scope. */
export function hashId(keys: Int32Array, scope: number, id: NodeId): number {
  let low = Math.imul(keys[SCOPE]!, scope);
  let high = Math.imul(keys[SCOPE + 1]!, scope);
  if (typeof id === 'string') {
    const units = id.length;
    for (let i = 0, at = 0; i < units; i++, at += 2) {
      if (at === NUMBER) at = 0;
      // One more than the unit, so that 'a' and 'a\0' differ.
      const unit = id.charCodeAt(i) + 1;
      low = (low + Math.imul(keys[at]!, unit)) | 0;
      high = (high + Math.imul(keys[at + 1]!, unit)) | 0;
    }
  } else {
    // -0 + 0 is 0: one id for both zeros.
    scratchF64[0] = id + 0;
    // Parts of 16 bits: what differs in the highest bits of a word only would keep them through a product modulo 2^32.
    for (let part = 0, at = NUMBER; part < 4; part++, at += 2) {
      const bits = (scratchU32[part >>> 1]! >>> (16 * (part & 1))) & 0xffff;
      low = (low + Math.imul(keys[at]!, bits)) | 0;
      high = (high + Math.imul(keys[at + 1]!, bits)) | 0;
    }
  }
  return avalanche((low >>> 16) | (high & 0xffff0000));
}

/** Murmur3's finaliser: every bit of the answer hangs on every bit of the input. */
export function avalanche(value: number): number {
  let hash = value;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
