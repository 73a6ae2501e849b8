/** Below this a number is seconds since the epoch (until the year 5138), from it on milliseconds (since March 1973). */
const SECONDS_BELOW = 1e11;
const NUMBER = /^[+-]?\d+(\.\d*)?$/;
const ISO = /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(\.\d+)?)?\s?(Z|[+-]\d\d:?\d\d)?)?$/i;

/**
 * Milliseconds since the epoch, or NaN. Reads ISO 8601 (a date, or date and time joined by 'T' or a space; UTC where no zone
 * is given) and numbers: seconds or milliseconds since the epoch, told apart by their size.
 */
export function parseTime(text: string): number {
  const trimmed = text.trim();
  // A number has its fifth digit where a date has a hyphen.
  if (trimmed[4] !== '-' && NUMBER.test(trimmed)) {
    return instantOf(Number(trimmed));
  }
  const plain = plainTime(trimmed);
  if (plain !== undefined) return plain;
  const match = ISO.exec(trimmed);
  if (match === null) return Number.NaN;
  const [, year, month, day, hour = '0', minute = '0', second = '0', fraction = '', zone = 'Z'] = match;
  const fields = [Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second)] as const;
  const utc = Date.UTC(...fields);
  const back = new Date(utc);
  // Date.UTC carries over: the 31st of April would become the 1st of May.
  const real = back.getUTCMonth() === fields[1] && back.getUTCDate() === fields[2] && fields[3] < 24 && fields[4] < 60;
  if (!real || fields[5] > 59) return Number.NaN;
  return utc + Math.floor(Number(`0${fraction}`) * 1000) - zoneMs(zone);
}

/** The day that was read last: rows of one day come together. */
let lastDay = '';
let lastDayMs = Number.NaN;

/** Of the form that most files have, 2001-02-03T04:05:06 or with a blank, in UTC; undefined for all others and for what is no time. */
function plainTime(text: string): number | undefined {
  if (text.length !== 19 && !(text.length === 20 && text[19] === 'Z')) return undefined;
  if ((text[10] !== 'T' && text[10] !== ' ') || text[13] !== ':' || text[16] !== ':') return undefined;
  const [hour, minute, second] = [digitsAt(text, 11), digitsAt(text, 14), digitsAt(text, 17)];
  if (!(hour < 24 && minute < 60 && second < 60)) return undefined;
  if (!text.startsWith(lastDay) || lastDay === '') {
    lastDayMs = parseTime(text.slice(0, 10));
    lastDay = Number.isNaN(lastDayMs) ? '' : text.slice(0, 10);
  }
  return Number.isNaN(lastDayMs) ? undefined : lastDayMs + ((hour * 60 + minute) * 60 + second) * 1000;
}

/** Two digits, or NaN. */
function digitsAt(text: string, at: number): number {
  const [tens, ones] = [text.charCodeAt(at) - 48, text.charCodeAt(at + 1) - 48];
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : Number.NaN;
}

/** Milliseconds since the epoch, of a number that may be seconds. */
export function instantOf(value: number): number {
  return Math.abs(value) < SECONDS_BELOW ? value * 1000 : value;
}

function zoneMs(zone: string): number {
  if (zone.toUpperCase() === 'Z') return 0;
  const digits = zone.slice(1).replace(':', '');
  const minutes = Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2));
  return (zone.startsWith('-') ? -minutes : minutes) * 60_000;
}
