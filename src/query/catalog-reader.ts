import { NO_ROW } from '../base/limits.js';
import type { ShardCatalog } from '../catalog/shard-catalog.js';
import type { GraphBook } from '../memory/graph-book.js';
import type { Interner } from '../memory/interner.js';
import { type GraphColumns, GraphState } from '../project/graph-columns.js';
import type { Found, Walk } from './catalog-walk.js';
import type { ReadLock } from './read-lock.js';

/** Graphs that are read in one hold of a shard's lock, at most: some 20 microseconds. */
export const HOLD_GRAPHS = 128;

/**
 * One thread's reads of the catalogue. A graph is read whole, between two events. An answer takes at most HOLD_GRAPHS of a
 * shard at one moment; a longer one gives the lock back and goes on behind the last of them, in the shard as it is then.
 */
export class CatalogReader {
  readonly #shards: ReadonlyArray<{ lock: ReadLock; catalog: ShardCatalog }>;
  readonly #names: Interner;
  readonly #book: GraphBook;
  readonly #graphs: GraphColumns;
  readonly #rows = new Uint32Array(HOLD_GRAPHS);
  readonly #refs = new Uint32Array(HOLD_GRAPHS);
  /** Of each row taken: created, born, nodes, edges. */
  readonly #facts = new Float64Array(HOLD_GRAPHS * 4);

  constructor(parts: {
    shards: ReadonlyArray<{ lock: ReadLock; catalog: ShardCatalog }>;
    names: Interner;
    graphBook: GraphBook;
    graphs: GraphColumns;
  }) {
    this.#shards = parts.shards;
    this.#names = parts.names;
    this.#book = parts.graphBook;
    this.#graphs = parts.graphs;
  }

  /** Graphs, nodes and edges of each shard between two events. */
  totals(): { graphs: number; nodes: number; edges: number } {
    const totals = { graphs: 0, nodes: 0, edges: 0 };
    for (const { lock, catalog } of this.#shards) {
      lock.acquire();
      try {
        totals.graphs += catalog.graphs;
        totals.nodes += catalog.nodes;
        totals.edges += catalog.edges;
      } finally {
        lock.release();
      }
    }
    return totals;
  }

  /** The graph of that name, as applied. */
  find(name: string): Found | undefined {
    const newest = this.#names.find(0, name);
    if (newest === NO_ROW) return undefined;
    // All rows that a name has, one created after the other was removed, are of one shard.
    const { lock } = this.#shards[newest % this.#shards.length]!;
    let row: number;
    lock.acquire();
    try {
      row = this.#aliveRow(newest);
      if (row !== NO_ROW) {
        this.#rows[0] = row;
        this.#copy(1);
      }
    } finally {
      lock.release();
    }
    return row === NO_ROW ? undefined : this.#found(row, 0);
  }

  #aliveRow(newest: number): number {
    const { state } = this.#graphs;
    for (let row = newest; row !== NO_ROW; ) {
      if (state[row] === GraphState.alive) return row;
      // Created anew, and not applied yet: the one before is still there.
      const before = this.#book.previous[row]!;
      row = before === 0 ? NO_ROW : before - 1;
    }
    return NO_ROW;
  }

  /** The first `limit` graphs of the walk, of all shards. */
  take(walk: Walk, limit: number): Found[] {
    if (limit === Number.POSITIVE_INFINITY) {
      return mergeAll(
        this.#shards.map((_, shard) => this.#takeOf(shard, walk, limit, undefined)),
        walk,
      );
    }
    let answer: Found[] = [];
    this.#shards.forEach((_, shard) => {
      // Of the shards after the first, only what comes before the last that is needed is read.
      const last = answer.length === limit ? answer[limit - 1] : undefined;
      answer = merge(answer, this.#takeOf(shard, walk, limit, last), walk, limit);
    });
    return answer;
  }

  #takeOf(shard: number, walk: Walk, limit: number, last: Found | undefined): Found[] {
    const { lock, catalog } = this.#shards[shard]!;
    const rows = this.#rows;
    const answer: Found[] = [];
    walk.begin(last);
    for (;;) {
      const most = Math.min(HOLD_GRAPHS, limit - answer.length);
      let taken: number;
      lock.acquire();
      try {
        taken = walk.take(catalog, most, rows);
        this.#copy(taken);
      } finally {
        lock.release();
      }
      // Names stay readable for a second at least after their graphs are gone.
      this.#fetchNames(taken);
      for (let i = 0; i < taken; i++) answer.push(this.#found(rows[i]!, i));
      if (answer.length >= limit || walk.isOver(taken, most)) return answer;
      if (taken > 0) walk.goOnBehind(answer.at(-1)!);
    }
  }

  /** Under the lock: what the columns say of the first rows. */
  #copy(taken: number): void {
    const { created, born, order, size } = this.#graphs;
    const rows = this.#rows;
    const facts = this.#facts;
    // A loop a column: what is waited for is memory, and so many loads are under way at once.
    for (let i = 0; i < taken; i++) facts[4 * i] = created[rows[i]!]!;
    for (let i = 0; i < taken; i++) facts[4 * i + 1] = born[rows[i]!]!;
    for (let i = 0; i < taken; i++) facts[4 * i + 2] = order[rows[i]!]!;
    for (let i = 0; i < taken; i++) facts[4 * i + 3] = size[rows[i]!]!;
  }

  /** Brings the names of the first rows near, many at once: one by one they are waited for twice each. */
  #fetchNames(taken: number): void {
    const names = this.#names;
    const { heap } = names;
    const rows = this.#rows;
    const refs = this.#refs;
    for (let i = 0; i < taken; i++) refs[i] = names.refOf(rows[i]!);
    for (let i = 0; i < taken; i++) refs[i] = heap.lengthOf(refs[i]!);
  }

  #found(row: number, i: number): Found {
    const facts = this.#facts;
    return {
      row,
      name: this.#names.idOf(row) as string,
      createdAt: facts[4 * i]!,
      born: facts[4 * i + 1]!,
      nodes: facts[4 * i + 2]!,
      edges: facts[4 * i + 3]!,
    };
  }
}

/** The first `limit` of two ordered answers; of equals those of the first come first. */
function merge(a: Found[], b: Found[], walk: Walk, limit: number): Found[] {
  if (a.length === 0 || b.length === 0) return a.length === 0 ? b : a;
  const merged: Found[] = [];
  for (let i = 0, j = 0; merged.length < limit && (i < a.length || j < b.length); ) {
    const first = j === b.length || (i < a.length && walk.compare(a[i]!, b[j]!) <= 0);
    merged.push(first ? a[i++]! : b[j++]!);
  }
  return merged;
}

function mergeAll(answers: Found[][], walk: Walk): Found[] {
  let runs = answers;
  while (runs.length > 1) {
    const merged: Found[][] = [];
    for (let i = 0; i < runs.length; i += 2)
      merged.push(merge(runs[i]!, runs[i + 1] ?? [], walk, Number.POSITIVE_INFINITY));
    runs = merged;
  }
  return runs[0]!;
}
