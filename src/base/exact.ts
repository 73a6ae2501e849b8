/** Doubles as whole numbers, for the few decisions that rounding would get wrong. */

const bits = new DataView(new ArrayBuffer(8));

/** The exponent of a double's last digit: it is `mantissa * 2^exponent`. */
export function exponentOf(value: number): number {
  bits.setFloat64(0, value);
  const exponent = (bits.getUint16(0) >>> 4) & 0x7ff;
  return (exponent === 0 ? 1 : exponent) - 1075;
}

function mantissaOf(value: number): bigint {
  bits.setFloat64(0, value);
  const high = bits.getUint32(0);
  const exponent = (high >>> 20) & 0x7ff;
  const mantissa = (BigInt((high & 0xfffff) | (exponent === 0 ? 0 : 0x100000)) << 32n) | BigInt(bits.getUint32(4));
  return high >>> 31 === 1 ? -mantissa : mantissa;
}

/** Finite doubles as multiples of one power of two, and its exponent: at most that of the last digit of each. */
export function wholes(values: readonly number[]): [whole: bigint[], exponent: number] {
  const least = Math.min(...values.map(exponentOf));
  return [values.map((value) => mantissaOf(value) << BigInt(exponentOf(value) - least)), least];
}
