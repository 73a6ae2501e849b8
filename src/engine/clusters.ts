import { NO_ROW } from '../base/limits.js';
import { Space } from '../base/space.js';
import type { GraphRef } from '../publish/graph-refs.js';
import { checkCoordinate, checkDegrees, checkObject } from '../query/check.js';
import { type ClusterGrid, Clusters, checkGrid, TreeClusters } from '../query/clusters.js';
import type { EngineCore } from './core.js';

/** Answers that are kept: of a map's tiles, say. */
const KEPT_ANSWERS = 64;

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

  clusters(ref: GraphRef, space: number, grid: ClusterGrid): Clusters {
    checkObject('query', grid);
    for (const field of ['minX', 'minY', 'maxX', 'maxY', 'cellSize'] as const) checkCoordinate(field, grid[field]);
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
    const { sequence } = core.memory.graphs;
    const reader = core.readerOf(graph);
    const shard = core.shardOf(graph);
    reader.lock();
    try {
      // Sequences are the engine's: no two states of one row have the same.
      const version = sequence[graph]!;
      if (known !== undefined && known.sequence === version) return known.clusters;
      const trees = (this.#trees[shard] ??= new TreeClusters(core.memory.spatial, shard, core.memory.nodes));
      const clusters = trees.clusters(graph, core.memory.graphs.options[graph]!, version, grid);
      // A map keeps its order: the first is the one that was computed longest ago.
      this.#answers.delete(key);
      this.#answers.set(key, { sequence: version, clusters });
      if (this.#answers.size > KEPT_ANSWERS) this.#answers.delete(this.#answers.keys().next().value!);
      return clusters;
    } finally {
      reader.unlock();
    }
  }
}
