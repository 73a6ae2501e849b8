import { AthanorError, show } from '../base/errors.js';
import { MAX_NAME_BYTES } from '../base/limits.js';
import { isSignal, readOptions, unreadable } from '../base/option-names.js';
import type { RoamingOptions, WatchOptions, ZoneDetect } from '../base/types.js';

const DETECTS: readonly unknown[] = ['enter', 'exit', 'inside', 'cross'];

function refuse(name: string, value: unknown, limit: string): never {
  throw new AthanorError('ATHANOR_INVALID_OPTION', `${name}: ${show(value)} is not ${limit}`);
}

function checkSignal(signal: unknown): void {
  if (signal !== undefined && !isSignal(signal)) refuse('signal', signal, 'an AbortSignal');
}

/** A copy of the caller's array, each element of which is read once. */
function listOf(name: string, given: unknown, wanted: string): unknown[] {
  try {
    if (Array.isArray(given)) return Array.from({ length: given.length }, (_, i) => given[i] as unknown);
  } catch (error) {
    throw unreadable('ATHANOR_INVALID_OPTION', name, error);
  }
  return refuse(name, given, wanted);
}

/** Options of `watch` with their defaults. @throws AthanorError ATHANOR_INVALID_OPTION */
export function checkWatch(options: WatchOptions): {
  zones: ReadonlySet<string> | undefined;
  detect: readonly ZoneDetect[];
  initial: boolean;
  onSlow: 'wait' | 'drop';
  signal: AbortSignal | undefined;
} {
  const read = readOptions('ATHANOR_INVALID_OPTION', options, ['zones', 'detect', 'initial', 'onSlow', 'signal']);
  const { initial = false, onSlow = 'wait', signal } = read;
  const zones = read.zones === undefined ? undefined : listOf('zones', read.zones, 'an array of names');
  const detect = read.detect === undefined ? ['enter', 'exit'] : listOf('detect', read.detect, 'a non-empty array');
  if (zones !== undefined) {
    zones.forEach((name, i) => {
      if (typeof name !== 'string' || name === '' || Buffer.byteLength(name) > MAX_NAME_BYTES)
        refuse(`zones[${i}]`, name, `a non-empty string of at most ${MAX_NAME_BYTES} bytes`);
    });
  }
  if (detect.length === 0) refuse('detect', detect, 'a non-empty array');
  detect.forEach((kind, i) => {
    if (!DETECTS.includes(kind)) refuse(`detect[${i}]`, kind, "one of 'enter', 'exit', 'inside', 'cross'");
  });
  if (typeof initial !== 'boolean') refuse('initial', initial, 'true or false');
  if (onSlow !== 'wait' && onSlow !== 'drop') refuse('onSlow', onSlow, "'wait' or 'drop'");
  checkSignal(signal);
  return { zones: zones && new Set(zones as string[]), detect: detect as ZoneDetect[], initial, onSlow, signal };
}

/** Options of `watchRoaming`. @throws AthanorError ATHANOR_INVALID_OPTION */
export function checkRoaming(options: RoamingOptions): { radius: number; signal: AbortSignal | undefined } {
  const { radius, signal } = readOptions('ATHANOR_INVALID_OPTION', options, ['radius', 'signal']);
  if (typeof radius !== 'number' || !(radius >= 0) || radius === Number.POSITIVE_INFINITY)
    refuse('radius', radius, 'a finite number from 0 up');
  checkSignal(signal);
  return { radius, signal };
}
