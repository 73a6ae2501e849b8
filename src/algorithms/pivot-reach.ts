import type { Breathe, PhasePlan } from '../base/kernel.js';
import type { Arcs } from './arcs.js';

/** Sweeps at most; what they leave is reached by one thread. */
const MOST_SWEEPS = 8;
/** A sweep that reaches less than this part of the nodes is the last: on a path each reaches but few. */
const SWEEP_PART = 1 / 64;
/** How a node was reached: 0 not at all, FIRST by one thread, FIRST + s in sweep s, LAST by one thread after the sweeps. */
const FIRST = 1;
const LAST = 255;
/** Arcs or nodes between two looks at the clock. */
const BREATH_ARCS = 32_768;

/*
 * Phases. The number of a sweep is told by its phase, so that a chunk or a move that is done again knows it.
 *
 *   begin      one thread, from the pivot, until it has reached `firstReach` nodes
 *   sweep + s  every node not yet reached looks for one from which it is
 *   end + s    one thread, from what sweep s reached
 */
const Step = { begin: 0, sweep: 10, end: 50 } as const;

export interface ReachState {
  readonly nodes: number;
  readonly bounds: Uint32Array;
  readonly firstReach: number;
  /** By chunk: nodes reached in the sweep. */
  readonly found: Uint32Array;
  /** [0]: 1 when one thread has reached all that can be. */
  readonly words: Uint32Array;
}

export interface Way {
  /** The arcs to follow, and the same by target. */
  readonly out: Arcs;
  readonly in: Arcs;
  /** 0 for what is not reached. */
  readonly reached: Uint8Array;
  /** Nodes for which it is 0 are not entered. */
  readonly within: Uint8Array | undefined;
  /** Nodes for which it is not 0 have an end of a way at most: none looks for them. */
  readonly states: Uint8Array;
}

/**
 * All nodes that can be reached from one. Levels are of no interest, so nothing waits for a level to end: nodes see what
 * others reached in the same sweep, or do not, and a few sweeps do where there are short ways. Where there are not, sweeps
 * give up, and one thread goes on with a list: O(n + m) in all.
 *
 * Whatever is reached stays so. Who reached it is not told, and a chunk that is done again counts what it had reached.
 */
export class PivotReach {
  readonly #state: ReachState;
  readonly #way: Way;
  readonly #breathe: Breathe;
  /** Pages cost nothing before they are touched. */
  #queue: Uint32Array | undefined;

  constructor(state: ReachState, way: Way, breathe: Breathe) {
    this.#state = state;
    this.#way = way;
    this.#breathe = breathe;
  }

  /** Before the first phase. */
  startAt(node: number): void {
    this.#way.reached[node] = FIRST;
  }

  chunk(step: number, chunk: number): boolean {
    if (step === Step.begin) return this.#follow(FIRST, FIRST, this.#state.firstReach);
    if (step < Step.end) return this.#sweep(FIRST + step - Step.sweep, chunk);
    return this.#follow(FIRST + step - Step.end, LAST, Number.POSITIVE_INFINITY);
  }

  /** Undefined at the end. */
  next(step: number): PhasePlan | undefined {
    const { nodes, words, found } = this.#state;
    if (step >= Step.end) return undefined;
    const chunks = found.length;
    if (step === Step.begin) return words[0] === 1 ? undefined : { phase: Step.sweep + 1, chunks };
    const sweep = step - Step.sweep;
    let reached = 0;
    for (const count of found) reached += count;
    if (reached === 0) return undefined;
    if (sweep < MOST_SWEEPS && reached >= nodes * SWEEP_PART) return { phase: step + 1, chunks };
    return { phase: Step.end + sweep, chunks: 1 };
  }

  /** One thread: all that can be reached from what was reached as `from` or later, until there are `most` nodes. */
  #follow(from: number, as: number, most: number): boolean {
    const { nodes, words } = this.#state;
    const { out, reached, within } = this.#way;
    const { offsets, targets } = out;
    this.#queue ??= new Uint32Array(nodes);
    const queue = this.#queue;
    let tail = 0;
    // Done again, it goes on from what it had reached, too.
    for (let node = 0; node < nodes; node++) {
      if (reached[node]! >= from) queue[tail++] = node;
      if (node % BREATH_ARCS === 0 && !this.#breathe()) return false;
    }
    let head = 0;
    let steps = 0;
    while (head < tail && tail < most) {
      const node = queue[head++]!;
      const end = offsets[node + 1]!;
      for (let begin = offsets[node]!; begin < end; begin += BREATH_ARCS) {
        const stop = Math.min(end, begin + BREATH_ARCS);
        for (let i = begin; i < stop; i++) {
          const target = targets[i]!;
          if (reached[target] !== 0 || (within !== undefined && within[target] === 0)) continue;
          reached[target] = as;
          queue[tail++] = target;
        }
        steps += stop - begin;
        if (steps < BREATH_ARCS) continue;
        steps = 0;
        if (!this.#breathe()) return false;
      }
    }
    words[0] = +(head === tail);
    return true;
  }

  #sweep(as: number, chunk: number): boolean {
    const { bounds, found } = this.#state;
    const { in: into, reached, within, states } = this.#way;
    const { offsets, targets } = into;
    let count = 0;
    let steps = 0;
    const end = bounds[chunk + 1]!;
    for (let node = bounds[chunk]!; node < end; node++) {
      const before = reached[node]!;
      if (before !== 0) {
        count += +(before === as);
        continue;
      }
      if (states[node] !== 0 || (within !== undefined && within[node] === 0)) continue;
      const last = offsets[node + 1]!;
      for (let begin = offsets[node]!; begin < last; begin += BREATH_ARCS) {
        const stop = Math.min(last, begin + BREATH_ARCS);
        const at = firstReached(targets, begin, stop, reached);
        if (at < stop) {
          reached[node] = as;
          count++;
          break;
        }
        steps += stop - begin;
        if (steps < BREATH_ARCS) continue;
        steps = 0;
        if (!this.#breathe()) return false;
      }
    }
    found[chunk] = count;
    return true;
  }
}

function firstReached(targets: Uint32Array, begin: number, end: number, reached: Uint8Array): number {
  let at = begin;
  while (at < end && reached[targets[at]!] === 0) at++;
  return at;
}
