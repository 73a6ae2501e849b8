import type { Interner } from '../memory/interner.js';
import { CountIndex } from './count-index.js';
import { type CatalogRegions, CountWord } from './layout.js';
import { OrderedIndex } from './ordered-index.js';
import { NameOrder, TimeOrder } from './orders.js';

/** Columns of graphs, kept by others but for `order` and `size`, whose every change is made here. */
export interface GraphFacts {
  readonly state: Uint8Array;
  readonly order: Uint32Array;
  readonly size: Uint32Array;
  readonly created: Float64Array;
  readonly born: Float64Array;
}

/**
 * The catalogue of one shard: its graphs by name, by time of creation and by number of nodes, and its totals. Writing is for
 * the shard's writer under its lock. All of it is derived from the columns, and from the names, which the main thread keeps
 * for a second at least after a graph is reclaimed: whatever is in an index can be compared.
 */
export class ShardCatalog {
  readonly names: OrderedIndex;
  readonly times: OrderedIndex;
  readonly counts: CountIndex;
  readonly #shard: number;
  readonly #shards: number;
  readonly #words: Uint32Array;
  readonly #order: Uint32Array;
  readonly #size: Uint32Array;

  constructor(regions: CatalogRegions, shard: number, names: Interner, graphs: GraphFacts) {
    this.#shard = shard;
    this.#shards = regions.counts.length;
    this.names = new OrderedIndex(regions.names[shard]!, new NameOrder(names));
    this.times = new OrderedIndex(regions.times[shard]!, new TimeOrder(graphs.created, graphs.born));
    this.counts = new CountIndex(regions.counts[shard]!);
    this.#words = this.counts.views.words;
    this.#order = graphs.order;
    this.#size = graphs.size;
  }

  get graphs(): number {
    return this.#words[CountWord.graphs]!;
  }

  get nodes(): number {
    return this.#words[CountWord.nodes]!;
  }

  get edges(): number {
    return this.#words[CountWord.edges]!;
  }

  /** A graph's local row: the number of its row in its shard. */
  localOf(graph: number): number {
    return (graph / this.#shards) >>> 0;
  }

  graphOf(local: number): number {
    return local * this.#shards + this.#shard;
  }

  // ------------------------------------------------------------ writing

  /** The graph is there, with the nodes and edges that its columns say. */
  addGraph(graph: number): void {
    const words = this.#words;
    const order = this.#order[graph]!;
    this.names.insert(graph);
    this.times.insert(graph);
    this.counts.add(this.localOf(graph), order);
    words[CountWord.graphs]!++;
    words[CountWord.nodes]! += order;
    words[CountWord.edges]! += this.#size[graph]!;
  }

  /** The graph is gone, with all that is in it. */
  dropGraph(graph: number): void {
    const words = this.#words;
    const order = this.#order[graph]!;
    this.names.remove(graph);
    this.times.remove(graph);
    this.counts.remove(this.localOf(graph), order);
    words[CountWord.graphs]!--;
    words[CountWord.nodes]! -= order;
    words[CountWord.edges]! -= this.#size[graph]!;
  }

  addNode(graph: number): void {
    const order = this.#order[graph]!;
    this.#order[graph] = order + 1;
    this.#words[CountWord.nodes]!++;
    this.counts.move(this.localOf(graph), order, order + 1);
  }

  dropNode(graph: number): void {
    const order = this.#order[graph]!;
    this.#order[graph] = order - 1;
    this.#words[CountWord.nodes]!--;
    this.counts.move(this.localOf(graph), order, order - 1);
  }

  addEdge(graph: number): void {
    this.#size[graph]!++;
    this.#words[CountWord.edges]!++;
  }

  dropEdges(graph: number, edges: number): void {
    this.#size[graph]! -= edges;
    this.#words[CountWord.edges]! -= edges;
  }

  /** Recovery: everything anew, from the rows of the graphs that are alive. */
  rebuild(alive: readonly number[]): void {
    this.names.clear();
    this.times.clear();
    this.counts.clear();
    this.#words[CountWord.graphs] = 0;
    this.#words[CountWord.nodes] = 0;
    this.#words[CountWord.edges] = 0;
    for (const graph of alive) this.addGraph(graph);
  }
}
