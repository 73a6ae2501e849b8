import { MAX_ROAMING } from '../base/limits.js';
import { attachRegion, createRegion, defineRegion, type RegionToken, type Views } from './region.js';
import type { Memory } from './reserve.js';

/*
 * What is watched. Written by the main thread alone.
 *
 *   wanted   u32 [graphs]       Wanted bits by graph row, and above them the watch group: a number for the graph's name
 *   version  i32 [32]           raised by one before and after a change of the roaming slots: odd while they change
 *   group    u32 [MAX_ROAMING]  watch group + 1 of a roaming watcher; 0 = free
 *   radius   f64 [MAX_ROAMING]
 *
 * The store of a frame's ring position publishes every word written here before it: the events published after a watcher
 * was made find it. Those published before may find it too; their entries are older than the watcher, and not told.
 */
const layout = defineRegion({
  name: 'watch-book',
  version: 1,
  buffers: 'column',
  params: ['graphs'],
  fields: ({ graphs }) => ({
    wanted: ['u32', graphs],
    version: ['i32', 32],
    group: ['u32', MAX_ROAMING],
    radius: ['f64', MAX_ROAMING],
  }),
});

/** Low bits of a graph's `wanted`; those of zones are 1 << Detect of the outbox. */
export const Wanted = { zones: 0xf, inside: 4, roaming: 0x10, groupShift: 8 } as const;

/** A roaming watcher as workers see it. */
export interface Roamer {
  readonly slot: number;
  readonly radius: number;
}

export class WatchBook {
  readonly token: RegionToken;
  readonly wanted: Uint32Array;
  readonly #views: Views<ReturnType<typeof layout.fields>>;
  #seen = -1;
  readonly #roamers = new Map<number, Roamer[]>();

  private constructor(region: { views: Views<ReturnType<typeof layout.fields>>; token: RegionToken }) {
    this.token = region.token;
    this.#views = region.views;
    this.wanted = region.views.wanted;
  }

  static create(memory: Memory, params: { graphs: number }): WatchBook {
    return new WatchBook(createRegion(memory, layout, params));
  }

  static attach(token: RegionToken): WatchBook {
    return new WatchBook(attachRegion(layout, token));
  }

  /** Main thread: a slot for a roaming watcher, or -1 when all are taken. */
  addRoamer(group: number, radius: number): number {
    const { version, group: groups, radius: radii } = this.#views;
    const slot = groups.indexOf(0);
    if (slot < 0) return -1;
    // Odd before the slot changes, even after it: who copied the slots between them copies them again.
    Atomics.add(version, 0, 1);
    radii[slot] = radius;
    Atomics.store(groups, slot, group + 1);
    Atomics.add(version, 0, 1);
    return slot;
  }

  removeRoamer(slot: number): void {
    const { version, group } = this.#views;
    // As in `addRoamer`.
    Atomics.add(version, 0, 1);
    Atomics.store(group, slot, 0);
    Atomics.add(version, 0, 1);
  }

  /** Any thread: the roaming watchers of a group, by slot. */
  roamersOf(group: number): readonly Roamer[] {
    // Pairs with the second addition of a change: an even version seen before and after the copy is the copy's.
    if (Atomics.load(this.#views.version, 0) !== this.#seen) this.#copy();
    return this.#roamers.get(group) ?? [];
  }

  #copy(): void {
    const { version, group, radius } = this.#views;
    for (;;) {
      const before = Atomics.load(version, 0);
      if ((before & 1) !== 0) continue;
      this.#roamers.clear();
      for (let slot = 0; slot < MAX_ROAMING; slot++) {
        const of = Atomics.load(group, slot);
        if (of === 0) continue;
        const roamer = { slot, radius: radius[slot]! };
        const known = this.#roamers.get(of - 1);
        if (known === undefined) this.#roamers.set(of - 1, [roamer]);
        else known.push(roamer);
      }
      if (Atomics.load(version, 0) !== before) continue;
      this.#seen = before;
      return;
    }
  }
}
