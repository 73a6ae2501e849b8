import type { Breathe, Kernel } from '../base/kernel.js';
import { GraphOption } from '../base/space.js';
import { toUnitVector } from '../base/sphere.js';
import { GraphState } from '../project/graph-columns.js';
import { poolOf, rowsInOrder } from '../spatial/walk.js';
import type { EngineMemory } from './engine-memory.js';
import { tryStill } from './still.js';

/** A copy of a graph's points, all of one moment. Arrays are over shared memory and as long as there is room. */
export interface SnapshotTask {
  readonly graph: number;
  readonly generation: number;
  readonly shard: number;
  /** Node rows, in an order in which neighbours are near each other. */
  readonly rows: Uint32Array;
  /** `dims` coordinates of each; on the sphere unit vectors. */
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
    return tryStill(this.#memory, this.#task.shard, this.#thread, this.#breathe, () => this.#copy());
  }

  #copy(): void {
    const { graphs, graphBook, nodes, spatial } = this.#memory;
    const { graph, generation, shard, rows, positions, dims, found, bounds } = this.#task;
    found[0] = 0;
    if (graphs.state[graph] !== GraphState.alive || graphBook.generation[graph] !== generation) return;
    const options = graphs.options[graph]!;
    const count = rowsInOrder(poolOf(spatial, shard, options), spatial.index.root[graph]!, rows);
    found[0] = count;
    if (count > rows.length) return;
    if ((options & GraphOption.sphere) !== 0) {
      for (let i = 0; i < count; i++) toUnitVector(nodes.x[rows[i]!]!, nodes.y[rows[i]!]!, positions, i * dims);
    } else {
      const axes = [nodes.x, nodes.y, nodes.z].slice(0, dims);
      for (let axis = 0; axis < dims; axis++) {
        const column = axes[axis]!;
        for (let i = 0, at = axis; i < count; i++, at += dims) positions[at] = column[rows[i]!]!;
      }
    }
    for (let axis = 0; axis < 2; axis++) {
      let least = Number.POSITIVE_INFINITY;
      let most = Number.NEGATIVE_INFINITY;
      for (let at = axis; at < count * dims; at += dims) {
        const value = positions[at]!;
        if (value < least) least = value;
        if (value > most) most = value;
      }
      bounds[2 * axis] = least;
      bounds[2 * axis + 1] = most;
    }
  }

  next(): undefined {}
}
