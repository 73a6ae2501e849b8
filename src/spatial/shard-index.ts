import { GraphOption, Space, spaceOf } from '../base/space.js';
import { toUnitVector } from '../base/sphere.js';
import { ShardTrees as PlaneTrees } from './generated/shard-trees.js';
import type { SpatialRegions } from './layout.js';
import { ShardTrees as SpaceTrees } from './shard-trees.js';

/**
 * The spatial index of one shard as its writer sees it: each graph's tree, of two axes or three, by the graph's space. On
 * the sphere a tree of three axes holds unit vectors (see base/sphere.ts). Coordinates come as the graph's columns hold
 * them; `z` is looked at in a solid alone. What holds for the methods of `ShardTrees` holds for these.
 */
export class ShardIndex {
  readonly plane: PlaneTrees;
  readonly solid: SpaceTrees;
  readonly #options: Uint8Array;
  readonly #vector = new Float64Array(3);

  /** `options`: the column of option bits by graph row. */
  constructor(regions: SpatialRegions, shard: number, options: Uint8Array) {
    this.plane = new PlaneTrees(regions.index, regions.planes[shard]!, 2 * shard);
    this.solid = new SpaceTrees(regions.index, regions.spaces[shard]!, 2 * shard + 1);
    this.#options = options;
  }

  insert(graph: number, row: number, x: number, y: number, z: number): void {
    const space = this.#options[graph]! & GraphOption.anySpace;
    if (space === 0) {
      this.plane.insert(graph, row, x, y);
    } else if (space === GraphOption.solid) {
      this.solid.insert(graph, row, x, y, z);
    } else {
      const vector = this.#vector;
      toUnitVector(x, y, vector, 0);
      this.solid.insert(graph, row, vector[0]!, vector[1]!, vector[2]!);
    }
  }

  move(graph: number, row: number, x: number, y: number, z: number): void {
    const space = this.#options[graph]! & GraphOption.anySpace;
    if (space === 0) {
      this.plane.move(graph, row, x, y);
    } else if (space === GraphOption.solid) {
      this.solid.move(graph, row, x, y, z);
    } else {
      const vector = this.#vector;
      toUnitVector(x, y, vector, 0);
      this.solid.move(graph, row, vector[0]!, vector[1]!, vector[2]!);
    }
  }

  remove(graph: number, row: number): void {
    if ((this.#options[graph]! & GraphOption.anySpace) === 0) this.plane.remove(graph, row);
    else this.solid.remove(graph, row);
  }

  dropTree(graph: number): void {
    if ((this.#options[graph]! & GraphOption.anySpace) === 0) this.plane.dropTree(graph);
    else this.solid.dropTree(graph);
  }

  /** The row's graph was dropped: nothing is known of it any more. */
  forget(row: number): void {
    this.plane.forget(row);
  }

  clear(graphs: readonly number[]): void {
    this.plane.clear(graphs);
    this.solid.clear(graphs);
  }

  /** Builds the tree of a graph that has none from the columns of its rows, indexed by row. */
  bulkLoad(graph: number, rows: Uint32Array, columns: { x: Float64Array; y: Float64Array; z: Float64Array }): void {
    const space = spaceOf(this.#options[graph]!);
    const gather = (column: Float64Array): Float64Array => {
      const values = new Float64Array(rows.length);
      for (let i = 0; i < rows.length; i++) values[i] = column[rows[i]!]!;
      return values;
    };
    const xs = gather(columns.x);
    const ys = gather(columns.y);
    if (space === Space.plane) {
      this.plane.bulkLoad(graph, rows, xs, ys, rows.length);
      return;
    }
    const zs = gather(columns.z);
    if (space === Space.sphere) {
      const vector = this.#vector;
      for (let i = 0; i < rows.length; i++) {
        toUnitVector(xs[i]!, ys[i]!, vector, 0);
        xs[i] = vector[0]!;
        ys[i] = vector[1]!;
        zs[i] = vector[2]!;
      }
    }
    this.solid.bulkLoad(graph, rows, xs, ys, zs, rows.length);
  }

  // ------------------------------------------------------------ housekeeping

  reclaimWanted(): boolean {
    return this.plane.reclaimWanted() || this.solid.reclaimWanted();
  }

  /** Gives back at most `maxNodes` nodes of trees put aside. True when some are left. */
  reclaimStep(maxNodes: number): boolean {
    if (this.plane.reclaimWanted()) return this.plane.reclaimStep(maxNodes) || this.solid.reclaimWanted();
    return this.solid.reclaimStep(maxNodes);
  }

  /** Nothing waits to be applied. */
  calm(): void {
    this.plane.calm();
    this.solid.calm();
  }

  /** When there is time: see `ShardTrees.packIdle`. */
  packIdle(): boolean {
    return this.plane.packIdle() || this.solid.packIdle();
  }

  packWanted(): boolean {
    return this.plane.packWanted() || this.solid.packWanted();
  }

  /** A slice of a packing under way. Needs no lock. */
  packStep(maxItems: number): 'idle' | 'working' | 'ready' {
    return this.plane.packWanted() ? this.plane.packStep(maxItems) : this.solid.packStep(maxItems);
  }

  /** The tree that `packStep` called ready takes the place of the old one. */
  packSwap(): void {
    if (this.plane.packWanted()) this.plane.packSwap();
    else this.solid.packSwap();
  }
}
