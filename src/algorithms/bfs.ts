import type { Breathe, Kernel, PhasePlan } from '../base/kernel.js';
import { type Csr, chunksOf } from '../csr/csr.js';
import type { Memory } from '../memory/reserve.js';

/** Nodes that share a flag: sixteen words of marks. Chunks begin and end between blocks. */
const BLOCK_SHIFT = 6;
const BLOCK = 1 << BLOCK_SHIFT;

/**
 * A level with fewer arcs than this one walks alone: a phase costs two threads as much as 10,000 to 20,000 arcs. Also the
 * arcs between two looks at the clock.
 */
const HEAVY_ARCS = 65_536;
/** Levels that leave over a fifteenth of all arcs are walked from the other end, until fewer nodes than an eighteenth are found. */
const ALPHA = 15;
const BETA = 18;
/** A phase is one of these, or FIRST_LEVEL + 4 * hops from the source + how the level is walked. */
const MASK = 0;
const FINISH = 1;
const FIRST_LEVEL = 4;
const Walk = { alone: 0, down: 1, up: 2 } as const;

/** Marks: 0 = not reached, 255 = never will be, others go round with the hops. */
const MARKS = 254;
const BARRED = 255;

/** Words of `words`. */
const HEAD = 0;
const TAIL = 1;
/** The phase whose level stands in `queue`. */
const GATHERED = 2;
/** Nodes of levels of even and of odd number. */
const SIZES = 3;

export interface BfsTask {
  readonly nodes: number;
  readonly source: number;
  /** Arcs by source and by target; twice the same where arcs go both ways. */
  readonly forward: Csr;
  readonly backward: Csr;
  readonly allowed: Uint8Array | undefined;
  readonly heavyArcs: number;
  /** u8 [nodes, rounded up to whole blocks] marks. */
  readonly marks: Uint8Array;
  /** u8 [blocks] each: mark of the last even, odd level that has a node in the block. */
  readonly flags: readonly [Uint8Array, Uint8Array];
  /** u32 [nodes] nodes in the order in which one participant finds them. */
  readonly queue: Uint32Array;
  /** u32 [chunks] hops of the last nodes that the chunk found. */
  readonly found: Uint32Array;
  /** f64 [chunks] each: how many, and how many arcs they have. They only guide: a chunk done again may tell too few. */
  readonly foundNodes: Float64Array;
  readonly foundArcs: Float64Array;
  /** f64 [chunks] arcs to nodes that the last walk up did not reach. */
  readonly leftArcs: Float64Array;
  /** u32 [5] */
  readonly words: Uint32Array;
  /** f64 [nodes] the result: hops from the source, Infinity where it does not reach. */
  readonly values: Float64Array;
}

export interface BfsOptions {
  /** Compact index. */
  readonly source: number;
  /** By compact index, in shared memory: 1 = may be entered. A source that may not reaches nothing, itself included. */
  readonly allowed?: Uint8Array | undefined;
  /** For tests, which have small graphs. */
  readonly heavyArcs?: number;
}

/** `forward` and `backward`: arcs by source and by target; twice the same where arcs go both ways. */
export function bfsTask(
  memory: Memory,
  forward: Csr,
  backward: Csr,
  options: BfsOptions,
): { task: BfsTask; first: PhasePlan; mostChunks: number } {
  const { nodes } = forward;
  const { source, allowed, heavyArcs = HEAVY_ARCS } = options;
  const chunks = Math.max(chunksOf(forward), chunksOf(backward));
  const blocks = Math.ceil(nodes / BLOCK);
  const task: BfsTask = {
    nodes,
    source,
    forward,
    backward,
    allowed,
    heavyArcs,
    marks: memory.u8('bfs.marks', blocks * BLOCK),
    flags: [memory.u8('bfs.flags', blocks), memory.u8('bfs.flags', blocks)],
    queue: memory.u32('bfs.queue', nodes),
    found: memory.u32('bfs.found', chunks),
    foundNodes: memory.f64('bfs.foundNodes', chunks),
    foundArcs: memory.f64('bfs.foundArcs', chunks),
    leftArcs: memory.f64('bfs.leftArcs', chunks),
    words: memory.u32('bfs.words', SIZES + 2),
    values: memory.f64('bfs.values', nodes),
  };
  const first = allowed === undefined ? levelPlan(task, 0, Walk.alone) : { phase: MASK, chunks: chunksOf(forward) };
  return { task, first, mostChunks: chunks };
}

function levelPlan({ forward, backward }: BfsTask, hops: number, walk: number): PhasePlan {
  const chunks = walk === Walk.alone ? 1 : chunksOf(walk === Walk.up ? backward : forward);
  return { phase: FIRST_LEVEL + 4 * hops + walk, chunks };
}

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
 * queue tells in HEAD and TAIL how far a lost participant came.
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
    if (phase === MASK) return this.#mask(chunk);
    if (phase === FINISH) return this.#finish(chunk);
    const walk = phase & 3;
    const hops = (phase - FIRST_LEVEL) >>> 2;
    if (walk === Walk.alone) return this.#alone(phase, hops);
    this.#nodes = 0;
    this.#arcs = 0;
    if (!(walk === Walk.up ? this.#up(hops, chunk) : this.#down(hops, chunk))) return false;
    this.#task.foundNodes[chunk] = this.#nodes;
    this.#task.foundArcs[chunk] = this.#arcs;
    return true;
  }

  next(phase: number): PhasePlan | undefined {
    if (phase === FINISH) return undefined;
    const task = this.#task;
    const end = { phase: FINISH, chunks: chunksOf(task.forward) };
    if (phase === MASK) return levelPlan(task, 0, Walk.alone);
    const { words, queue, values, found, foundNodes, foundArcs } = task;
    const walk = phase & 3;
    if (walk === Walk.alone) {
      const head = words[HEAD]!;
      const tail = words[TAIL]!;
      if (head >= tail) return end;
      return this.#plan(values[queue[head]!]!, walk, tail - head, this.#arcsOfQueue(head, tail, task.forward.arcs));
    }
    const hops = ((phase - FIRST_LEVEL) >>> 2) + 1;
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
    words[SIZES + (hops & 1)] = nodes;
    const isGrowing = nodes >= words[SIZES + ((hops - 1) & 1)]!;
    if (walk === Walk.up && (isGrowing || nodes > task.nodes / BETA)) return levelPlan(task, hops, Walk.up);
    const left = walk === Walk.up ? leftArcs.reduce((sum, value) => sum + value, 0) : forward.arcs;
    if (arcs >= this.#upArcs(left)) return levelPlan(task, hops, Walk.up);
    return levelPlan(task, hops, arcs < heavyArcs ? Walk.alone : Walk.down);
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
    const { offsets, targets } = forward;
    if (words[GATHERED] !== phase) this.#gather(phase, hops);
    const heavy = Math.min(heavyArcs, this.#upArcs(forward.arcs));
    let head = words[HEAD]!;
    let tail = words[TAIL]!;
    // Lost before it marked what it had appended: the node at the head finds that again.
    if (head < tail && marks[queue[tail - 1]!] === 0) words[TAIL] = --tail;
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
      const end = offsets[node + 1]!;
      work += 1 + end - offsets[node]!;
      for (let arc = offsets[node]!; arc < end; arc++) {
        const target = targets[arc]!;
        if (marks[target] !== 0) continue;
        // In this order: see above.
        queue[tail++] = target;
        words[TAIL] = tail;
        values[target] = level + 1;
        marks[target] = mark;
      }
      words[HEAD] = ++head;
      if (work < heavyArcs) continue;
      work = 0;
      if (!this.#breathe()) return false;
    }
    return true;
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
    words[TAIL] = tail;
    words[HEAD] = 0;
    words[GATHERED] = phase;
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
