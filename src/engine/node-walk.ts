import { NO_ROW } from '../base/limits.js';
import { GraphState } from '../project/graph-columns.js';
import type { EngineCore } from './core.js';

/** Epoch of the rows from this one of the walk on. */
interface Mark {
  readonly from: number;
  readonly epoch: number;
}

/**
 * Main thread. The rows of one graph in the order in which their ids were bound, for iterators that the user may hold for
 * any time between two steps. The list of rows goes on changing: a row that the walk stands on may be freed meanwhile, and
 * be another node's, of another graph perhaps. So the walk keeps the rows that it met (4 bytes each) and goes on behind the
 * last of them that is what it was. It ends when its graph is removed.
 */
export class NodeWalk {
  readonly graph: number;
  readonly #core: EngineCore;
  readonly #generation: number;
  #met = new Uint32Array(256);
  #count = 0;
  readonly #marks: Mark[] = [];

  /** The graph is alive. */
  constructor(core: EngineCore, graph: number) {
    this.#core = core;
    this.graph = graph;
    this.#generation = core.memory.graphBook.generation[graph]!;
  }

  /** Whether the graph is there still, as applied. */
  get isThere(): boolean {
    const { graphs, graphBook } = this.#core.memory;
    return graphs.state[this.graph] === GraphState.alive && graphBook.generation[this.graph] === this.#generation;
  }

  /** The next row; whether it is a node, its flags tell. NO_ROW at the end. @throws AthanorError ATHANOR_CLOSED */
  next(): number {
    this.#core.assertReadable();
    if (!this.isThere) return NO_ROW;
    const link = this.#link();
    if (link === 0) return NO_ROW;
    const { epoch } = this.#core.idSource;
    if (this.#marks.length === 0 || this.#marks.at(-1)!.epoch !== epoch) this.#marks.push({ from: this.#count, epoch });
    if (this.#count === this.#met.length) {
      const met = new Uint32Array(2 * this.#count);
      met.set(this.#met);
      this.#met = met;
    }
    this.#met[this.#count++] = link - 1;
    return link - 1;
  }

  /** Row + 1 behind the last row met that is what it was; behind none of them, of the first. */
  #link(): number {
    const { nodeBook } = this.#core.memory;
    while (this.#count > 0) {
      const row = this.#met[this.#count - 1]!;
      if (this.#stands(row, this.#marks.at(-1)!.epoch)) return nodeBook.next[row]!;
      this.#count--;
      if (this.#marks.at(-1)!.from === this.#count) this.#marks.pop();
    }
    return nodeBook.first[this.graph]!;
  }

  /** Bound to the graph since that epoch, or freed and in quarantine: a row keeps its place in the list for as long. */
  #stands(row: number, epoch: number): boolean {
    const { nodeBook, ids } = this.#core.memory;
    if (this.#core.idSource.isStale(row, epoch)) return false;
    return nodeBook.graph[row] === this.graph + 1 || (ids.refOf(row) >= 0 && ids.scopeOf(row) === this.graph);
  }
}
