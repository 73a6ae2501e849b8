import { squareLimit } from '../base/distance.js';
import type { Breathe, Kernel } from '../base/kernel.js';
import { GraphOption } from '../base/space.js';
import { angleBetween, chordOf, toUnitVector } from '../base/sphere.js';
import { NodeFlag, positionFlags } from '../project/node-columns.js';
import type { EngineMemory } from './engine-memory.js';

/** Nodes of a chunk, read in one hold of the lock: some 20 microseconds, on the sphere 200. */
const CHUNK_NODES = 2048;
/** Longest wait for the shard's writer. */
const LOCK_MS = 5;

/** Which nodes of a snapshot are at distance <= radius, as `within` finds them; each where it is when its chunk is read. */
export interface CsrMaskTask {
  readonly graph: number;
  readonly generation: number;
  readonly shard: number;
  readonly handles: Uint32Array;
  readonly x: number;
  readonly y: number;
  readonly z: number;
  readonly radius: number;
  /** u8 [nodes] 1 = within. */
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
  readonly #vectors = new Float64Array(6);

  constructor(memory: EngineMemory, thread: number, task: CsrMaskTask, breathe: Breathe) {
    this.#memory = memory;
    this.#thread = thread;
    this.#task = task;
    this.#breathe = breathe;
  }

  chunk(_phase: number, chunk: number): boolean {
    const { lock, graphs, graphBook, nodes } = this.#memory;
    const { graph, generation, shard, handles, mask } = this.#task;
    if (!this.#breathe() || !lock.acquireRead(shard, this.#thread, LOCK_MS)) return false;
    try {
      const end = Math.min(handles.length, (chunk + 1) * CHUNK_NODES);
      const wanted = NodeFlag.alive | positionFlags(graphs.options[graph]!);
      const isThere = graphBook.generation[graph] === generation;
      const near = (graphs.options[graph]! & GraphOption.sphere) === 0 ? this.#nearFlat : this.#nearRound;
      for (let i = chunk * CHUNK_NODES; i < end; i++) {
        const row = handles[i]!;
        mask[i] = isThere && (nodes.flags[row]! & wanted) === wanted && near.call(this, row) ? 1 : 0;
      }
    } finally {
      lock.releaseRead(shard, this.#thread);
    }
    return true;
  }

  next(): undefined {}

  #nearFlat(row: number): boolean {
    const { nodes, graphs } = this.#memory;
    const { graph, x, y, z, radius } = this.#task;
    const dx = nodes.x[row]! - x;
    const dy = nodes.y[row]! - y;
    const dz = (graphs.options[graph]! & GraphOption.solid) === 0 ? 0 : nodes.z[row]! - z;
    return dx * dx + dy * dy + dz * dz <= squareLimit(radius);
  }

  #nearRound(row: number): boolean {
    const { nodes, graphs } = this.#memory;
    const { graph, x, y, radius } = this.#task;
    const sphere = graphs.radius[graph]!;
    const v = this.#vectors;
    toUnitVector(x, y, v, 0);
    toUnitVector(nodes.x[row]!, nodes.y[row]!, v, 3);
    const [ax = 0, ay = 0, az = 0, bx = 0, by = 0, bz = 0] = v;
    // As the tree's query decides: by the chord up to a quarter of the circumference, by the angle beyond.
    if (radius / sphere > Math.PI / 2) return sphere * angleBetween(ax, ay, az, bx, by, bz) <= radius;
    const chord = chordOf(radius, sphere);
    return (ax - bx) * (ax - bx) + (ay - by) * (ay - by) + (az - bz) * (az - bz) <= chord * chord;
  }
}
