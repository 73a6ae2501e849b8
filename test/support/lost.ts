import type { Kernel } from '../../dist/src/base/kernel.js';

class Lost extends Error {}

/** Arrays of tasks that Atomics write. */
const ATOMIC = new Set(['used']);

/** As `value`, but that the store to one of its arrays after `writes` others ends all. */
function breaking<T>(value: T, left: { writes: number }): T {
  if (Array.isArray(value)) return value.map((item) => breaking(item, left)) as T;
  if (ArrayBuffer.isView(value)) {
    const set = (target: object, key: string | symbol, stored: unknown): boolean => {
      // Lost before the store: after it, it is lost before the next one.
      if (left.writes-- === 0) throw new Lost();
      return Reflect.set(target, key, stored, target);
    };
    const get = (target: object, key: string | symbol): unknown => {
      const found: unknown = Reflect.get(target, key, target);
      return typeof found === 'function' ? found.bind(target) : found;
    };
    return new Proxy(value, { set, get }) as T;
  }
  if (typeof value !== 'object' || value === null) return value;
  // Atomics take no proxy.
  const parts = Object.entries(value).map(([key, item]) => [key, ATOMIC.has(key) ? item : breaking(item, left)]);
  return Object.fromEntries(parts) as T;
}

/**
 * A kernel whose worker is lost at a store to shared memory, after `writes` of them, chunk half done; from then on another
 * takes its place. Stores that go by Atomics are not counted.
 */
export function lostAfter<T>(task: T, writes: number, make: (task: T) => Kernel): Kernel {
  let kernel = make(breaking(task, { writes }));
  const guarded = <R>(work: () => R, lost: () => R): R => {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof Lost)) throw error;
      kernel = make(task);
      return lost();
    }
  };
  return {
    chunk: (phase, chunk) =>
      guarded(
        () => kernel.chunk(phase, chunk),
        () => false,
      ),
    next: (phase) =>
      guarded(
        () => kernel.next(phase),
        () => kernel.next(phase),
      ),
  };
}
