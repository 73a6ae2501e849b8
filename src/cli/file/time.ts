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
  if (NUMBER.test(trimmed)) {
    return instantOf(Number(trimmed));
  }
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
