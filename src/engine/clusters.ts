import { NO_ROW } from '../base/limits.js';
import { Space } from '../base/space.js';
import type { GraphRef } from '../publish/graph-refs.js';
import { Clusters } from '../query/cell-sums.js';
import { checkCoordinate, checkDegrees } from '../query/check.js';
import { type ClusterGrid, checkGrid, TreeClusters } from '../query/clusters.js';
import { readQuery } from '../query/fields.js';
import type { EngineCore } from './core.js';

const GRID = ['minX', 'minY', 'maxX', 'maxY', 'cellSize'] as const;

/** Answers that are kept: of a map's tiles, say. */
const KEPT_ANSWERS = 64;
/** Nodes that are looked at in one hold of the lock: a quantum's time. */
const SLICE_NODES = 256;
/**
 * A walk begins anew when the graph has changed between two slices. While this thread waits nobody publishes, so that what can
 * change is what the ring holds; after so long the rest of the walk is done in one hold, whoever waits.
 */
const PATIENCE_MS = 50;

interface Answer {
  readonly sequence: number;
  readonly clusters: Clusters;
}

/** Main thread. Clusters by shard, and the last answers by graph and grid, right while the graph's version is the same. */
export class ClusterBook {
  readonly #core: EngineCore;
  readonly #trees: TreeClusters[] = [];
  readonly #answers = new Map<string, Answer>();

  constructor(core: EngineCore) {
    this.#core = core;
  }

  clusters(ref: GraphRef, space: number, given: ClusterGrid): Clusters {
    const grid = readQuery(given, GRID, 'query');
    for (const field of GRID) checkCoordinate(field, grid[field]);
    if (space === Space.sphere) {
      checkDegrees(grid.minX, 'minX', grid.minY, 'minY');
      checkDegrees(grid.maxX, 'maxX', grid.maxY, 'maxY');
    }
    checkGrid(grid);
    const core = this.#core;
    const graph = core.readRow(ref);
    if (graph === NO_ROW) return Clusters.none;
    const { minX, minY, maxX, maxY, cellSize } = grid;
    const key = `${graph} ${minX} ${minY} ${maxX} ${maxY} ${cellSize}`;
    const known = this.#answers.get(key);
    const shard = core.shardOf(graph);
    const reader = core.readerOf(graph);
    const trees = (this.#trees[shard] ??= new TreeClusters(core.memory.spatial, shard, core.memory.nodes));
    const { sequence, options } = core.memory.graphs;
    let began = false;
    let lockedAtOnceMs = Number.POSITIVE_INFINITY;
    for (;;) {
      reader.lock();
      try {
        // Sequences are the engine's: no two states of one row have the same.
        const version = sequence[graph]!;
        if (known !== undefined && known.sequence === version) return known.clusters;
        if (!began || !trees.stands(version)) {
          trees.begin(graph, options[graph]!, version, grid);
          if (!began) lockedAtOnceMs = performance.now() + PATIENCE_MS;
          began = true;
        }
        const clusters = trees.step(performance.now() < lockedAtOnceMs ? SLICE_NODES : Number.POSITIVE_INFINITY);
        if (clusters !== undefined) return this.#keep(key, version, clusters);
      } finally {
        reader.unlock();
      }
    }
  }

  #keep(key: string, sequence: number, clusters: Clusters): Clusters {
    // A map keeps its order: the first is the one that was computed longest ago.
    this.#answers.delete(key);
    this.#answers.set(key, { sequence, clusters });
    if (this.#answers.size > KEPT_ANSWERS) this.#answers.delete(this.#answers.keys().next().value!);
    return clusters;
  }
}
