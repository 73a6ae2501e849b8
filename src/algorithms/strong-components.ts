import type { Breathe, Kernel, PhasePlan } from '../base/kernel.js';
import type { GraphCsr } from '../csr/csr.js';
import type { Memory } from '../memory/reserve.js';
import { type Arcs, arcsOf, boundsOf } from './arcs.js';
import { PivotReach } from './pivot-reach.js';
import { tarjan } from './tarjan.js';

/** Below this many nodes and arcs one thread has done before several have agreed: about a millisecond. */
const SERIAL_WORK = 65_536;
/** Nodes that one thread reaches before all sweep: sweeps from few are in vain. */
const FIRST_REACH = 4096;
/** Rounds of trimming after the large component is known; the next only when this many times what was trimmed is left at most. */
const MOST_TRIMS = 4;
const TRIM_SHARE = 4;
/** Of `words`: the node of least rank in the large component. */
const LEAST = 1;
/** Arcs between two looks at the clock. */
const BREATH_ARCS = 32_768;

/** A node's part of the answer. */
const State = { open: 0, alone: 1, large: 2 } as const;

/*
 * Phases. The number of a sweep or trim is told by its phase, so that a chunk or a move that is done again knows it.
 *
 *   look        trims what has no arc in or no arc out; each chunk's best pivot
 *   forward + ..., backward + ...  what the pivot reaches, and what reaches it (`PivotReach`)
 *   large       what is reached both ways; its node of least rank by chunk
 *   trim + t    of what is left, nodes without an arc from or to what is left
 *   rest        one thread: Tarjan
 *   write       values
 */
const Phase = { look: 0, large: 1, rest: 2, write: 3, trim: 10, forward: 100, backward: 200 } as const;

/**
 * Strongly connected components: nodes that reach each other along arcs. A node's value is the handle of the node of the
 * least rank (the smallest id) in its component.
 *
 * Source: Slota, Rajamanickam, Madduri 2014, "BFS and Coloring-based Parallel Algorithms for Strongly Connected Components
 * and Related Problems" (multistep), in three of its steps: trim, the component of one pivot by forward and backward reach,
 * and the rest by Tarjan 1972 on one thread, without recursion. Colouring is left out: a round of it reads all arcs several
 * times, as much as Tarjan for all that is left. The pivot is a node of the largest product of arcs in and out, which is
 * almost surely in the giant component where there is one.
 *
 * Cost: O(n + m), whatever the graph: sweeps and trims are bounded in number, and what they leave goes to one thread. Exact,
 * for any number of workers, though how many sweeps there are depends on who was faster.
 */
export interface StrongComponentsTask {
  readonly nodes: number;
  readonly bounds: Uint32Array;
  readonly out: Arcs;
  readonly in: Arcs;
  readonly rank: Uint32Array;
  readonly handles: Uint32Array;
  readonly firstReach: number;
  /** `State` by node. */
  readonly states: Uint8Array;
  /** How the node was reached from the pivot; against the arcs. */
  readonly forward: Uint8Array;
  readonly backward: Uint8Array;
  /** Of what is neither alone nor in the large component: the node of least rank in its component. */
  readonly least: Uint32Array;
  /** By chunk: its best pivot, later its node of least rank in the large component, + 1 or 0 where there is none. */
  readonly best: Uint32Array;
  /** By chunk: nodes reached in the sweep, or trimmed. */
  readonly found: Uint32Array;
  /** By chunk: nodes still open. */
  readonly open: Uint32Array;
  /** [0]: 1 when one thread has reached all that can be. [LEAST]. */
  readonly words: Uint32Array;
  /** The result: a handle for each node. */
  readonly values: Float64Array;
}

export interface StrongComponentsOptions {
  /** Nodes and arcs up to which one thread does all. */
  readonly serialWork?: number;
  /** Nodes that one thread reaches from the pivot before all sweep; nodes left for which trimming is not worth it. */
  readonly firstReach?: number;
}

/** Main thread. Reads `out`, `in` and `rank`. */
export function strongComponentsTask(
  memory: Memory,
  graph: GraphCsr,
  { serialWork = SERIAL_WORK, firstReach = FIRST_REACH }: StrongComponentsOptions = {},
): { task: StrongComponentsTask; first: PhasePlan; mostChunks: number } {
  const { nodes, handles } = graph;
  const out = graph.out!;
  const bounds = boundsOf(memory, out, graph.in!);
  const chunks = bounds.length - 1;
  return {
    task: {
      nodes,
      bounds,
      out: arcsOf(out),
      in: arcsOf(graph.in!),
      rank: graph.rank!,
      handles,
      firstReach,
      states: memory.u8('strong.states', nodes),
      forward: memory.u8('strong.forward', nodes),
      backward: memory.u8('strong.backward', nodes),
      least: memory.u32('strong.least', nodes),
      best: memory.u32('strong.best', chunks),
      found: memory.u32('strong.found', chunks),
      open: memory.u32('strong.open', chunks),
      words: memory.u32('strong.words', 2),
      values: memory.f64('strong.values', nodes),
    },
    first: nodes + out.arcs <= serialWork ? { phase: Phase.rest, chunks: 1 } : { phase: Phase.look, chunks },
    mostChunks: chunks,
  };
}

/** Worker thread. */
export class StrongComponentsKernel implements Kernel {
  readonly #task: StrongComponentsTask;
  readonly #breathe: Breathe;
  readonly #forward: PivotReach;
  readonly #backward: PivotReach;
  #steps = 0;
  #isOver = false;

  constructor(task: StrongComponentsTask, breathe: Breathe) {
    this.#task = task;
    this.#breathe = breathe;
    const { out, in: into, states, forward, backward } = task;
    this.#forward = new PivotReach(task, { out, in: into, reached: forward, within: undefined, states }, breathe);
    // Only what is reached forward can be in the component, and so is all on its way to the pivot.
    this.#backward = new PivotReach(task, { out: into, in: out, reached: backward, within: forward, states }, breathe);
  }

  chunk(phase: number, chunk: number): boolean {
    if (phase >= Phase.backward) return this.#backward.chunk(phase - Phase.backward, chunk);
    if (phase >= Phase.forward) return this.#forward.chunk(phase - Phase.forward, chunk);
    if (phase >= Phase.trim) return this.#trim(chunk);
    if (phase === Phase.rest) return tarjan(this.#task, this.#breathe);
    if (phase === Phase.look) this.#look(chunk);
    else if (phase === Phase.large) this.#large(chunk);
    else this.#write(chunk);
    return true;
  }

  next(phase: number): PhasePlan | undefined {
    const { words, firstReach, found, open } = this.#task;
    const chunks = open.length;
    if (phase >= Phase.backward) {
      const next = this.#backward.next(phase - Phase.backward);
      return next === undefined ? { phase: Phase.large, chunks } : { ...next, phase: Phase.backward + next.phase };
    }
    if (phase >= Phase.forward) {
      const next = this.#forward.next(phase - Phase.forward);
      return next === undefined ? { phase: Phase.backward, chunks: 1 } : { ...next, phase: Phase.forward + next.phase };
    }
    if (phase === Phase.look) {
      const pivot = this.#best((node) => -this.#arcsOf(node));
      if (pivot < 0) return { phase: Phase.write, chunks };
      this.#forward.startAt(pivot);
      this.#backward.startAt(pivot);
      return { phase: Phase.forward, chunks: 1 };
    }
    if (phase === Phase.rest) return { phase: Phase.write, chunks };
    if (phase === Phase.write) return undefined;
    if (phase === Phase.large) words[LEAST] = this.#best((node) => this.#task.rank[node]!);
    const left = sumOf(open);
    if (left === 0) return { phase: Phase.write, chunks };
    const trims = phase === Phase.large ? 0 : phase - Phase.trim + 1;
    const isWorthIt = trims === 0 ? left > firstReach : sumOf(found) * TRIM_SHARE >= left;
    if (trims < MOST_TRIMS && isWorthIt) return { phase: Phase.trim + trims, chunks };
    return { phase: Phase.rest, chunks: 1 };
  }

  /** Of the chunks' best nodes that of the least value, the first of several; -1 where there is none. */
  #best(cost: (node: number) => number): number {
    let best = -1;
    for (const node of this.#task.best) {
      if (node > 0 && (best < 0 || cost(node - 1) < cost(best))) best = node - 1;
    }
    return best;
  }

  /** Arcs in times arcs out. */
  #arcsOf(node: number): number {
    const { out, in: into } = this.#task;
    return (out.offsets[node + 1]! - out.offsets[node]!) * (into.offsets[node + 1]! - into.offsets[node]!);
  }

  // ------------------------------------------------------------ the large component

  #look(chunk: number): void {
    const { bounds, out, in: into, states, best } = this.#task;
    let pivot = -1;
    let most = 0;
    const end = bounds[chunk + 1]!;
    for (let node = bounds[chunk]!; node < end; node++) {
      if (isBare(out, node) || isBare(into, node)) {
        states[node] = State.alone;
        continue;
      }
      const arcs = this.#arcsOf(node);
      if (arcs <= most) continue;
      most = arcs;
      pivot = node;
    }
    best[chunk] = pivot + 1;
  }

  #large(chunk: number): void {
    const { bounds, rank, states, forward, backward, best, open } = this.#task;
    let least = -1;
    let left = 0;
    const end = bounds[chunk + 1]!;
    for (let node = bounds[chunk]!; node < end; node++) {
      if (states[node] === State.alone) continue;
      if (forward[node] === 0 || backward[node] === 0) {
        left++;
        continue;
      }
      states[node] = State.large;
      if (least < 0 || rank[node]! < rank[least]!) least = node;
    }
    best[chunk] = least + 1;
    open[chunk] = left;
  }

  // ------------------------------------------------------------ the others

  #trim(chunk: number): boolean {
    const { bounds, out, in: into, states, found, open } = this.#task;
    let left = 0;
    let trimmed = 0;
    const end = bounds[chunk + 1]!;
    for (let node = bounds[chunk]!; node < end; node++) {
      if (states[node] !== State.open) continue;
      // In any order: who has no open neighbour on one side is in no circle.
      const isInner = this.#hasOpen(out, node) && this.#hasOpen(into, node);
      if (this.#isOver) return false;
      if (isInner) left++;
      else {
        states[node] = State.alone;
        trimmed++;
      }
    }
    found[chunk] = trimmed;
    open[chunk] = left;
    return true;
  }

  /** Whether a neighbour other than the node itself is open; anything when the job is over. */
  #hasOpen({ offsets, targets }: Arcs, node: number): boolean {
    const { states } = this.#task;
    const end = offsets[node + 1]!;
    for (let begin = offsets[node]!; begin < end; begin += BREATH_ARCS) {
      const stop = Math.min(end, begin + BREATH_ARCS);
      for (let i = begin; i < stop; i++) {
        const target = targets[i]!;
        if (states[target] === State.open && target !== node) return true;
      }
      this.#steps += stop - begin;
      if (this.#steps < BREATH_ARCS) continue;
      this.#steps = 0;
      this.#isOver = !this.#breathe();
      if (this.#isOver) return false;
    }
    return false;
  }

  #write(chunk: number): void {
    const { bounds, handles, states, least, words, values } = this.#task;
    const end = bounds[chunk + 1]!;
    for (let node = bounds[chunk]!; node < end; node++) {
      const state = states[node]!;
      const label = state === State.alone ? node : state === State.large ? words[LEAST]! : least[node]!;
      values[node] = handles[label]!;
    }
  }

  bytes(): number {
    const { nodes } = this.#task;
    return nodes * (3 + 4 + 8);
  }
}

function sumOf(counts: Uint32Array): number {
  let sum = 0;
  for (const count of counts) sum += count;
  return sum;
}

/** Whether the node has no arcs but one to itself. */
function isBare({ offsets, targets }: Arcs, node: number): boolean {
  const begin = offsets[node]!;
  const arcs = offsets[node + 1]! - begin;
  return arcs === 0 || (arcs === 1 && targets[begin] === node);
}
