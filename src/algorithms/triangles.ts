import type { Breathe, Kernel, PhasePlan } from '../base/kernel.js';
import type { GraphCsr } from '../csr/csr.js';
import type { Memory } from '../memory/reserve.js';
import { DegreeOrder, type DegreeOrderTask, degreeOrderTask, OrderPhase } from './degree-order.js';

/**
 * Number of triangles of the graph read as undirected: sets of three nodes, each two of them neighbours. Self-loops are in
 * none.
 *
 * Source: Schank, Wagner 2005, "Finding, Counting and Listing all Triangles in Large Graphs" (forward algorithm), with marks
 * in place of merges. Cost: O(m * sqrt(m)) for m edges at worst: each edge is kept by the end of the smaller degree, and
 * for each edge the list of the other end is looked up among the marks of that one. The number is exact up to 2^53, for any
 * number of workers.
 */
export interface TrianglesTask {
  readonly order: DegreeOrderTask;
  /** Triangles by chunk; of each, the node that comes last in the order counts it. */
  readonly counts: Float64Array;
  /** [0]: the result. */
  readonly total: Float64Array;
}

/** Main thread. Reads `both`. */
export function trianglesTask(
  memory: Memory,
  graph: GraphCsr,
): { task: TrianglesTask; first: PhasePlan; mostChunks: number } {
  const order = degreeOrderTask(memory, graph.both!);
  const chunks = order.bounds.length - 1;
  return {
    task: { order, counts: memory.f64('triangles.counts', chunks), total: memory.f64('triangles.total', 1) },
    first: { phase: OrderPhase.tally, chunks },
    mostChunks: chunks,
  };
}

/** Worker thread. */
export class TrianglesKernel implements Kernel {
  readonly #task: TrianglesTask;
  readonly #order: DegreeOrder;

  constructor(task: TrianglesTask, breathe: Breathe) {
    this.#task = task;
    this.#order = new DegreeOrder(task.order, breathe);
  }

  chunk(phase: number, chunk: number): boolean {
    return phase === OrderPhase.ready ? this.#count(chunk) : this.#order.chunk(phase, chunk);
  }

  next(phase: number): PhasePlan | undefined {
    if (phase !== OrderPhase.ready) return this.#order.next(phase);
    const { counts, total } = this.#task;
    let sum = 0;
    for (const count of counts) sum += count;
    total[0] = sum;
    return undefined;
  }

  #count(chunk: number): boolean {
    const { counts } = this.#task;
    const { bounds, places, spans, arcs } = this.#task.order;
    const marks = this.#order.marks;
    const last = bounds[chunk + 1]!;
    let count = 0;
    for (let node = bounds[chunk]!; node < last; node++) {
      const place = places[node]!;
      const begin = spans[2 * place]!;
      const end = spans[2 * place + 1]!;
      if (end - begin < 2) continue;
      for (let i = begin; i < end; i++) marks[arcs[i]!] = 1;
      const found = this.#order.marked(arcs, begin, end);
      for (let i = begin; i < end; i++) marks[arcs[i]!] = 0;
      if (found < 0) return false;
      count += found;
    }
    counts[chunk] = count;
    return true;
  }

  bytes(): number {
    const { places, spans, arcs } = this.#task.order;
    return places.byteLength + spans.byteLength + arcs.byteLength / 2;
  }
}
