import { invariant } from '../base/errors.js';
import type { Breathe, Kernel, PhasePlan } from '../base/kernel.js';
import { chunksOf } from '../csr/csr.js';
import { clearProposals, ProposalReader, ProposalWriter, rangesOf } from './proposals.js';
import { BLOCK, BLOCK_SHIFT, Guide, SsspPhase, type SsspTask, SsspWalk } from './sssp-task.js';
import { checkWeights, hasBadWeight } from './weights.js';

/** Rows that are touched before they are read, and how many of a row's arcs. */
const TOUCHED_ROWS = 16;
const TOUCHED_ARCS = 128;

/** Arcs of a step of all together: about a part of all. The width follows from what the last step had. */
const STEPS = 16;
const MOST_GROWTH = 2;
/** Widths that can be doubled and halved. */
const LEAST_WIDTH = Number.MIN_VALUE;
const MOST_WIDTH = Number.MAX_VALUE / 4;

function clamp(width: number): number {
  return Math.min(MOST_WIDTH, Math.max(LEAST_WIDTH, width));
}

/**
 * Distances from a source by delta-stepping (Meyer, Sanders, "Δ-stepping: a parallelizable shortest path algorithm", 2003), in
 * the form without buckets of Dong, Gu, Sun and Zhang ("Efficient stepping algorithms and implementations for parallel
 * shortest paths", 2021). A node is pending when it got a shorter distance than its targets were told of. A step relaxes all
 * pending nodes that are no farther than the nearest of them plus a width. `nearest` finds them: the least pending distance of
 * each block of 128 nodes.
 *
 * A step of many arcs is two phases. Relax: chunks of nodes propose distances to targets, and none is written. Apply: each
 * range of nodes takes the least of what was proposed to it. A step of few arcs is walked by one participant alone, who writes
 * at once; so are all that follow, until one is heavy.
 *
 * Costs a gather for each arc of a node reached, 1.0 to 1.3 times; a pass over all weights checks them. Sums go along the
 * path, and addition of doubles is monotone: the result is the least sum over all paths, bit for bit, for any number of workers
 * and any order. A sum beyond the largest double is Infinity: not reached.
 *
 * Repeatable: at every store all holds that is needed. Who has a distance to tell is pending and in no block whose `nearest` is
 * above; it stops being pending when its proposals can be seen.
 */
export class SsspKernel implements Kernel {
  readonly #task: SsspTask;
  readonly #breathe: Breathe;
  readonly #writer: ProposalWriter;
  readonly #reader: ProposalReader;
  /** Four marks in a word. */
  readonly #pendingWords: Uint32Array;
  #front = new Uint32Array(4 * BLOCK);
  #step = -1;
  /** Blocks that #collect looked into, and whether nodes beyond the limit are pending. */
  #visited = 0;
  #isMore = false;

  constructor(task: SsspTask, breathe: Breathe) {
    this.#task = task;
    this.#breathe = breathe;
    this.#writer = new ProposalWriter(task.proposals);
    this.#reader = new ProposalReader(task.proposals);
    this.#pendingWords = new Uint32Array(task.pending.buffer, 0, task.pending.length >>> 2);
  }

  chunk(phase: number, chunk: number): boolean {
    if (phase === SsspPhase.fill) return this.#fill(chunk);
    if (phase === SsspPhase.finish) return this.#finish(chunk);
    const walk = phase & 3;
    const step = (phase - SsspPhase.firstStep) >>> 2;
    if (walk === SsspWalk.alone) return this.#alone(step);
    return walk === SsspWalk.relax ? this.#relax(step, chunk) : this.#apply(chunk);
  }

  next(phase: number): PhasePlan | undefined {
    const task = this.#task;
    const { nodes, forward, guide, proposals, heavyArcs, stepBounds } = task;
    if (phase === SsspPhase.finish) return undefined;
    if (phase === SsspPhase.fill) return this.#start() ? { phase: SsspPhase.firstStep, chunks: 1 } : undefined;
    const walk = phase & 3;
    if (walk === SsspWalk.relax) return { phase: phase + 1, chunks: rangesOf(nodes, proposals) };
    const least = this.#least();
    if (least === Number.POSITIVE_INFINITY) {
      return task.allowed === undefined ? undefined : { phase: SsspPhase.finish, chunks: chunksOf(forward) };
    }
    const step = ((phase - SsspPhase.firstStep) >>> 2) + 1;
    const plan = (next: number, chunks: number): PhasePlan => ({
      phase: SsspPhase.firstStep + 4 * step + next,
      chunks,
    });
    if (walk === SsspWalk.apply) {
      const arcs = this.#arcsRelaxed();
      const growth = Math.min(MOST_GROWTH, Math.max(0.5, this.#stepArcs() / arcs));
      guide[Guide.width + (step & 1)] = clamp(guide[Guide.width + ((step - 1) & 1)]! * growth);
      if (arcs < heavyArcs / 2) return plan(SsspWalk.alone, 1);
    }
    guide[Guide.limit + (step & 1)] = least + guide[Guide.width + (step & 1)]!;
    clearProposals(proposals);
    return plan(SsspWalk.relax, stepBounds.length - 1);
  }

  /** Arcs that a step of all together should have: many are worth its two phases, and go through memory in order. */
  #stepArcs(): number {
    const { forward, heavyArcs } = this.#task;
    return Math.max(2 * heavyArcs, forward.arcs / STEPS);
  }

  bytes(): number {
    return this.#task.nodes * 9;
  }

  // ------------------------------------------------------------ first and last

  #fill(chunk: number): boolean {
    const { nodes, forward, allowed, isUnchecked, badArcs, values, nearest, samples } = this.#task;
    const { offsets, bounds } = forward;
    const weights = forward.weights!;
    const end = bounds[chunk + 1]!;
    if (allowed === undefined) values.fill(Number.POSITIVE_INFINITY, bounds[chunk], end);
    else {
      for (let node = bounds[chunk]!; node < end; node++) {
        values[node] = allowed[node] === 0 ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
      }
    }
    const blockOf = (node: number): number => (node === nodes ? nearest.length : node >>> BLOCK_SHIFT);
    nearest.fill(Number.POSITIVE_INFINITY, blockOf(bounds[chunk]!), blockOf(end));
    const each = samples.length / chunksOf(forward);
    const first = offsets[bounds[chunk]!]!;
    const count = Math.min(each, offsets[end]! - first);
    for (let i = 0; i < count; i++) samples[chunk * each + i] = weights[first + i]!;
    return !isUnchecked || checkWeights(forward, badArcs, chunk, this.#breathe);
  }

  /** The source's distance is set. False: a weight is none. */
  #start(): boolean {
    const { nodes, forward, source, values, pending, nearest, samples, guide, badArcs } = this.#task;
    if (hasBadWeight(badArcs)) return false;
    // The median, so that a few weights of another magnitude do not matter. Zeros and arcs never taken tell nothing.
    const told = samples.filter((weight) => weight > 0 && weight < Number.POSITIVE_INFINITY).sort();
    const median = told.length === 0 ? 0 : told[told.length >>> 1]!;
    guide[Guide.width] = clamp((median * nodes) / (2 * Math.max(1, forward.arcs)));
    if (values[source] === Number.NEGATIVE_INFINITY) return true;
    nearest[source >>> BLOCK_SHIFT] = 0;
    pending[source] = 1;
    values[source] = 0;
    return true;
  }

  #finish(chunk: number): boolean {
    const { forward, values } = this.#task;
    const end = forward.bounds[chunk + 1]!;
    for (let node = forward.bounds[chunk]!; node < end; node++) {
      if (values[node] === Number.NEGATIVE_INFINITY) values[node] = Number.POSITIVE_INFINITY;
    }
    return true;
  }

  // ------------------------------------------------------------ what is pending

  #least(): number {
    const { nearest } = this.#task;
    let least = Number.POSITIVE_INFINITY;
    for (let block = 0; block < nearest.length; block++) if (nearest[block]! < least) least = nearest[block]!;
    return least;
  }

  #arcsRelaxed(): number {
    const { relaxedArcs } = this.#task;
    let arcs = 0;
    for (let chunk = 0; chunk < relaxedArcs.length; chunk++) arcs += relaxedArcs[chunk]!;
    return arcs;
  }

  /** Puts pending nodes up to `limit` into #front. How many. */
  #collect(firstBlock: number, endBlock: number, limit: number): number {
    const { pending, nearest, values } = this.#task;
    const words = this.#pendingWords;
    let front = this.#front;
    let count = 0;
    let visited = 0;
    let more = 0;
    for (let block = firstBlock; block < endBlock; block++) {
      if (nearest[block]! > limit) {
        more += +(nearest[block] !== Number.POSITIVE_INFINITY);
        continue;
      }
      visited++;
      if (count + BLOCK > front.length) {
        front = new Uint32Array(2 * front.length);
        front.set(this.#front);
        this.#front = front;
      }
      const end = (block + 1) * (BLOCK / 4);
      for (let word = block * (BLOCK / 4); word < end; word++) {
        if (words[word] === 0) continue;
        for (let node = 4 * word; node < 4 * word + 4; node++) {
          if (pending[node] === 0) continue;
          if (values[node]! <= limit) front[count++] = node;
          else more++;
        }
      }
    }
    this.#visited = visited;
    this.#isMore = more > 0;
    return count;
  }

  /** After the nodes up to `limit` have been relaxed: `nearest` anew where they were. The least of all these blocks. */
  #settle(firstBlock: number, endBlock: number, limit: number): number {
    const { pending, nearest, values } = this.#task;
    const words = this.#pendingWords;
    let leastOfAll = Number.POSITIVE_INFINITY;
    for (let block = firstBlock; block < endBlock; block++) {
      let least = nearest[block]!;
      if (least <= limit) {
        least = Number.POSITIVE_INFINITY;
        const end = (block + 1) * (BLOCK / 4);
        for (let word = block * (BLOCK / 4); word < end; word++) {
          if (words[word] === 0) continue;
          for (let node = 4 * word; node < 4 * word + 4; node++) {
            if (pending[node] === 1 && values[node]! < least) least = values[node]!;
          }
        }
        nearest[block] = least;
      }
      if (least < leastOfAll) leastOfAll = least;
    }
    return leastOfAll;
  }

  /**
   * Reads a number of each cache line of the rows of front[from] and the next: rows that lie apart, so that one miss comes after
   * the other where they are read in turn, and all at once here.
   */
  #touch(from: number, count: number): void {
    const { offsets, targets, weights } = this.#task.forward;
    const front = this.#front;
    const end = Math.min(count, from + TOUCHED_ROWS);
    let sum = 0;
    for (let i = from; i < end; i++) {
      const first = offsets[front[i]!]!;
      const last = Math.min(offsets[front[i]! + 1]!, first + TOUCHED_ARCS);
      for (let arc = first; arc < last; arc += 8) sum += weights![arc]! + targets[arc]!;
    }
    // True, and not known before the loads are done: they are not idle.
    invariant(sum >= 0, 'weights have been checked');
  }

  // ------------------------------------------------------------ one participant alone

  /** Steps, until one is heavy or nothing is pending. */
  #alone(step: number): boolean {
    const { forward, pending, nearest, values, heavyArcs, guide } = this.#task;
    const { offsets, targets } = forward;
    const weights = forward.weights!;
    const blocks = nearest.length;
    const most = 2 * this.#stepArcs();
    let width = guide[Guide.width + (step & 1)]!;
    let work = 0;
    let least = this.#least();
    for (;;) {
      if (least === Number.POSITIVE_INFINITY) return true;
      const limit = least + width;
      const count = this.#collect(0, blocks, limit);
      const front = this.#front;
      let arcs = 0;
      for (let i = 0; i < count; i++) arcs += offsets[front[i]! + 1]! - offsets[front[i]!]!;
      if (arcs >= heavyArcs && arcs > most && least + width / 2 < limit) {
        width /= 2;
        continue;
      }
      guide[Guide.width + ((step + 1) & 1)] = width;
      if (arcs >= heavyArcs) return true;
      for (let i = 0; i < count; i++) {
        if (i % TOUCHED_ROWS === 0) this.#touch(i, count);
        const node = front[i]!;
        const distance = values[node]!;
        const end = offsets[node + 1]!;
        for (let arc = offsets[node]!; arc < end; arc++) {
          const target = targets[arc]!;
          const found = distance + weights[arc]!;
          if (found >= values[target]!) continue;
          const block = target >>> BLOCK_SHIFT;
          // In this order, here and in #apply: a distance that is written is pending and found.
          if (found < nearest[block]!) nearest[block] = found;
          pending[target] = 1;
          values[target] = found;
        }
        // No weight is negative: its own distance is the same.
        pending[node] = 0;
      }
      least = this.#settle(0, blocks, limit);
      // Fewer nodes than this cost less than looking for them.
      const few = 32 + blocks / 64 + this.#visited / 4;
      if (count < few && this.#isMore) width = clamp(width * 2);
      else if (count > 3 * few) width = clamp(width / 2);
      work += arcs + blocks;
      if (work < heavyArcs) continue;
      work = 0;
      if (!this.#breathe()) return false;
    }
  }

  // ------------------------------------------------------------ all together

  #relax(step: number, chunk: number): boolean {
    const { forward, guide, stepBounds, pending, relaxedArcs, values, heavyArcs } = this.#task;
    const { offsets, targets } = forward;
    const weights = forward.weights!;
    const writer = this.#writer;
    if (this.#step !== step) {
      this.#step = step;
      writer.begin();
    }
    const limit = guide[Guide.limit + (step & 1)]!;
    const count = this.#collect(stepBounds[chunk]!, stepBounds[chunk + 1]!, limit);
    const front = this.#front;
    let arcs = 0;
    let work = 0;
    let done = 0;
    for (let isRoom = true; isRoom && done < count; ) {
      if (done % TOUCHED_ROWS === 0) this.#touch(done, count);
      const node = front[done]!;
      const end = offsets[node + 1]!;
      for (let arc = offsets[node]!; arc < end && isRoom; arc += heavyArcs) {
        const stop = Math.min(end, arc + heavyArcs);
        // What finds no room is proposed in the next step: then the rest of it has been applied.
        isRoom = writer.propose(values[node]!, targets, weights, values, arc, stop);
        work += stop - arc;
        if (work < heavyArcs) continue;
        work = 0;
        if (!this.#breathe()) return false;
      }
      arcs += end - offsets[node]!;
      if (isRoom) done++;
    }
    writer.flush();
    for (let i = 0; i < done; i++) pending[front[i]!] = 0;
    this.#settle(stepBounds[chunk]!, stepBounds[chunk + 1]!, limit);
    relaxedArcs[chunk] = arcs;
    return true;
  }

  #apply(range: number): boolean {
    const { pending, nearest, values, proposals } = this.#task;
    const { targets, distances } = proposals;
    const reader = this.#reader;
    reader.begin();
    while (reader.next(range)) {
      const { end } = reader;
      for (let i = reader.start; i < end; i++) {
        const target = targets[i]!;
        const found = distances[i]!;
        if (found >= values[target]!) continue;
        const block = target >>> BLOCK_SHIFT;
        if (found < nearest[block]!) nearest[block] = found;
        pending[target] = 1;
        values[target] = found;
      }
    }
    return true;
  }
}
