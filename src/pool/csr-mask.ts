import type { Breathe, Kernel } from '../base/kernel.js';
import { Ball, type BallShape } from '../query/ball.js';
import type { EngineMemory } from './engine-memory.js';

/** Nodes of a chunk, read in one hold of the lock: some 20 microseconds, on the sphere 200. */
const CHUNK_NODES = 1024;
/** Longest wait for the shard's writer. */
const LOCK_MS = 5;

/** Which nodes of a snapshot are in a ball; each where it is when its chunk is read. */
export interface CsrMaskTask {
  readonly graph: number;
  readonly generation: number;
  readonly shard: number;
  readonly handles: Uint32Array;
  readonly shape: BallShape;
  /** u8 [nodes] 1 = inside. */
  readonly mask: Uint8Array;
}

export function maskChunks(nodes: number): number {
  return Math.ceil(nodes / CHUNK_NODES);
}

/** Worker thread. */
export class CsrMask implements Kernel {
  readonly #memory: EngineMemory;
  readonly #thread: number;
  readonly #task: CsrMaskTask;
  readonly #breathe: Breathe;

  constructor(memory: EngineMemory, thread: number, task: CsrMaskTask, breathe: Breathe) {
    this.#memory = memory;
    this.#thread = thread;
    this.#task = task;
    this.#breathe = breathe;
  }

  chunk(_phase: number, chunk: number): boolean {
    const { lock, graphs, graphBook, nodes } = this.#memory;
    const { graph, generation, shard, handles, shape, mask } = this.#task;
    if (!this.#breathe() || !lock.acquireRead(shard, this.#thread, LOCK_MS)) return false;
    try {
      const isThere = graphBook.generation[graph] === generation;
      const ball = new Ball(nodes, graphs.options[graph]!, graphs.radius[graph]!, shape);
      const end = Math.min(handles.length, (chunk + 1) * CHUNK_NODES);
      for (let i = chunk * CHUNK_NODES; i < end; i++) mask[i] = isThere && ball.has(handles[i]!) ? 1 : 0;
    } finally {
      lock.releaseRead(shard, this.#thread);
    }
    return true;
  }

  next(): undefined {}
}
