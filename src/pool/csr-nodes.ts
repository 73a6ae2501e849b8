import type { Breathe, Kernel, PhasePlan } from '../base/kernel.js';
import { NO_ROW } from '../base/limits.js';
import { NodeFlag } from '../project/node-columns.js';
import type { EngineMemory } from './engine-memory.js';

/** Rows of a chunk. */
const CHUNK_ROWS = 65_536;
/** Nodes of a list between two looks at the clock. */
const BREATH_NODES = 16_384;

const Phase = { count: 0, place: 1, list: 2 } as const;

/** A graph's nodes by ascending row. Right if the graph's version is the same before and after. */
export interface CsrNodesTask {
  readonly graph: number;
  /** Rows from here on were never used. */
  readonly rows: number;
  /** Whether the nodes are few among all rows: then they are found by the graph's list. */
  readonly byList: boolean;
  /** u32 [chunks] nodes by chunk. */
  readonly counts: Uint32Array;
  /** u32 [1] nodes found, which may be more than there is room for; then they are not written. */
  readonly found: Uint32Array;
  readonly handles: Uint32Array;
  /** u32 [rows] compact index + 1 of a row; 0 = not a node of the graph. */
  readonly indexOf: Uint32Array;
}

export function nodeChunks(rows: number): number {
  return Math.ceil(rows / CHUNK_ROWS);
}

export function firstNodePhase(task: CsrNodesTask): PhasePlan {
  return task.byList ? { phase: Phase.list, chunks: 1 } : { phase: Phase.count, chunks: nodeChunks(task.rows) };
}

/**
 * Worker thread. Reads without the lock: who is a node of the graph is changed by the graph's events alone, and if there
 * was one the version tells.
 */
export class CsrNodes implements Kernel {
  readonly #flags: Uint8Array;
  readonly #graphOf: Uint32Array;
  readonly #first: Uint32Array;
  readonly #next: Uint32Array;
  readonly #task: CsrNodesTask;
  readonly #breathe: Breathe;

  constructor(memory: EngineMemory, task: CsrNodesTask, breathe: Breathe) {
    this.#flags = memory.nodes.flags;
    this.#graphOf = memory.nodeBook.graph;
    this.#first = memory.nodeBook.first;
    this.#next = memory.nodeBook.next;
    this.#task = task;
    this.#breathe = breathe;
  }

  chunk(phase: number, chunk: number): boolean {
    if (phase === Phase.list) return this.#walkList();
    if (phase === Phase.count) this.#count(chunk);
    else this.#place(chunk);
    return true;
  }

  next(phase: number): PhasePlan | undefined {
    if (phase !== Phase.count) return undefined;
    const { counts, found, handles } = this.#task;
    let sum = 0;
    for (let chunk = 0; chunk < counts.length; chunk++) sum += counts[chunk]!;
    found[0] = sum;
    return sum > handles.length ? undefined : { phase: Phase.place, chunks: counts.length };
  }

  #count(chunk: number): void {
    const flags = this.#flags;
    const graphOf = this.#graphOf;
    const wanted = this.#task.graph + 1;
    const end = Math.min(this.#task.rows, (chunk + 1) * CHUNK_ROWS);
    let count = 0;
    for (let row = chunk * CHUNK_ROWS; row < end; row++) {
      if (graphOf[row] === wanted) count += flags[row]! & NodeFlag.alive;
    }
    this.#task.counts[chunk] = count;
  }

  #place(chunk: number): void {
    const flags = this.#flags;
    const graphOf = this.#graphOf;
    const { graph, rows, counts, handles, indexOf } = this.#task;
    const wanted = graph + 1;
    const end = Math.min(rows, (chunk + 1) * CHUNK_ROWS);
    let at = 0;
    for (let before = 0; before < chunk; before++) at += counts[before]!;
    // A row that became a node since it was counted must not run over the end.
    const room = Math.min(handles.length, at + counts[chunk]!);
    for (let row = chunk * CHUNK_ROWS; row < end && at < room; row++) {
      if (graphOf[row] !== wanted || (flags[row]! & NodeFlag.alive) === 0) continue;
      handles[at++] = row;
      indexOf[row] = at;
    }
  }

  #walkList(): boolean {
    const { graph, found, handles, indexOf } = this.#task;
    const graphOf = this.#graphOf;
    const next = this.#next;
    const flags = this.#flags;
    let count = 0;
    let seen = 0;
    let beyond = false;
    // A list that changes under the walk leads on to rows of other graphs at worst; its length bounds the walk.
    for (let row = this.#first[graph]! - 1; row >= 0 && seen <= graphOf.length; row = next[row]! - 1) {
      if (graphOf[row] === graph + 1 && (flags[row]! & NodeFlag.alive) !== 0) {
        if (row >= indexOf.length) beyond = true;
        if (count < handles.length) handles[count] = row;
        count++;
      }
      if (++seen % BREATH_NODES === 0 && !this.#breathe()) return false;
    }
    // A node whose row came after the index was made: the index has no place for it, and nothing fits.
    found[0] = beyond ? NO_ROW : count;
    if (found[0]! > handles.length) return true;
    const nodes = handles.subarray(0, count);
    if (nodes.some((row, i) => i > 0 && row < nodes[i - 1]!)) nodes.sort();
    for (let i = 0; i < count; i++) indexOf[nodes[i]!] = i + 1;
    return true;
  }
}
