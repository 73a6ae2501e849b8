import { BfsKernel } from '../algorithms/bfs.js';
import type { BfsTask } from '../algorithms/bfs-task.js';
import { ClusteringKernel, type ClusteringTask } from '../algorithms/clustering.js';
import { CommunitiesKernel, type CommunitiesTask } from '../algorithms/communities.js';
import { ComponentsKernel, type ComponentsTask } from '../algorithms/components.js';
import { PageRankKernel, type PageRankTask } from '../algorithms/pagerank.js';
import { ShortestPathKernel, type ShortestPathTask } from '../algorithms/shortest-path.js';
import { SsspKernel } from '../algorithms/sssp.js';
import type { SsspTask } from '../algorithms/sssp-task.js';
import { StrongComponentsKernel, type StrongComponentsTask } from '../algorithms/strong-components.js';
import { TrianglesKernel, type TrianglesTask } from '../algorithms/triangles.js';
import type { Breathe, Kernel } from '../base/kernel.js';
import { type ArcArrays, ArrayArcs } from '../csr/array-arcs.js';
import { CsrBuild, type CsrBuildTask } from '../csr/build.js';
import { RankKernel, type RankTask } from '../csr/rank.js';
import { type ManyBatch, ManyCopy, type ManyCopyTask, ManyQueries } from '../query/many.js';
import { type PairJoin, PairKernel } from '../query/pairs.js';
import { ColumnArcs, type ColumnArcsTask } from './column-arcs.js';
import { CsrMask, type CsrMaskTask } from './csr-mask.js';
import { CsrNodes, type CsrNodesTask } from './csr-nodes.js';
import { CsrStill, type CsrStillTask } from './csr-still.js';
import type { EngineMemory } from './engine-memory.js';
import type { KernelFactory } from './participant.js';
import { Snapshot, type SnapshotTask } from './snapshot.js';

/** What jobs can ask of workers, by name. A kernel's data is what its stage gives. */
const kernels: Readonly<Record<string, KernelFactory<never>>> = {
  'many.queries': (memory, thread, batch: ManyBatch, breathe) => new ManyQueries(memory, thread, batch, breathe),
  'many.copy': (_memory, _thread, copy: ManyCopyTask) => new ManyCopy(copy),
  snapshot: (memory, thread, task: SnapshotTask, breathe) => new Snapshot(memory, thread, task, breathe),
  'csr.nodes': (memory, _thread, task: CsrNodesTask, breathe) => new CsrNodes(memory, task, breathe),
  'csr.still': (memory, thread, task: CsrStillTask, breathe) => new CsrStill(memory, thread, task, breathe),
  'csr.columns': (memory, thread, { build, arcs }: { build: CsrBuildTask; arcs: ColumnArcsTask }, breathe) =>
    new CsrBuild(build, new ColumnArcs(memory, thread, arcs), breathe),
  'csr.arrays': (_memory, _thread, { build, arcs }: { build: CsrBuildTask; arcs: ArcArrays }, breathe) =>
    new CsrBuild(build, new ArrayArcs(arcs), breathe),
  'csr.mask': (memory, thread, task: CsrMaskTask, breathe) => new CsrMask(memory, thread, task, breathe),
  'csr.rank': (memory, _thread, task: RankTask, breathe) =>
    new RankKernel(task, (handle) => memory.ids.idOf(handle), breathe),
  pageRank: (_memory, _thread, task: PageRankTask, breathe) => new PageRankKernel(task, breathe),
  components: (_memory, _thread, task: ComponentsTask, breathe) => new ComponentsKernel(task, breathe),
  bfs: (_memory, _thread, task: BfsTask, breathe) => new BfsKernel(task, breathe),
  clustering: (_memory, _thread, task: ClusteringTask, breathe) => new ClusteringKernel(task, breathe),
  communities: (_memory, _thread, task: CommunitiesTask, breathe) => new CommunitiesKernel(task, breathe),
  shortestPath: (_memory, _thread, task: ShortestPathTask, breathe) => new ShortestPathKernel(task, breathe),
  sssp: (_memory, _thread, task: SsspTask, breathe) => new SsspKernel(task, breathe),
  strongComponents: (_memory, _thread, task: StrongComponentsTask, breathe) =>
    new StrongComponentsKernel(task, breathe),
  triangles: (_memory, _thread, task: TrianglesTask, breathe) => new TrianglesKernel(task, breathe),
  pairs: (_memory, _thread, join: PairJoin, breathe) => new PairKernel(join, breathe),
};

export function kernelOf(name: string, memory: EngineMemory, thread: number, data: unknown, breathe: Breathe): Kernel {
  return kernels[name]!(memory, thread, data as never, breathe);
}
