/*
 * On which side of a line a point is, decided exactly: products of doubles as big integers where rounding would decide. For
 * checks, and shared with nothing that is checked.
 */

type Place = readonly [x: number, y: number];

/** Of the products: what the rounded difference may be off by, with a margin. */
const DOUBT = 1e-15;
/** Below this, products lose digits to underflow. */
const LEAST = 1e-280;

/** 1: c is left of the way from a to b; -1: right of it; 0: on its line. */
export function exactSide(a: Place, b: Place, c: Place): number {
  const left = (b[0] - a[0]) * (c[1] - a[1]);
  const right = (b[1] - a[1]) * (c[0] - a[0]);
  const size = Math.abs(left) + Math.abs(right);
  if (size > LEAST && size < Number.POSITIVE_INFINITY && Math.abs(left - right) > DOUBT * size) {
    return Math.sign(left - right);
  }
  const [ax, ay, bx, by, cx, cy] = integersOf([...a, ...b, ...c]) as [bigint, bigint, bigint, bigint, bigint, bigint];
  const difference = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax);
  return difference > 0n ? 1 : difference < 0n ? -1 : 0;
}

const bits = new DataView(new ArrayBuffer(8));

/** Finite doubles as multiples of one power of two: nothing is rounded. */
function integersOf(values: readonly number[]): bigint[] {
  const parts = values.map((value) => {
    bits.setFloat64(0, value);
    const word = bits.getBigUint64(0);
    const field = Number((word >> 52n) & 0x7ffn);
    const fraction = word & 0xfffffffffffffn;
    const size = field === 0 ? fraction : fraction | 0x10000000000000n;
    // Without the common bias of exponents: subnormal numbers have that of the least normal ones.
    return { size: value < 0 ? -size : size, exponent: size === 0n ? undefined : Math.max(field, 1) };
  });
  const least = parts.reduce((low, { exponent = low }) => Math.min(low, exponent), 0x7ff);
  return parts.map(({ size, exponent = least }) => size << BigInt(exponent - least));
}

/** Whether c, which is on the line through a and b, is between them, the ends included. */
function isBetween(a: Place, b: Place, c: Place): boolean {
  return (
    c[0] >= Math.min(a[0], b[0]) &&
    c[0] <= Math.max(a[0], b[0]) &&
    c[1] >= Math.min(a[1], b[1]) &&
    c[1] <= Math.max(a[1], b[1])
  );
}

/** How often the ring goes round the point, counted with its sense; undefined for a point on the ring. */
export function windingNumber(ring: readonly Place[], at: Place): number | undefined {
  let winding = 0;
  for (let i = 0; i < ring.length; i++) {
    const from = ring[i]!;
    const to = ring[(i + 1) % ring.length]!;
    // A level edge lies between the levels of no upward and no downward one; the point may lie on it.
    const rises = from[1] <= at[1] && to[1] > at[1];
    const falls = to[1] <= at[1] && from[1] > at[1];
    const touches = at[1] >= Math.min(from[1], to[1]) && at[1] <= Math.max(from[1], to[1]);
    if (!touches) continue;
    const side = exactSide(from, to, at);
    if (side === 0 && isBetween(from, to, at)) return undefined;
    if (rises && side > 0) winding++;
    else if (falls && side < 0) winding--;
  }
  return winding;
}

/** Whether two segments have a point in common, their ends included. */
export function haveCommonPoint(a: Place, b: Place, c: Place, d: Place): boolean {
  const [ofC, ofD, ofA, ofB] = [exactSide(a, b, c), exactSide(a, b, d), exactSide(c, d, a), exactSide(c, d, b)];
  if (ofC === 0 && isBetween(a, b, c)) return true;
  if (ofD === 0 && isBetween(a, b, d)) return true;
  if (ofA === 0 && isBetween(c, d, a)) return true;
  if (ofB === 0 && isBetween(c, d, b)) return true;
  return ofC * ofD < 0 && ofA * ofB < 0;
}
