import type { Breathe, PhasePlan } from '../base/kernel.js';
import type { Csr } from '../csr/csr.js';
import type { Memory } from '../memory/reserve.js';
import { type Arcs, arcsBetween, arcsOf, boundsOf } from './arcs.js';

/** Keys of degrees: below 16 each its own, above that eight to each power of two. */
const EXACT = 16;
const KEYS = EXACT + 8 * 28;
/** Lists that are fetched at once, before any is read. */
const BLOCK = 256;
/** Entries read between two looks at the clock: about a twentieth of a millisecond. */
const BREATH_STEPS = 65_536;

/*
 * Nodes in descending order of degree: a node's place is its number in it. An edge is kept by that of its ends which comes
 * later, so that no node keeps more than about the square root of twice the edges, whatever its degree. Lists hold places,
 * not indexes: those that occur most are small numbers, and lie together.
 *
 *   tally, starts  u32 [chunks * KEYS]  nodes of a chunk by key; the place of the first of them
 *   places         u32 [nodes]          place by compact index
 *   spans          u32 [2 * nodes]      place p's list is arcs[spans[2 * p]] to arcs[spans[2 * p + 1] - 1]
 *   arcs           u32 [arcs + 1]       chunk c's lists begin where its arcs do in the adjacencies; half stays untouched
 */
export interface DegreeOrderTask {
  readonly nodes: number;
  readonly bounds: Uint32Array;
  /** Either the graph read as undirected, or its arcs by source and by target: then an edge of both ways is kept twice. */
  readonly first: Arcs;
  readonly second: Arcs | undefined;
  readonly tally: Uint32Array;
  readonly starts: Uint32Array;
  readonly places: Uint32Array;
  readonly spans: Uint32Array;
  readonly arcs: Uint32Array;
}

/** Main thread: the arrays. */
export function degreeOrderTask(memory: Memory, first: Csr, second?: Csr): DegreeOrderTask {
  const { nodes } = first;
  const bounds = boundsOf(memory, first, second);
  const chunks = bounds.length - 1;
  return {
    nodes,
    bounds,
    first: arcsOf(first),
    second: second && arcsOf(second),
    tally: memory.u32('order.tally', chunks * KEYS),
    starts: memory.u32('order.starts', chunks * KEYS),
    places: memory.u32('order.places', nodes),
    spans: memory.u32('order.spans', 2 * nodes),
    arcs: memory.u32('order.arcs', first.arcs + (second?.arcs ?? 0) + 1),
  };
}

/** Ascends with the degree; degrees of one key differ by at most an eighth. */
function keyOf(degree: number): number {
  if (degree < EXACT) return degree;
  const power = 31 - Math.clz32(degree);
  return EXACT + ((power - 4) << 3) + ((degree >>> (power - 3)) & 7);
}

/** Marked among the entries. Four at a time: what V8 checks anew in each round of a loop is then checked once for four. */
function countMarked(arcs: Uint32Array, marks: Uint8Array, begin: number, end: number): number {
  let count = 0;
  let i = begin;
  for (; i + 3 < end; i += 4) {
    count += marks[arcs[i]!]! + marks[arcs[i + 1]!]! + marks[arcs[i + 2]!]! + marks[arcs[i + 3]!]!;
  }
  for (; i < end; i++) count += marks[arcs[i]!]!;
  return count;
}

/** Phases of a kernel that begins with the order. Its own, in which lists can be read, is `ready`. */
export const OrderPhase = { tally: 0, place: 1, keep: 2, ready: 3 } as const;

/** Worker thread. Each phase overwrites what was left of it before. */
export class DegreeOrder {
  readonly #task: DegreeOrderTask;
  readonly #breathe: Breathe;
  readonly #next = new Uint32Array(KEYS);
  readonly #begins = new Uint32Array(BLOCK);
  readonly #ends = new Uint32Array(BLOCK);
  #marks: Uint8Array | undefined;
  #steps = 0;
  /** Keeps the reads ahead from being taken for useless. */
  #fetched = 0;

  constructor(task: DegreeOrderTask, breathe: Breathe) {
    this.#task = task;
    this.#breathe = breathe;
  }

  /** A chunk of a phase before `ready`. False when the job is over. */
  chunk(phase: number, chunk: number): boolean {
    if (phase === OrderPhase.keep) return this.#keep(chunk);
    if (phase === OrderPhase.tally) this.#tally(chunk);
    else this.#place(chunk);
    return true;
  }

  /** What comes after such a phase. */
  next(phase: number): PhasePlan {
    if (phase === OrderPhase.tally) this.#start();
    return { phase: phase + 1, chunks: this.#task.bounds.length - 1 };
  }

  #tally(chunk: number): void {
    const { bounds, first, second, tally } = this.#task;
    const next = this.#next.fill(0);
    const end = bounds[chunk + 1]!;
    for (let node = bounds[chunk]!; node < end; node++) next[keyOf(arcsBetween(first, second, node, node + 1))]!++;
    tally.set(next, chunk * KEYS);
  }

  /** Where the nodes of each chunk and key begin: the greatest degree first, then by index. */
  #start(): void {
    const { bounds, tally, starts } = this.#task;
    const next = this.#next.fill(0);
    const cells = (bounds.length - 1) * KEYS;
    for (let cell = 0, key = 0; cell < cells; cell++, key = key === KEYS - 1 ? 0 : key + 1) next[key]! += tally[cell]!;
    let before = 0;
    for (let key = KEYS - 1; key >= 0; key--) {
      const nodes = next[key]!;
      next[key] = before;
      before += nodes;
    }
    for (let cell = 0, key = 0; cell < cells; cell++, key = key === KEYS - 1 ? 0 : key + 1) {
      starts[cell] = next[key]!;
      next[key]! += tally[cell]!;
    }
  }

  #place(chunk: number): void {
    const { bounds, first, second, starts, places } = this.#task;
    const next = this.#next;
    next.set(starts.subarray(chunk * KEYS, (chunk + 1) * KEYS));
    const end = bounds[chunk + 1]!;
    for (let node = bounds[chunk]!; node < end; node++)
      places[node] = next[keyOf(arcsBetween(first, second, node, node + 1))]!++;
  }

  /** False when the job is over. */
  #keep(chunk: number): boolean {
    const { bounds, first, second, places, spans } = this.#task;
    const end = bounds[chunk + 1]!;
    let at = arcsBetween(first, second, 0, bounds[chunk]!);
    let steps = 0;
    for (let node = bounds[chunk]!; node < end; node++) {
      const place = places[node]!;
      spans[2 * place] = at;
      for (let arcs = first; ; arcs = second!) {
        const arcsEnd = arcs.offsets[node + 1]!;
        // A hub has millions.
        for (let from = arcs.offsets[node]!; from < arcsEnd; from += BREATH_STEPS) {
          const to = Math.min(arcsEnd, from + BREATH_STEPS);
          at = this.#keepOf(arcs.targets, from, to, place, at);
          steps += to - from;
          if (steps < BREATH_STEPS) continue;
          steps = 0;
          if (!this.#breathe()) return false;
        }
        if (arcs === second || second === undefined) break;
      }
      spans[2 * place + 1] = at;
    }
    return true;
  }

  /** Appends those of the targets whose places come before this one; where the next goes. */
  #keepOf(targets: Uint32Array, from: number, end: number, place: number, to: number): number {
    const { places, arcs } = this.#task;
    let at = to;
    let i = from;
    // Which come before cannot be foretold: each is written, and stays if it does.
    for (; i + 3 < end; i += 4) {
      const a = places[targets[i]!]!;
      const b = places[targets[i + 1]!]!;
      const c = places[targets[i + 2]!]!;
      const d = places[targets[i + 3]!]!;
      arcs[at] = a;
      at += +(a < place);
      arcs[at] = b;
      at += +(b < place);
      arcs[at] = c;
      at += +(c < place);
      arcs[at] = d;
      at += +(d < place);
    }
    for (; i < end; i++) {
      const a = places[targets[i]!]!;
      arcs[at] = a;
      at += +(a < place);
    }
    return at;
  }

  /** By place, 1 where the caller wants an entry counted; all 0 at first, and the caller leaves it so. */
  get marks(): Uint8Array {
    this.#marks ??= new Uint8Array(this.#task.nodes);
    return this.#marks;
  }

  /**
   * How many entries of the lists of `nodes[begin]` to `nodes[end - 1]` (places) are marked; -1 when the job is over. The
   * lists lie anywhere: all of a block are fetched before the first is read, so that their cache misses overlap.
   */
  marked(nodes: Uint32Array, begin: number, end: number): number {
    const { spans, arcs } = this.#task;
    const marks = this.marks;
    const begins = this.#begins;
    const ends = this.#ends;
    let count = 0;
    let steps = this.#steps;
    let fetched = 0;
    for (let from = begin; from < end; from += BLOCK) {
      const lists = Math.min(BLOCK, end - from);
      for (let i = 0; i < lists; i++) {
        const place = nodes[from + i]!;
        begins[i] = spans[2 * place]!;
        ends[i] = spans[2 * place + 1]!;
      }
      for (let i = 0; i < lists; i++) fetched ^= arcs[begins[i]!]! ^ arcs[ends[i]!]!;
      for (let i = 0; i < lists; i++) {
        const listBegin = begins[i]!;
        const listEnd = ends[i]!;
        count += countMarked(arcs, marks, listBegin, listEnd);
        steps += listEnd - listBegin;
        if (steps < BREATH_STEPS) continue;
        steps = 0;
        if (!this.#breathe()) return -1;
      }
      steps += lists;
    }
    this.#steps = steps;
    this.#fetched ^= fetched;
    return count;
  }
}
