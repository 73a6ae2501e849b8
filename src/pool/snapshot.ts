import { GraphState } from '../project/graph-columns.js';
import { rowsInOrder } from '../spatial/walk.js';
import type { EngineMemory } from './engine-memory.js';
import { letGo } from './inspect.js';
import type { Breathe, Kernel } from './participant.js';

/** A copy of a graph's points, all of one moment. Arrays are over shared memory and as long as there is room. */
export interface SnapshotTask {
  readonly graph: number;
  readonly generation: number;
  readonly shard: number;
  /** Node rows, in an order in which neighbours are near each other. */
  readonly rows: Uint32Array;
  /** `dims` coordinates of each. */
  readonly positions: Float64Array;
  readonly dims: number;
  /** Points there are, which may be more than there is room for; then nothing is copied. */
  readonly found: Float64Array;
  /** Least and greatest x, least and greatest y; where there is a point. */
  readonly bounds: Float64Array;
}

/** Worker thread. One chunk: while no event is applied to the shard. Readers are not held up. */
export class Snapshot implements Kernel {
  readonly #memory: EngineMemory;
  readonly #thread: number;
  readonly #task: SnapshotTask;
  readonly #breathe: Breathe;

  constructor(memory: EngineMemory, thread: number, task: SnapshotTask, breathe: Breathe) {
    this.#memory = memory;
    this.#thread = thread;
    this.#task = task;
    this.#breathe = breathe;
  }

  chunk(): boolean {
    const memory = this.#memory;
    const { shard } = this.#task;
    // Another worker applies the shard; it was asked to give way, and this one looks again soon.
    if (!this.#breathe() || !memory.control.claimAny(shard, this.#thread)) return false;
    try {
      this.#copy();
    } finally {
      letGo(memory, shard);
    }
    return true;
  }

  #copy(): void {
    const { graphs, graphBook, nodes, spatial } = this.#memory;
    const { graph, generation, shard, rows, positions, dims, found, bounds } = this.#task;
    found[0] = 0;
    if (graphs.state[graph] !== GraphState.alive || graphBook.generation[graph] !== generation) return;
    const count = rowsInOrder(spatial, shard, graph, rows);
    found[0] = count;
    if (count > rows.length) return;
    // Columns by axis: a third is z, once there is one.
    const axes = [nodes.x, nodes.y].slice(0, dims);
    for (let axis = 0; axis < axes.length; axis++) {
      const column = axes[axis]!;
      let least = Number.POSITIVE_INFINITY;
      let most = Number.NEGATIVE_INFINITY;
      for (let i = 0, at = axis; i < count; i++, at += dims) {
        const value = column[rows[i]!]!;
        if (value < least) least = value;
        if (value > most) most = value;
        positions[at] = value;
      }
      if (axis > 1) continue;
      bounds[2 * axis] = least;
      bounds[2 * axis + 1] = most;
    }
  }

  next(): undefined {}
}
