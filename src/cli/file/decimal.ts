const PLUS = 43;
const MINUS = 45;
const POINT = 46;
const ZERO = 48;
/** So many digits fit a double without loss, and so many powers of ten are doubles themselves. */
const SAFE_DIGITS = 15;
const POWERS = Float64Array.from({ length: 23 }, (_, exponent) => Number(`1e${exponent}`));

/**
 * The decimal number that the bytes from `from` to `to` spell: digits with a sign, a point and an exponent, each optional. NaN
 * where they spell none: neither 0x10 nor 1_000, NaN or '' is one. What is above the largest double is infinite.
 *
 * One pass, without a string where 15 digits do: one division of two exact numbers is rounded once, as the text would be.
 */
export function decimalAt(bytes: Uint8Array, from: number, to: number): number {
  let at = from;
  const negative = bytes[at] === MINUS;
  if (negative || bytes[at] === PLUS) at++;
  let value = 0;
  let digits = 0;
  let significant = 0;
  let scale = 0;
  let beyondPoint = false;
  for (; at < to; at++) {
    const byte = bytes[at]!;
    if (byte === POINT) {
      if (beyondPoint) return Number.NaN;
      beyondPoint = true;
      continue;
    }
    const digit = byte - ZERO;
    if (digit < 0 || digit > 9) break;
    digits++;
    if (significant > 0 || digit > 0) significant++;
    if (beyondPoint) scale--;
    if (significant <= SAFE_DIGITS) value = value * 10 + digit;
  }
  if (digits === 0) return Number.NaN;
  if (at < to) {
    if (!isExponent(bytes, at, to)) return Number.NaN;
  } else if (significant <= SAFE_DIGITS && scale > -POWERS.length) {
    const exact = scale === 0 ? value : value / POWERS[-scale]!;
    return negative ? -exact : exact;
  }
  return Number(Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString('latin1'));
}

function isExponent(bytes: Uint8Array, from: number, to: number): boolean {
  // The same letter in lower case: e.
  if ((bytes[from]! | 32) !== 101) return false;
  let at = from + 1;
  if (bytes[at] === PLUS || bytes[at] === MINUS) at++;
  if (at >= to) return false;
  for (; at < to; at++) if (bytes[at]! < ZERO || bytes[at]! > ZERO + 9) return false;
  return true;
}

/** Of a text, with blanks around it. */
export function decimalOf(text: string): number {
  const trimmed = text.trim();
  // What is no ASCII is no digit either, whatever its low byte says.
  const bytes = Buffer.from(trimmed, 'utf8');
  return decimalAt(bytes, 0, bytes.length);
}
