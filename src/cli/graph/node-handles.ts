import type { Engine, Graph, NodeId } from '../../index.js';
import { codeOf } from '../problem.js';

/** A number is looked up in a table while that has no more than so many places a node. */
const PLACES_A_NODE = 16;
const LEAST_PLACES = 1 << 20;

/**
 * Handles of ids that come again and again. Small whole numbers, as most edge lists have, are found in a table by their own
 * value; all other ids are asked of the engine, many at once. No node is removed meanwhile.
 */
export class NodeHandles {
  readonly #engine: Engine;
  readonly #graph: Graph;
  /** By id: handle + 1; 0 where it is not known. */
  #table = new Uint32Array(LEAST_PLACES);
  #known = 0;
  #asked: NodeId[] = [];
  /** Where the handles of those asked belong. */
  #places: number[] = [];

  constructor(engine: Engine, graph: Graph) {
    this.#engine = engine;
    this.#graph = graph;
  }

  /** Of the sources, and after them of the targets. */
  async of(sources: readonly NodeId[], targets: readonly NodeId[], count: number): Promise<Uint32Array> {
    const handles = new Uint32Array(2 * count);
    this.#look(sources, count, handles, 0);
    this.#look(targets, count, handles, count);
    if (this.#asked.length > 0) {
      const found = await this.#ask();
      for (let i = 0; i < found.length; i++) {
        handles[this.#places[i]!] = found[i]!;
        this.#learn(this.#asked[i]!, found[i]!);
      }
      this.#asked = [];
      this.#places = [];
    }
    return handles;
  }

  #look(ids: readonly NodeId[], count: number, handles: Uint32Array, from: number): void {
    const table = this.#table;
    for (let i = 0; i < count; i++) {
      const id = ids[i]!;
      // Strings, and numbers outside of the table, give undefined.
      const known = typeof id === 'number' ? table[id] : undefined;
      if (known !== undefined && known > 0) {
        handles[from + i] = known - 1;
      } else {
        this.#asked.push(id);
        this.#places.push(from + i);
      }
    }
  }

  #learn(id: NodeId, handle: number): void {
    if (typeof id !== 'number' || id < 0) return;
    if (id >= this.#table.length && !this.#grow(id)) return;
    if (this.#table[id] === 0) this.#known++;
    this.#table[id] = handle + 1;
  }

  #grow(id: number): boolean {
    if (id >= this.#known * PLACES_A_NODE) return false;
    const wider = new Uint32Array(2 ** Math.ceil(Math.log2(id + 1)));
    wider.set(this.#table);
    this.#table = wider;
    return true;
  }

  async #ask(): Promise<Uint32Array> {
    for (;;) {
      try {
        return this.#graph.handles(this.#asked);
      } catch (error) {
        if (codeOf(error) !== 'ATHANOR_BACKPRESSURE') throw error;
        await this.#engine.drained();
      }
    }
  }
}
