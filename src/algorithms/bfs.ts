import type { Breathe, Kernel, PhasePlan } from '../base/kernel.js';
import { type Csr, chunksOf } from '../csr/csr.js';
import { BfsPhase, type BfsTask, BfsWalk, BfsWord, BLOCK, BLOCK_SHIFT, levelPlan } from './bfs-task.js';

/** Levels that leave over a fifteenth of all arcs are walked from the other end, until fewer nodes than an eighteenth are found. */
const ALPHA = 15;
const BETA = 18;

const MARKS = 254;
const BARRED = 255;

function markOf(hops: number): number {
  return 1 + (hops % MARKS);
}

/** First node of a chunk, moved to the beginning of its block; `nodes` behind the last. */
function blockBound({ bounds, nodes }: Csr, chunk: number): number {
  return chunk === bounds.length - 1 ? nodes : bounds[chunk]! & ~(BLOCK - 1);
}

/**
 * Hops from a source by direction-optimising breadth-first search (Beamer, Asanović, Patterson, "Direction-optimizing
 * breadth-first search", 2012). A level is walked in one of three ways. Alone: few arcs, by one participant, with a queue,
 * and as many levels one after the other as are small. Down: every node of the level marks its targets. Up: every node not
 * reached looks for a source in the level, and stops at the first. At most two looks at each arc; on graphs of few hops one at
 * a fifth of them.
 *
 * A node that is not reached has no source in any level before this one, or that level would have reached it: so marks may
 * come round again every 254 levels, and a look at a byte tells who belongs to the level. Who has to be sure compares the
 * hops in `values` as well.
 *
 * Repeatable: marks, flags and hops are stored as they are, never counted up; two who reach a node at once store the same. The
 * queue's head and tail tell how far a lost participant came.
 */
export class BfsKernel implements Kernel {
  readonly #task: BfsTask;
  readonly #breathe: Breathe;
  /** Four marks in a word. */
  readonly #markWords: Uint32Array;
  #nodes = 0;
  #arcs = 0;
  #looked = 0;

  constructor(task: BfsTask, breathe: Breathe) {
    this.#task = task;
    this.#breathe = breathe;
    this.#markWords = new Uint32Array(task.marks.buffer, 0, task.marks.length >>> 2);
  }

  chunk(phase: number, chunk: number): boolean {
    if (phase === BfsPhase.mask) return this.#mask(chunk);
    if (phase === BfsPhase.finish) return this.#finish(chunk);
    const walk = phase & 3;
    const hops = (phase - BfsPhase.firstLevel) >>> 2;
    if (walk === BfsWalk.alone) return this.#alone(phase, hops);
    this.#nodes = 0;
    this.#arcs = 0;
    if (!(walk === BfsWalk.up ? this.#up(hops, chunk) : this.#down(hops, chunk))) return false;
    this.#task.foundNodes[chunk] = this.#nodes;
    this.#task.foundArcs[chunk] = this.#arcs;
    return true;
  }

  next(phase: number): PhasePlan | undefined {
    if (phase === BfsPhase.finish) return undefined;
    const task = this.#task;
    const end = { phase: BfsPhase.finish, chunks: chunksOf(task.forward) };
    if (phase === BfsPhase.mask) return levelPlan(task, 0, BfsWalk.alone);
    const { words, queue, values, found, foundNodes, foundArcs } = task;
    const walk = phase & 3;
    if (walk === BfsWalk.alone) {
      const head = words[BfsWord.head]!;
      const tail = words[BfsWord.tail]!;
      if (head >= tail) return end;
      return this.#plan(values[queue[head]!]!, walk, tail - head, this.#arcsOfQueue(head, tail, task.forward.arcs));
    }
    const hops = ((phase - BfsPhase.firstLevel) >>> 2) + 1;
    let nodes = 0;
    let arcs = 0;
    let any = false;
    for (let chunk = 0; chunk < found.length; chunk++) {
      if (found[chunk] !== hops) continue;
      any = true;
      nodes += foundNodes[chunk]!;
      arcs += foundArcs[chunk]!;
    }
    return any ? this.#plan(hops, walk, nodes, arcs) : end;
  }

  bytes(): number {
    return this.#task.nodes * 13;
  }

  #plan(hops: number, walk: number, nodes: number, arcs: number): PhasePlan {
    const task = this.#task;
    const { words, heavyArcs, forward, leftArcs } = task;
    words[BfsWord.sizes + (hops & 1)] = nodes;
    const isGrowing = nodes >= words[BfsWord.sizes + ((hops - 1) & 1)]!;
    if (walk === BfsWalk.up && (isGrowing || nodes > task.nodes / BETA)) return levelPlan(task, hops, BfsWalk.up);
    const left = walk === BfsWalk.up ? leftArcs.reduce((sum, value) => sum + value, 0) : forward.arcs;
    if (arcs >= this.#upArcs(left)) return levelPlan(task, hops, BfsWalk.up);
    return levelPlan(task, hops, arcs < heavyArcs ? BfsWalk.alone : BfsWalk.down);
  }

  /** With so many arcs of its own a level is walked up, while `left` lead to nodes not reached. */
  #upArcs(left: number): number {
    return Math.max(this.#task.heavyArcs / 4, left / ALPHA);
  }

  // ------------------------------------------------------------ first and last

  #mask(chunk: number): boolean {
    const { forward, marks, allowed } = this.#task;
    const end = forward.bounds[chunk + 1]!;
    for (let node = forward.bounds[chunk]!; node < end; node++) if (allowed![node] === 0) marks[node] = BARRED;
    return true;
  }

  #finish(chunk: number): boolean {
    const { forward, marks, values } = this.#task;
    const end = forward.bounds[chunk + 1]!;
    for (let node = forward.bounds[chunk]!; node < end; node++) {
      if (marks[node] === 0 || marks[node] === BARRED) values[node] = Number.POSITIVE_INFINITY;
    }
    return true;
  }

  // ------------------------------------------------------------ one participant alone

  /** From level `hops` on, until one is heavy or none is left. */
  #alone(phase: number, hops: number): boolean {
    const { forward, marks, queue, words, values, heavyArcs } = this.#task;
    const { offsets } = forward;
    if (words[BfsWord.gathered] !== phase) this.#gather(phase, hops);
    const heavy = Math.min(heavyArcs, this.#upArcs(forward.arcs));
    let head = words[BfsWord.head]!;
    let tail = words[BfsWord.tail]!;
    // Lost before it marked what it had appended: the node at the head finds that again.
    if (head < tail && marks[queue[tail - 1]!] === 0) words[BfsWord.tail] = --tail;
    let level = -1;
    let mark = 0;
    let work = 0;
    while (head < tail) {
      const node = queue[head]!;
      if (values[node] !== level) {
        level = values[node]!;
        mark = markOf(level + 1);
        // A level that somebody lost had begun is walked to its end: what it found stands in the queue.
        const isFresh = values[queue[tail - 1]!] === level;
        if (isFresh && this.#arcsOfQueue(head, tail, heavy) >= heavy) {
          this.#flagQueue(head, tail, level);
          return true;
        }
      }
      work += 1 + offsets[node + 1]! - offsets[node]!;
      tail = this.#append(node, level + 1, mark, tail);
      words[BfsWord.head] = ++head;
      if (work < heavyArcs) continue;
      work = 0;
      if (!this.#breathe()) return false;
    }
    return true;
  }

  /** Targets of a node that were not reached, behind the queue's tail. A function of its own: called often, it is soon compiled. */
  #append(node: number, hops: number, mark: number, tail: number): number {
    const { forward, marks, queue, words, values } = this.#task;
    const { offsets, targets } = forward;
    const end = offsets[node + 1]!;
    for (let arc = offsets[node]!; arc < end; arc++) {
      const target = targets[arc]!;
      if (marks[target] !== 0) continue;
      // In this order: see above.
      queue[tail++] = target;
      words[BfsWord.tail] = tail;
      values[target] = hops;
      marks[target] = mark;
    }
    return tail;
  }

  /** Puts the level into the queue. */
  #gather(phase: number, hops: number): void {
    const { source, marks, flags, queue, words, values } = this.#task;
    const mark = markOf(hops);
    let tail = 0;
    if (hops === 0) {
      if (marks[source] !== BARRED) {
        values[source] = 0;
        marks[source] = mark;
        queue[tail++] = source;
      }
    } else {
      const flag = flags[(hops & 1) as 0 | 1];
      for (let block = 0; block < flag.length; block++) {
        if (flag[block] !== mark) continue;
        const end = (block + 1) * BLOCK;
        for (let node = block * BLOCK; node < end; node++) {
          if (marks[node] === mark && values[node] === hops) queue[tail++] = node;
        }
      }
    }
    words[BfsWord.tail] = tail;
    words[BfsWord.head] = 0;
    words[BfsWord.gathered] = phase;
  }

  /** Arcs of nodes of the queue; no more than that they are at least `limit`. */
  #arcsOfQueue(head: number, tail: number, limit: number): number {
    const { forward, queue } = this.#task;
    const { offsets } = forward;
    let arcs = 0;
    for (let i = head; i < tail && arcs < limit; i++) arcs += offsets[queue[i]! + 1]! - offsets[queue[i]!]!;
    return arcs;
  }

  #flagQueue(head: number, tail: number, hops: number): void {
    const { flags, queue } = this.#task;
    const flag = flags[(hops & 1) as 0 | 1];
    const mark = markOf(hops);
    for (let i = head; i < tail; i++) flag[queue[i]! >>> BLOCK_SHIFT] = mark;
  }

  // ------------------------------------------------------------ all together

  #down(hops: number, chunk: number): boolean {
    const { forward, marks, flags, values, heavyArcs } = this.#task;
    const { offsets } = forward;
    const flag = flags[(hops & 1) as 0 | 1];
    const mark = markOf(hops);
    const end = (blockBound(forward, chunk + 1) + BLOCK - 1) >>> BLOCK_SHIFT;
    for (let block = blockBound(forward, chunk) >>> BLOCK_SHIFT; block < end; block++) {
      if (flag[block] !== mark) continue;
      const last = (block + 1) * BLOCK;
      for (let node = block * BLOCK; node < last; node++) {
        if (marks[node] !== mark || values[node] !== hops) continue;
        for (let arc = offsets[node]!; arc < offsets[node + 1]!; ) {
          const stop = Math.min(offsets[node + 1]!, arc + heavyArcs);
          this.#reach(hops + 1, chunk, arc, stop);
          this.#looked += stop - arc;
          arc = stop;
          if (this.#looked < heavyArcs) continue;
          this.#looked = 0;
          if (!this.#breathe()) return false;
        }
      }
    }
    return true;
  }

  #reach(hops: number, chunk: number, first: number, end: number): void {
    const { forward, marks, flags, found, values } = this.#task;
    const { offsets, targets } = forward;
    const flag = flags[(hops & 1) as 0 | 1];
    const mark = markOf(hops);
    let nodes = 0;
    let arcs = 0;
    for (let arc = first; arc < end; arc++) {
      const target = targets[arc]!;
      if (marks[target] !== 0) continue;
      // The mark last: a chunk done again passes by what is marked.
      found[chunk] = hops;
      flag[target >>> BLOCK_SHIFT] = mark;
      values[target] = hops;
      marks[target] = mark;
      nodes++;
      arcs += offsets[target + 1]! - offsets[target]!;
    }
    this.#nodes += nodes;
    this.#arcs += arcs;
  }

  #up(hops: number, chunk: number): boolean {
    const { forward, backward, marks, flags, found, values, heavyArcs } = this.#task;
    const { offsets, targets: sources } = backward;
    const outOffsets = forward.offsets;
    const markWords = this.#markWords;
    const level = markOf(hops);
    const mark = markOf(hops + 1);
    const flag = flags[((hops + 1) & 1) as 0 | 1];
    const end = blockBound(backward, chunk + 1);
    let count = 0;
    let arcs = 0;
    let left = 0;
    for (let node = blockBound(backward, chunk); node < end; node++) {
      if (marks[node] !== 0) {
        // Four at a time where all are reached.
        if ((node & 3) !== 0) continue;
        const word = markWords[node >>> 2]!;
        if (((word - 0x01010101) & ~word & 0x80808080) === 0) node += 3;
        continue;
      }
      const last = offsets[node + 1]!;
      let arc = offsets[node]!;
      if (last - arc > heavyArcs) {
        arc = this.#search(level, arc, last);
        if (arc < 0) return false;
      } else {
        while (arc < last && marks[sources[arc]!] !== level) arc++;
      }
      if (arc === last) {
        // Nothing leads to it: no later walk up has to look.
        if (last === offsets[node]!) marks[node] = BARRED;
        left += last - offsets[node]!;
        continue;
      }
      found[chunk] = hops + 1;
      flag[node >>> BLOCK_SHIFT] = mark;
      values[node] = hops + 1;
      marks[node] = mark;
      count++;
      arcs += outOffsets[node + 1]! - outOffsets[node]!;
    }
    this.#nodes = count;
    this.#arcs = arcs;
    this.#task.leftArcs[chunk] = left;
    return true;
  }

  /** First arc from the level, `end` where there is none; -1 when the job is over. */
  #search(level: number, first: number, end: number): number {
    const { backward, marks, heavyArcs } = this.#task;
    const sources = backward.targets;
    let arc = first;
    while (arc < end) {
      const stop = Math.min(end, arc + heavyArcs);
      while (arc < stop && marks[sources[arc]!] !== level) arc++;
      if (arc < stop) return arc;
      if (!this.#breathe()) return -1;
    }
    return end;
  }
}
