/**
 * Levels of containers that a value may have which crosses threads. A thread writes and reads it by recursion: the main
 * thread's stack is the smallest, and ends at some 1,500 levels of objects. Half of it is left to whoever is on it.
 */
export const MOST_LEVELS = 750;

let seen: Set<object> | undefined;
let left = 0;
/** Containers looked at before it is looked who was met before. */
const MOST_LOOKS = 1_000_000;

/**
 * Whether a clone (plain data: no getter, no proxy) has more than MOST_LEVELS containers within each other. Properties of
 * long arrays that are no elements are not looked at.
 */
export function isTooDeep(value: unknown): boolean {
  if (!isObject(value)) return false;
  left = MOST_LOOKS;
  if (!goesBeyond(value, MOST_LEVELS)) return false;
  // It may be a ring, or have one object in many places.
  seen = new Set();
  left = Number.POSITIVE_INFINITY;
  try {
    return goesBeyond(value, MOST_LEVELS);
  } finally {
    seen = undefined;
  }
}

/** In the order in which a clone is written, where an object that was met before is not gone into. */
function goesBeyond(value: object, levels: number): boolean {
  if (seen?.has(value)) return false;
  if (levels === 0 || --left < 0) return true;
  seen?.add(value);
  const inner = levels - 1;
  if (Array.isArray(value)) {
    if (value.length > SHORT) {
      for (let i = 0; i < value.length; i++) {
        const held: unknown = value[i];
        if (typeof held === 'object' && held !== null && goesBeyond(held, inner)) return true;
      }
      return false;
    }
  } else if (Object.getPrototypeOf(value) !== Object.prototype) {
    return otherGoesBeyond(value, inner);
  }
  for (const key in value) {
    const held = (value as Record<string, unknown>)[key];
    if (typeof held === 'object' && held !== null && goesBeyond(held, inner)) return true;
  }
  return false;
}

/** Arrays up to this length are looked at by key. */
const SHORT = 4;

/** What is no plain object and no array: nothing is in it but in these. */
function otherGoesBeyond(value: object, inner: number): boolean {
  if (value instanceof Map) {
    for (const [key, held] of value) {
      if (isObject(key) && goesBeyond(key, inner)) return true;
      if (isObject(held) && goesBeyond(held, inner)) return true;
    }
  } else if (value instanceof Set) {
    for (const held of value) if (isObject(held) && goesBeyond(held, inner)) return true;
  } else if (value instanceof Error) {
    return isObject(value.cause) && goesBeyond(value.cause, inner);
  }
  return false;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
