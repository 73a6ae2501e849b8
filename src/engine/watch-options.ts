import { AthanorError, show } from '../base/errors.js';
import { MAX_NAME_BYTES } from '../base/limits.js';
import { checkOptionNames } from '../base/option-names.js';
import type { RoamingOptions, WatchOptions, ZoneDetect } from '../base/types.js';

const DETECTS: readonly unknown[] = ['enter', 'exit', 'inside', 'cross'];

function refuse(name: string, value: unknown, limit: string): never {
  throw new AthanorError('ATHANOR_INVALID_OPTION', `${name}: ${show(value)} is not ${limit}`);
}

function checkObject(options: unknown, known: readonly string[]): void {
  if (typeof options !== 'object' || options === null) refuse('options', options, 'an object');
  checkOptionNames('ATHANOR_INVALID_OPTION', options, known);
}

function checkSignal(signal: unknown): void {
  if (signal !== undefined && !(signal instanceof AbortSignal)) refuse('signal', signal, 'an AbortSignal');
}

/** Options of `watch` with their defaults. @throws AthanorError ATHANOR_INVALID_OPTION */
export function checkWatch(options: WatchOptions): {
  zones: ReadonlySet<string> | undefined;
  detect: readonly ZoneDetect[];
  onSlow: 'wait' | 'drop';
  signal: AbortSignal | undefined;
} {
  checkObject(options, ['zones', 'detect', 'onSlow', 'signal']);
  const { zones, detect = ['enter', 'exit'], onSlow = 'wait', signal } = options;
  if (zones !== undefined) {
    if (!Array.isArray(zones)) refuse('zones', zones, 'an array of names');
    Array.from(zones as unknown[]).forEach((name, i) => {
      if (typeof name !== 'string' || name === '' || Buffer.byteLength(name) > MAX_NAME_BYTES)
        refuse(`zones[${i}]`, name, `a non-empty string of at most ${MAX_NAME_BYTES} bytes`);
    });
  }
  if (!Array.isArray(detect) || detect.length === 0) refuse('detect', detect, 'a non-empty array');
  Array.from(detect as unknown[]).forEach((kind, i) => {
    if (!DETECTS.includes(kind)) refuse(`detect[${i}]`, kind, "one of 'enter', 'exit', 'inside', 'cross'");
  });
  if (onSlow !== 'wait' && onSlow !== 'drop') refuse('onSlow', onSlow, "'wait' or 'drop'");
  checkSignal(signal);
  return { zones: zones && new Set(zones), detect, onSlow, signal };
}

/** Options of `watchRoaming`. @throws AthanorError ATHANOR_INVALID_OPTION */
export function checkRoaming(options: RoamingOptions): { radius: number; signal: AbortSignal | undefined } {
  checkObject(options, ['radius', 'signal']);
  const { radius, signal } = options;
  if (typeof radius !== 'number' || !(radius >= 0) || radius === Number.POSITIVE_INFINITY)
    refuse('radius', radius, 'a finite number from 0 up');
  checkSignal(signal);
  return { radius, signal };
}
