import type { Breathe, Kernel, PhasePlan } from '../base/kernel.js';
import type { NodeId } from '../base/types.js';
import type { Memory } from '../memory/reserve.js';

/** Nodes of a run that one chunk sorts. */
const RUN = 4096;
/** Nodes merged between two looks at the clock. */
const BREATH_NODES = 4096;

/** Phase 0 sorts runs; phase k merges runs of RUN * 2^(k - 1) nodes; phase RANKS + k writes the ranks after that. */
const RUNS = 0;
const RANKS = 64;

/*
 * The order of ids: numbers, then strings, these by code units as JavaScript compares them. Runs of 4,096 are sorted, then
 * merged two by two; where they follow each other already, as when ids were first seen in order, nothing is merged.
 */
export interface RankTask {
  readonly nodes: number;
  readonly handles: Uint32Array;
  /** f64 [nodes] a number's value; NaN of a string. */
  readonly keys: Float64Array;
  /** u32 [nodes] each: compact indexes, in runs; after phase k they stand in `order[k & 1]`. */
  readonly order: readonly [Uint32Array, Uint32Array];
  readonly rank: Uint32Array;
}

export function rankTask(memory: Memory, nodes: number, handles: Uint32Array): { task: RankTask; first: PhasePlan } {
  const order: [Uint32Array, Uint32Array] = [memory.u32('csr.order', nodes), memory.u32('csr.otherOrder', nodes)];
  const task: RankTask = {
    nodes,
    handles,
    keys: memory.f64('csr.idKeys', nodes),
    order,
    rank: memory.u32('csr.rank', nodes),
  };
  return { task, first: { phase: RUNS, chunks: Math.ceil(nodes / RUN) } };
}

/** Worker thread. */
export class RankKernel implements Kernel {
  readonly #task: RankTask;
  readonly #idOf: (handle: number) => NodeId | undefined;
  readonly #breathe: Breathe;

  constructor(task: RankTask, idOf: (handle: number) => NodeId | undefined, breathe: Breathe) {
    this.#task = task;
    this.#idOf = idOf;
    this.#breathe = breathe;
  }

  chunk(phase: number, chunk: number): boolean {
    if (phase === RUNS) this.#sortRun(chunk);
    else if (phase < RANKS) return this.#merge(phase, chunk);
    else this.#writeRanks(phase - RANKS, chunk);
    return true;
  }

  next(phase: number): PhasePlan | undefined {
    if (phase >= RANKS) return undefined;
    const { nodes } = this.#task;
    const length = RUN * 2 ** phase;
    if (length >= nodes || this.#isSorted(phase, length)) {
      return { phase: RANKS + phase, chunks: Math.ceil(nodes / RUN) };
    }
    return { phase: phase + 1, chunks: Math.ceil(nodes / (2 * length)) };
  }

  #isSorted(phase: number, length: number): boolean {
    const { nodes, order } = this.#task;
    const from = order[phase & 1]!;
    for (let start = length; start < nodes; start += length) {
      if (!this.#comesBefore(from[start - 1]!, from[start]!)) return false;
    }
    return true;
  }

  #id(index: number): string {
    return this.#idOf(this.#task.handles[index]!) as string;
  }

  #comesBefore(a: number, b: number): boolean {
    const { keys } = this.#task;
    const keyA = keys[a]!;
    const keyB = keys[b]!;
    if (!Number.isNaN(keyA)) return Number.isNaN(keyB) || keyA < keyB;
    return Number.isNaN(keyB) && this.#id(a) < this.#id(b);
  }

  #sortRun(chunk: number): void {
    const { nodes, keys, order, handles } = this.#task;
    const start = chunk * RUN;
    const end = Math.min(nodes, start + RUN);
    const strings: { index: number; id: string }[] = [];
    const numbers: number[] = [];
    let sorted = true;
    for (let i = start; i < end; i++) {
      const id = this.#idOf(handles[i]!);
      if (typeof id === 'number') {
        keys[i] = id;
        if (numbers.length > 0 && keys[i - 1]! > id) sorted = false;
        numbers.push(i);
      } else {
        keys[i] = Number.NaN;
        strings.push({ index: i, id: id ?? '' });
      }
    }
    const to = order[0];
    let at = start;
    if (!sorted || strings.length > 0) numbers.sort((a, b) => keys[a]! - keys[b]!);
    for (const index of numbers) to[at++] = index;
    strings.sort((a, b) => (a.id < b.id ? -1 : 1));
    for (const { index } of strings) to[at++] = index;
  }

  #merge(phase: number, chunk: number): boolean {
    const { nodes, keys, order } = this.#task;
    const half = RUN * 2 ** (phase - 1);
    const from = order[(phase - 1) & 1]!;
    const to = order[phase & 1]!;
    let at = chunk * half * 2;
    let a = at;
    const middle = Math.min(nodes, a + half);
    let b = middle;
    const end = Math.min(nodes, a + half * 2);
    // The id of the string that each side has come to, read once.
    let idA = '';
    let idB = '';
    let readA = -1;
    let readB = -1;
    while (a < middle && b < end) {
      const indexA = from[a]!;
      const indexB = from[b]!;
      const keyA = keys[indexA]!;
      const keyB = keys[indexB]!;
      let aFirst: boolean;
      // A comparison with NaN is false.
      if (keyA < keyB) {
        aFirst = true;
      } else if (keyA >= keyB || Number.isNaN(keyA) !== Number.isNaN(keyB)) {
        aFirst = Number.isNaN(keyB);
      } else {
        if (readA !== a) idA = this.#id(indexA);
        if (readB !== b) idB = this.#id(indexB);
        readA = a;
        readB = b;
        aFirst = idA < idB;
      }
      to[at++] = aFirst ? from[a++]! : from[b++]!;
      if (at % BREATH_NODES === 0 && !this.#breathe()) return false;
    }
    while (a < middle) to[at++] = from[a++]!;
    while (b < end) to[at++] = from[b++]!;
    return true;
  }

  #writeRanks(merges: number, chunk: number): void {
    const { nodes, order, rank } = this.#task;
    const from = order[merges & 1]!;
    const end = Math.min(nodes, (chunk + 1) * RUN);
    for (let place = chunk * RUN; place < end; place++) rank[from[place]!] = place;
  }
}
