import type { Kernel, PhasePlan } from '../../dist/src/base/kernel.js';

class Lost extends Error {}

/** Arrays of tasks that Atomics write: they take no proxy. */
const ATOMIC = new Set(['used']);

interface Life {
  /** Stores before the one that is not made. */
  left: number;
  /** Whether they are counted at present. */
  counts: boolean;
}

/** As `value`, but that a store to one of its arrays ends all. */
function breaking<T>(value: T, life: Life): T {
  if (Array.isArray(value)) return value.map((item) => breaking(item, life)) as T;
  if (ArrayBuffer.isView(value)) {
    const set = (target: object, key: string | symbol, stored: unknown): boolean => {
      if (life.counts && life.left-- < 1) throw new Lost();
      return Reflect.set(target, key, stored, target);
    };
    const get = (target: object, key: string | symbol): unknown => {
      const found: unknown = Reflect.get(target, key, target);
      return typeof found === 'function' ? found.bind(target) : found;
    };
    return new Proxy(value, { set, get }) as T;
  }
  if (typeof value !== 'object' || value === null) return value;
  const parts = Object.entries(value).map(([key, item]) => [key, ATOMIC.has(key) ? item : breaking(item, life)]);
  return Object.fromEntries(parts) as T;
}

/**
 * A kernel whose worker is lost at a store to shared memory, when it has made `stores` of them in phases that `counts` names;
 * another takes its place, and is lost in its turn. Stores that go by Atomics or `fill` are not counted.
 */
export function lostAfter<T>(
  stores: number,
  counts: (phase: number) => boolean,
  task: T,
  make: (task: T) => Kernel,
): Kernel {
  const life = { left: stores, counts: false };
  let lifetime = stores;
  let kernel = make(breaking(task, life));
  const guarded = <R>(phase: number, work: () => R, lost: () => R): R => {
    life.counts = counts(phase);
    try {
      return work();
    } catch (error) {
      if (!(error instanceof Lost)) throw error;
      // Each lives twice as long as the one before, so that there is an end.
      lifetime = 2 * lifetime + 1;
      life.left = lifetime;
      kernel = make(breaking(task, life));
      return lost();
    }
  };
  const next = (phase: number): PhasePlan | undefined =>
    guarded(
      phase,
      () => kernel.next(phase),
      () => next(phase),
    );
  const chunk = (phase: number, index: number): boolean =>
    guarded(
      phase,
      () => kernel.chunk(phase, index),
      () => false,
    );
  return { chunk, next };
}
