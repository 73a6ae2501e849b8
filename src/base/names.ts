import { MAX_ID_BYTES } from './limits.js';
import type { NodeId } from './types.js';

/** Whether the text is longer than so many bytes in UTF-8, counted only where it matters: a unit takes at most three. */
export function longerThan(text: string, maxBytes: number): boolean {
  return text.length * 3 > maxBytes && Buffer.byteLength(text) > maxBytes;
}

export function isId(id: unknown): id is NodeId {
  return typeof id === 'string' ? !longerThan(id, MAX_ID_BYTES) : Number.isSafeInteger(id);
}

/** What an id that is none should have been. */
export function wantedOfId(id: unknown): string {
  return typeof id === 'string' ? `a string of at most ${MAX_ID_BYTES} bytes` : 'a string or a safe integer';
}
