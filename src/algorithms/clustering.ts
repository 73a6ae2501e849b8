import type { Breathe, Kernel, PhasePlan } from '../base/kernel.js';
import type { GraphCsr } from '../csr/csr.js';
import type { Memory } from '../memory/reserve.js';
import { arcsBetween } from './arcs.js';
import { DegreeOrder, type DegreeOrderTask, degreeOrderTask, OrderPhase } from './degree-order.js';

/** Arcs between two looks at the clock. */
const BREATH_ARCS = 65_536;

/**
 * Local clustering coefficient (LCC) of each node: of the pairs of its neighbours, the part that are neighbours of each
 * other; 0 to 1, and 0 where there are fewer than two. Self-loops count nowhere.
 *
 * Source: LDBC Graphalytics specification 1.0.5, section 2.3.5. Directed: neighbours are the ends of arcs in and out, each
 * once, and of the d * (d - 1) arcs that there may be between d of them those that are there are counted. Undirected: the
 * same, each edge being two arcs.
 *
 * Cost: O(m * sqrt(m)). Each edge is kept by the end of the smaller degree (see `DegreeOrder`), an edge of both ways twice in
 * a directed graph; a node marks its neighbours and counts the marked entries of their lists. A node counts for itself
 * alone, though each triangle is then found three times: so nothing is added to what another writes, and a chunk may be
 * done again. Exact counts, one division: the same for any number of workers.
 */
export interface ClusteringTask {
  readonly order: DegreeOrderTask;
  /** The result. */
  readonly values: Float64Array;
}

export interface ClusteringOptions {
  /** 'out': as a directed graph (reads `out` and `in`); 'both': as an undirected one (reads `both`). */
  readonly direction: 'out' | 'both';
}

/** Main thread. */
export function clusteringTask(
  memory: Memory,
  graph: GraphCsr,
  { direction }: ClusteringOptions,
): { task: ClusteringTask; first: PhasePlan; mostChunks: number } {
  const order =
    direction === 'both' ? degreeOrderTask(memory, graph.both!) : degreeOrderTask(memory, graph.out!, graph.in!);
  const chunks = order.bounds.length - 1;
  return {
    task: { order, values: memory.f64('clustering.values', graph.nodes) },
    first: { phase: OrderPhase.tally, chunks },
    mostChunks: chunks,
  };
}

/** Worker thread. */
export class ClusteringKernel implements Kernel {
  readonly #task: ClusteringTask;
  readonly #breathe: Breathe;
  readonly #order: DegreeOrder;
  /** Places of the neighbours of the node at hand. */
  #neighbors = new Uint32Array(1024);
  #steps = 0;

  constructor(task: ClusteringTask, breathe: Breathe) {
    this.#task = task;
    this.#breathe = breathe;
    this.#order = new DegreeOrder(task.order, breathe);
  }

  chunk(phase: number, chunk: number): boolean {
    return phase === OrderPhase.ready ? this.#count(chunk) : this.#order.chunk(phase, chunk);
  }

  next(phase: number): PhasePlan | undefined {
    return phase === OrderPhase.ready ? undefined : this.#order.next(phase);
  }

  #count(chunk: number): boolean {
    const { values } = this.#task;
    const { bounds, second } = this.#task.order;
    const marks = this.#order.marks;
    const end = bounds[chunk + 1]!;
    // Without directions each edge is kept once, and stands for two arcs.
    const arcs = second === undefined ? 2 : 1;
    for (let node = bounds[chunk]!; node < end; node++) {
      const degree = this.#markNeighbors(node);
      if (degree < 0) return false;
      const neighbors = this.#neighbors;
      const found = degree < 2 ? 0 : this.#order.marked(neighbors, 0, degree);
      for (let i = 0; i < degree; i++) marks[neighbors[i]!] = 0;
      if (found < 0) return false;
      values[node] = found === 0 ? 0 : (arcs * found) / (degree * (degree - 1));
    }
    return true;
  }

  /** Marks the neighbours, and lists them, each once; how many, -1 when the job is over. */
  #markNeighbors(node: number): number {
    const { first, second, places } = this.#task.order;
    const arcs = arcsBetween(first, second, node, node + 1);
    if (this.#neighbors.length < arcs) this.#neighbors = new Uint32Array(2 * arcs);
    const neighbors = this.#neighbors;
    const marks = this.#order.marks;
    const own = places[node]!;
    // Marked, the node itself is passed by like one that was seen.
    marks[own] = 1;
    let degree = 0;
    for (let lists = first; ; lists = second!) {
      const { offsets, targets } = lists;
      const last = offsets[node + 1]!;
      for (let from = offsets[node]!; from < last; from += BREATH_ARCS) {
        const end = Math.min(last, from + BREATH_ARCS);
        for (let i = from; i < end; i++) {
          const place = places[targets[i]!]!;
          neighbors[degree] = place;
          degree += 1 - marks[place]!;
          marks[place] = 1;
        }
        this.#steps += end - from;
        if (this.#steps < BREATH_ARCS) continue;
        this.#steps = 0;
        if (!this.#breathe()) return -1;
      }
      if (second === undefined || lists === second) break;
    }
    marks[own] = 0;
    return degree;
  }

  bytes(): number {
    const { places, spans, arcs } = this.#task.order;
    return places.byteLength + spans.byteLength + arcs.byteLength / 2 + this.#task.values.byteLength;
  }
}
