// Derived from ../tree-builder.ts by scripts/plane.mjs: edit that one, then run `npm run plane`.

import { type PackViews, SAMPLE } from '../layout.js';
import { INNER_FILL, type Marks, Pack, Phase } from '../packing-state.js';
import { Emission } from './emission.js';
import type { NodePool } from './nodes.js';
import { BLOCK, Slabs } from './slabs.js';
import { TileSort } from './tile-sort.js';

/** Words of a record: its coordinates, and its row or node. */
const ENTRY = 3;
const ROW = 2;

/**
 * Makes a tree of records that stand in their slabs: level by level, slab by slab, in slices. The state is in the views'
 * `packWords`; see packing.ts for the phases.
 */
export class TreeBuilder {
  readonly slabs: Slabs;
  readonly #pool: NodePool;
  readonly #views: PackViews;
  readonly #words: Uint32Array;
  readonly #sort: TileSort;
  readonly #emission: Emission;

  constructor(pool: NodePool, views: PackViews, marks: Marks) {
    this.#pool = pool;
    this.#views = views;
    this.#words = views.packWords;
    this.slabs = new Slabs(views);
    this.#sort = new TileSort(views);
    this.#emission = new Emission(pool, views, marks);
  }

  /** All points are in their slabs. */
  begin(): void {
    this.#sort.begin();
  }

  /** About `maxItems` items of work; true when the tree is made: its root is in word `root`. The columns are those of `Emission.points`. */
  step(graph: number, maxItems: number, entries: Uint32Array | undefined, old: Uint32Array | undefined): boolean {
    const words = this.#words;
    switch (words[Pack.phase]) {
      case Phase.sample:
        this.#sampleNodes();
        return false;
      case Phase.gather:
        this.#gatherNodes(maxItems);
        return false;
      case Phase.emit: {
        const done =
          words[Pack.level] === 0
            ? this.#emission.points(graph, maxItems, entries, old)
            : this.#emission.nodes(maxItems);
        return done && !this.#sort.next() && !this.#nextLevel();
      }
      default:
        // In the cache an item takes a fraction of the time that the others take.
        this.#sort.step(2 * maxItems);
        return false;
    }
  }

  /** Of the leaves of a million points these are some thousand: a slice. */
  #sampleNodes(): void {
    const words = this.#words;
    const { packLevel } = this.#views;
    for (let i = 0; i < words[Pack.items]!; i += words[Pack.stride]!) {
      this.slabs.take(this.#pool.centre(packLevel[i]!, 0));
    }
    this.slabs.endSample(INNER_FILL);
    words[Pack.phase] = Phase.gather;
  }

  #gatherNodes(maxItems: number): void {
    const words = this.#words;
    const { packLevel } = this.#views;
    const pool = this.#pool;
    const block = this.slabs.block;
    const items = words[Pack.items]!;
    const size = Math.min(BLOCK, maxItems, items - words[Pack.at]!);
    for (let i = 0; i < size; i++) {
      const ref = packLevel[words[Pack.at]! + i]!;
      block[i * ENTRY] = pool.centre(ref, 0);
      block[i * ENTRY + 1] = pool.centre(ref, 1);
      block[i * ENTRY + ROW] = ref;
    }
    this.slabs.scatter(size);
    words[Pack.at]! += size;
    if (words[Pack.at] === items) this.#sort.begin();
  }

  /** The nodes of the level are the items of the next one. False when there is only one: the root. */
  #nextLevel(): boolean {
    const words = this.#words;
    const { packMade, packLevel } = this.#views;
    const made = words[Pack.made]!;
    words[Pack.made] = 0;
    words[Pack.levelCount] = 0;
    if (made <= 1) {
      words[Pack.root] = made === 0 ? 0 : packMade[0]! + 1;
      return false;
    }
    packLevel.set(packMade.subarray(0, made));
    words[Pack.levelCount] = made;
    words[Pack.level]!++;
    words[Pack.phase] = Phase.sample;
    this.slabs.beginSample(made, SAMPLE);
    return true;
  }

  /** What was made so far is put aside. */
  discard(): void {
    const words = this.#words;
    const { packMade, packLevel } = this.#views;
    for (let i = 0; i < words[Pack.made]!; i++) this.#pool.discard(packMade[i]!);
    if (words[Pack.open] !== 0) this.#pool.discard(words[Pack.open]! - 1);
    for (let i = 0; i < words[Pack.levelCount]!; i++) {
      // A node of the level below that was given a parent already is put aside with it.
      if (this.#pool.parentOf(packLevel[i]!) === 0) this.#pool.discard(packLevel[i]!);
    }
  }
}
