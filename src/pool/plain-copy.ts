import { types } from 'node:util';

/** Objects and arrays within a value that are copied here: each is held against all before it. */
const MOST_CONTAINERS = 8;
const MOST_ELEMENTS = 64;

const seen: unknown[] = [];

/**
 * A copy of a value of small plain objects and arrays, or undefined for any other: `structuredClone` takes several times as
 * long for these.
 */
export function plainCopy(value: object): object | undefined {
  seen.length = 0;
  const copy = copied(value);
  seen.length = 0;
  return copy;
}

function copied(value: object): object | undefined {
  // Twice the same object, or a ring: a clone would have it once.
  if (seen.length === MOST_CONTAINERS || seen.includes(value)) return undefined;
  // Its traps would be asked here; a clone refuses it.
  if (types.isProxy(value)) return undefined;
  seen.push(value);
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype) return objectCopy(value as Record<string, unknown>);
  return prototype === Array.prototype && Array.isArray(value) ? arrayCopy(value) : undefined;
}

function objectCopy(value: Record<string, unknown>): object | undefined {
  const copy = { ...value };
  for (const key in copy) {
    const held = copy[key];
    if (isPrimitive(held)) continue;
    const inner = heldCopy(held);
    if (inner === undefined) return undefined;
    copy[key] = inner;
  }
  return copy;
}

function arrayCopy(value: unknown[]): unknown[] | undefined {
  // Fewer keys or more: it has holes, or other properties.
  if (value.length > MOST_ELEMENTS || Object.keys(value).length !== value.length) return undefined;
  const copy = value.slice();
  for (let i = 0; i < copy.length; i++) {
    const held = copy[i];
    if (isPrimitive(held)) continue;
    const inner = heldCopy(held);
    if (inner === undefined) return undefined;
    copy[i] = inner;
  }
  return copy;
}

function isPrimitive(value: unknown): boolean {
  return typeof value === 'number' || typeof value === 'string' || value === null || value === undefined;
}

/** Of what is neither a number nor a string; a primitive value of another kind is its own copy. */
function heldCopy(value: unknown): unknown {
  if (typeof value === 'object') return copied(value as object);
  return typeof value === 'function' || typeof value === 'symbol' ? undefined : value;
}
