import { invariant } from '../base/errors.js';
import type { Breathe, Kernel, PhasePlan } from '../base/kernel.js';
import type { GraphCsr } from '../csr/csr.js';
import type { Memory } from '../memory/reserve.js';
import { type Arcs, arcsBetween, arcsOf, boundsOf } from './arcs.js';

/** Neighbours whose labels are kept at once: 32 KiB. */
const SEEN = 8192;
/** Above any label. */
const NONE = 2 ** 32;
/** A chunk marks the neighbours of what changed in it when that has at most this part of its arcs. */
const MARKED_PART = 1 / 4;

/** What a round did to a chunk: nothing; a change, and every neighbour is marked; a change, and none needs be. */
const Outcome = { same: 0, marked: 1, unmarked: 2 } as const;

/**
 * Communities by label propagation (CDLP). Every node's label is its own id at first. In each round every node takes the
 * label that most of its neighbours had before the round; of several the least. A node without neighbours keeps its own.
 *
 * Source: LDBC Graphalytics specification 1.0.5, section 2.3.4, after Raghavan, Albert, Kumara 2007, made deterministic.
 * Directed, the neighbours by arcs in and out are counted, one that is both counts twice; undirected, each once. A
 * self-loop makes a node its own neighbour in the same way. Cost: O(m) a round, some two or three gathers an arc. When few
 * nodes change in a round, only their neighbours are looked at in the next; one that changes nothing ends it: all that
 * follow would be the same.
 *
 * Labels are ranks (places in the order of ids) during the run, so that the least label is that of the least id; the
 * values are the handles of the nodes that they began as. Exact, whatever the workers.
 *
 *   phase 2 * round                from `rank` or one of `labels` to labels[round & 1]
 *   phase 2 * round + 1            the same, for marked nodes; the others keep their label
 *   phase 2 * iterations + 0, 1, 2 values from `rank`, labels[0], labels[1]
 */
export interface CommunitiesTask {
  readonly nodes: number;
  readonly bounds: Uint32Array;
  readonly first: Arcs;
  readonly second: Arcs | undefined;
  readonly iterations: number;
  readonly handles: Uint32Array;
  readonly rank: Uint32Array;
  readonly labels: readonly [Uint32Array, Uint32Array];
  /** Handle by rank; written with the first round. */
  readonly handleOf: Uint32Array;
  /** marks[round & 1] is round & 255 for the neighbours of what changed in the round before. One left of 256 rounds ago does no harm. */
  readonly marks: readonly [Uint8Array, Uint8Array];
  /** By chunk, of the round at hand. */
  readonly outcomes: Uint8Array;
  /** u32 [1] rounds made, in the end. */
  readonly rounds: Uint32Array;
  /** The result: a handle for each node. */
  readonly values: Float64Array;
}

export interface CommunitiesOptions {
  /** Rounds at most; a whole number, 0 for none. */
  readonly iterations: number;
  /** 'out': as a directed graph (reads `out` and `in`); 'both': as an undirected one (reads `both`). */
  readonly direction: 'out' | 'both';
}

/** Main thread. Reads `rank`. */
export function communitiesTask(
  memory: Memory,
  graph: GraphCsr,
  { iterations, direction }: CommunitiesOptions,
): { task: CommunitiesTask; first: PhasePlan; mostChunks: number } {
  const { nodes, handles } = graph;
  const first = direction === 'both' ? graph.both! : graph.out!;
  const second = direction === 'both' ? undefined : graph.in!;
  invariant(Number.isInteger(iterations) && iterations >= 0, 'a whole number of rounds');
  const bounds = boundsOf(memory, first, second);
  const chunks = bounds.length - 1;
  return {
    task: {
      nodes,
      bounds,
      first: arcsOf(first),
      second: second && arcsOf(second),
      iterations,
      handles,
      rank: graph.rank!,
      labels: [memory.u32('communities.labels', nodes), memory.u32('communities.labels', nodes)],
      handleOf: memory.u32('communities.handleOf', nodes),
      marks: [memory.u8('communities.marks', nodes), memory.u8('communities.marks', nodes)],
      outcomes: memory.u8('communities.outcomes', chunks),
      rounds: memory.u32('communities.rounds', 1),
      values: memory.f64('communities.values', nodes),
    },
    first: { phase: 0, chunks },
    mostChunks: chunks,
  };
}

/** Worker thread. */
export class CommunitiesKernel implements Kernel {
  readonly #task: CommunitiesTask;
  readonly #breathe: Breathe;
  /** Neighbours by label, of the node at hand; all 0 between two nodes, as long as the job lasts. */
  #counts: Uint32Array | undefined;
  /** Labels of the neighbours at hand. */
  #seen = new Uint32Array(SEEN);

  constructor(task: CommunitiesTask, breathe: Breathe) {
    this.#task = task;
    this.#breathe = breathe;
  }

  chunk(phase: number, chunk: number): boolean {
    const { iterations } = this.#task;
    if (phase < 2 * iterations) return this.#round(phase >>> 1, (phase & 1) !== 0, chunk);
    this.#write(phase - 2 * iterations, chunk);
    return true;
  }

  next(phase: number): PhasePlan | undefined {
    const { iterations, outcomes } = this.#task;
    const chunks = outcomes.length;
    if (phase >= 2 * iterations) return undefined;
    const round = phase >>> 1;
    let worst: number = Outcome.same;
    for (const outcome of outcomes) if (outcome > worst) worst = outcome;
    if (worst === Outcome.same || round + 1 === iterations) {
      this.#task.rounds[0] = round + 1;
      return { phase: 2 * iterations + 1 + (round & 1), chunks };
    }
    return { phase: 2 * (round + 1) + +(worst === Outcome.marked), chunks };
  }

  #round(round: number, isSparse: boolean, chunk: number): boolean {
    const { bounds, rank, labels, handles, handleOf, marks, outcomes } = this.#task;
    const from = round === 0 ? rank : labels[(round - 1) & 1]!;
    const to = labels[round & 1]!;
    const due = marks[round & 1]!;
    const mark = round & 255;
    const begin = bounds[chunk]!;
    const end = bounds[chunk + 1]!;
    let isChanged = false;
    for (let node = begin; node < end; node++) {
      const before = from[node]!;
      let label = before;
      if (!isSparse || due[node] === mark) {
        label = this.#labelOf(node, from);
        if (label < 0) return false;
        if (label !== before) isChanged = true;
      }
      to[node] = label;
    }
    outcomes[chunk] = !isChanged ? Outcome.same : this.#mark(round + 1, from, to, begin, end);
    if (round === 0) for (let node = begin; node < end; node++) handleOf[rank[node]!] = handles[node]!;
    return true;
  }

  /** Marks the neighbours of what changed for the next round; not when there is so much that they are as good as all. */
  #mark(round: number, from: Uint32Array, to: Uint32Array, begin: number, end: number): number {
    const { first, second, marks } = this.#task;
    const due = marks[round & 1]!;
    const mark = round & 255;
    let arcs = 0;
    for (let node = begin; node < end; node++)
      if (from[node] !== to[node]) arcs += arcsBetween(first, second, node, node + 1);
    if (arcs > MARKED_PART * arcsBetween(first, second, begin, end)) return Outcome.unmarked;
    for (let node = begin; node < end; node++) {
      if (from[node] === to[node]) continue;
      markTargets(first, node, due, mark);
      if (second !== undefined) markTargets(second, node, due, mark);
    }
    return Outcome.marked;
  }

  /** The label that most neighbours of a node have, the least of several; -1 when the job is over. */
  #labelOf(node: number, from: Uint32Array): number {
    const { nodes, first, second } = this.#task;
    this.#counts ??= new Uint32Array(nodes);
    const counts = this.#counts;
    const seen = this.#seen;
    const begin = first.offsets[node]!;
    const end = first.offsets[node + 1]!;
    const begin2 = second === undefined ? 0 : second.offsets[node]!;
    const end2 = second === undefined ? 0 : second.offsets[node + 1]!;
    const arcs = end - begin + (end2 - begin2);
    if (arcs === 0) return from[node]!;
    if (arcs > SEEN) return this.#labelOfHub(node, from, counts);
    gather(first.targets, begin, end, from, seen, 0);
    if (second !== undefined) gather(second.targets, begin2, end2, from, seen, end - begin);
    return leastOf(seen, arcs, counts, count(seen, arcs, counts));
  }

  /** More neighbours than are kept at once: their labels are read twice. */
  #labelOfHub(node: number, from: Uint32Array, counts: Uint32Array): number {
    const seen = this.#seen;
    let most = 0;
    let label = NONE;
    for (const isCounting of [true, false]) {
      for (const arcs of [this.#task.first, this.#task.second]) {
        const last = arcs === undefined ? 0 : arcs.offsets[node + 1]!;
        for (let begin = arcs === undefined ? 0 : arcs.offsets[node]!; begin < last; begin += SEEN) {
          const end = Math.min(last, begin + SEEN);
          gather(arcs!.targets, begin, end, from, seen, 0);
          if (isCounting) most = Math.max(most, count(seen, end - begin, counts));
          else label = Math.min(label, leastOf(seen, end - begin, counts, most));
          if (!this.#breathe()) return -1;
        }
      }
    }
    return label;
  }

  #write(buffer: number, chunk: number): void {
    const { bounds, labels, handles, handleOf, values } = this.#task;
    const end = bounds[chunk + 1]!;
    if (buffer === 0) {
      for (let node = bounds[chunk]!; node < end; node++) values[node] = handles[node]!;
      return;
    }
    const from = labels[buffer - 1]!;
    for (let node = bounds[chunk]!; node < end; node++) values[node] = handleOf[from[node]!]!;
  }

  bytes(): number {
    const { labels, handleOf, values } = this.#task;
    return 2 * labels[0].byteLength + handleOf.byteLength + values.byteLength;
  }
}

/** Labels of neighbours, from `at` on. Four at a time: what V8 checks anew in each round of a loop is checked once for four. */
function gather(
  targets: Uint32Array,
  begin: number,
  end: number,
  from: Uint32Array,
  seen: Uint32Array,
  at: number,
): void {
  let i = begin;
  let to = at;
  for (; i + 3 < end; i += 4, to += 4) {
    seen[to] = from[targets[i]!]!;
    seen[to + 1] = from[targets[i + 1]!]!;
    seen[to + 2] = from[targets[i + 2]!]!;
    seen[to + 3] = from[targets[i + 3]!]!;
  }
  for (; i < end; i++, to++) seen[to] = from[targets[i]!]!;
}

/** Counts the labels seen; the most that any of them has. */
function count(seen: Uint32Array, length: number, counts: Uint32Array): number {
  let most = 0;
  for (let i = 0; i < length; i++) {
    const label = seen[i]!;
    const times = counts[label]! + 1;
    counts[label] = times;
    if (times > most) most = times;
  }
  return most;
}

/** Of the labels seen that were counted `most` times the least; counts are 0 again. */
function leastOf(seen: Uint32Array, length: number, counts: Uint32Array, most: number): number {
  let least = NONE;
  for (let i = 0; i < length; i++) {
    const label = seen[i]!;
    // Of a label that occurs twice the first is looked at: the count is gone for the second.
    if (counts[label] === most && label < least) least = label;
    counts[label] = 0;
  }
  return least;
}

/** Whoever else marks a node writes the same. */
function markTargets({ offsets, targets }: Arcs, node: number, due: Uint8Array, mark: number): void {
  const end = offsets[node + 1]!;
  for (let i = offsets[node]!; i < end; i++) due[targets[i]!] = mark;
}
