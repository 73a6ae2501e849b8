import { unlessEnded } from '../base/ending.js';
import { NO_ROW } from '../base/limits.js';
import { arrayChunks } from '../csr/array-arcs.js';
import { csrBuildTask, Side } from '../csr/build.js';
import { type Csr, type GraphCsr, makeBounds } from '../csr/csr.js';
import { rankTask } from '../csr/rank.js';
import { weigh } from '../memory/reserve.js';
import { arcChunks, type ColumnArcsTask, EVERY_KIND, isListed } from '../pool/column-arcs.js';
import { type CsrNodesTask, firstNodePhase, nodeChunks } from '../pool/csr-nodes.js';
import { type CsrStillTask, StillPhase, touchChunks } from '../pool/csr-still.js';
import type { Job } from '../pool/jobs.js';
import { GraphState } from '../project/graph-columns.js';
import type { GraphRef } from '../publish/graph-refs.js';
import type { Host } from '../schedule/host.js';
import type { EngineCore } from './core.js';

/** A snapshot that no job asks for any more is kept so long. */
const KEEP_MS = 10_000;
/** So many are kept at most, beside those in use: each takes an index of all rows, as address space. */
const MOST_KEPT = 64;
/** A graph whose nodes are fewer than one of so many rows is found by its list. */
const SPARSE = 8;
/** Nodes and edges that may come between a look at a graph and the moment of its snapshot: more, and it is taken again. */
const SLACK = 65_536;
/** Longest wait of the main thread for a shard's lock at a time, and the pause before it tries again. */
const LOCK_MS = 0.2;
const PAUSE_MS = 1;
/** Of a kind that no event has named there is no edge. */
const NO_KIND = 0xffffffff;

/** Parts of a snapshot that a job wants. */
export interface CsrParts {
  readonly out?: boolean;
  readonly in?: boolean;
  readonly both?: boolean;
  /** With weights. */
  readonly weights?: boolean;
  readonly rank?: boolean;
}

/** A snapshot with the epoch of rows at which it was taken. */
export interface GraphSnapshot extends GraphCsr {
  readonly epoch: number;
}

interface Entry {
  version: number;
  snapshot: Mutable<GraphSnapshot>;
  indexOf: Uint32Array;
  /** Requests are served one after the other: those that want the same share what the first has built. */
  turn: Promise<unknown>;
  users: number;
  cancelKeep: () => void;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** A graph by its row, which may become another graph's while a job waits. */
interface GraphRow {
  readonly graph: number;
  readonly generation: number;
}

/** What the main thread reads of a graph under its shard's lock. */
interface Look extends GraphRow {
  readonly shard: number;
  readonly version: number;
  readonly order: number;
  readonly size: number;
  readonly edgeRows: number;
}

/**
 * Main thread. Snapshots of graphs as jobs read them, by graph and kind of edges: built in parallel by the workers, right
 * while the graph's version is the same, and let go when no job has asked for a while.
 *
 * The columns are read in batches between events, while the shard goes on. If the graph's version is the same before and
 * after, what was read is of one moment; if not, it is copied while its shard stands still, and built from the copy. The
 * version is that of nodes and edges: moves do not make a snapshot old.
 */
export class GraphSnapshots {
  readonly #core: EngineCore;
  readonly #entries = new Map<string, Entry>();

  constructor(core: EngineCore) {
    this.#core = core;
  }

  /** Snapshots that are kept at present. */
  get kept(): number {
    return this.#entries.size;
  }

  /** Lets go of all. */
  close(): void {
    for (const entry of this.#entries.values()) entry.cancelKeep();
    this.#entries.clear();
  }

  /** The graph with edges of `kind` (undefined: of any) as it is now or a little later; `job` builds what is not there. */
  async take(job: Job, ref: GraphRef, kind: string | undefined, parts: CsrParts): Promise<GraphSnapshot> {
    const core = this.#core;
    const graph = core.readRow(ref);
    if (graph === NO_ROW) return this.#none(job, parts);
    const generation = core.memory.graphBook.generation[graph]!;
    const kindNumber = kind === undefined ? EVERY_KIND : (core.kindOf(kind) ?? NO_KIND);
    const key = `${graph} ${kindNumber}`;
    let entry = this.#entries.get(key);
    if (entry === undefined) {
      entry = {
        version: 0,
        snapshot: this.#none(job, {}),
        indexOf: new Uint32Array(0),
        turn: Promise.resolve(),
        users: 0,
        cancelKeep: () => undefined,
      };
      this.#entries.set(key, entry);
      this.#letGo();
    }
    const own = entry;
    own.cancelKeep();
    own.users++;
    const served = own.turn.then(() => this.#serve(job, own, ref, { graph, generation }, kindNumber, parts));
    // Whoever comes next has its turn even if this one fails.
    own.turn = served.catch(() => undefined);
    try {
      return await served;
    } finally {
      own.users--;
      if (own.users === 0) {
        own.cancelKeep = core.host.inBackground(KEEP_MS, () => {
          if (this.#entries.get(key) === own) this.#entries.delete(key);
        });
      }
    }
  }

  /** Of more than are kept at a time, those that nobody uses, oldest first. */
  #letGo(): void {
    for (const [key, { users, cancelKeep }] of this.#entries) {
      if (this.#entries.size <= MOST_KEPT) return;
      if (users > 0) continue;
      cancelKeep();
      this.#entries.delete(key);
    }
  }

  #none(job: Job, parts: CsrParts): GraphSnapshot {
    const csr = (wanted = false): Csr | undefined =>
      wanted
        ? {
            nodes: 0,
            arcs: 0,
            offsets: job.memory.u32('csr.offsets', 1),
            targets: job.memory.u32('csr.targets', 0),
            weights: job.memory.f64('csr.weights', 0),
            bounds: job.memory.u32('csr.bounds', 2),
          }
        : undefined;
    return {
      nodes: 0,
      handles: job.memory.u32('csr.handles', 0),
      out: csr(parts.out),
      in: csr(parts.in),
      both: csr(parts.both),
      rank: parts.rank ? job.memory.u32('csr.rank', 0) : undefined,
      epoch: this.#core.idSource.epoch,
    };
  }

  async #serve(
    job: Job,
    entry: Entry,
    ref: GraphRef,
    of: GraphRow,
    kind: number,
    parts: CsrParts,
  ): Promise<GraphSnapshot> {
    for (let tries = 0; ; tries++) {
      if (this.#core.readRow(ref) !== of.graph) return this.#none(job, parts);
      const look = await this.#look(job, of);
      if (look === undefined) return this.#none(job, parts);
      if (entry.version !== look.version && tries > 0) {
        // More each time: a graph that grows fast is caught at last.
        if (!(await this.#copyStill(job, entry, look, kind, parts, SLACK * 2 ** (tries - 1)))) continue;
        return { ...entry.snapshot };
      }
      if (entry.version !== look.version && !(await this.#readNodes(job, entry, look))) continue;
      const built = await this.#readSides(job, entry, look, kind, parts);
      if (!built) continue;
      if (parts.rank && entry.snapshot.rank === undefined) await this.#buildRank(job, entry);
      return { ...entry.snapshot };
    }
  }

  /**
   * Waits without blocking the event loop: a shard whose worker was lost is locked until it is recovered. Undefined when the
   * graph is gone: its row may be another graph's.
   */
  async #look(job: Job, { graph, generation }: GraphRow): Promise<Look | undefined> {
    const core = this.#core;
    const { order, size, topology, state } = core.memory.graphs;
    const reader = core.readerOf(graph);
    while (!reader.tryLock(LOCK_MS)) await unlessEnded(pause(core.host, PAUSE_MS), [job.failed]);
    try {
      if (state[graph] !== GraphState.alive || core.memory.graphBook.generation[graph] !== generation) return undefined;
      return {
        graph,
        generation,
        shard: core.shardOf(graph),
        version: topology[graph]!,
        order: order[graph]!,
        size: size[graph]!,
        edgeRows: reader.edges.end,
      };
    } finally {
      reader.unlock();
    }
  }

  /** `slack` rows more than there are: a graph may grow before it is read. */
  #nodesTask(job: Job, look: Look, room: number, slack: number): CsrNodesTask {
    const { publisher, memory } = this.#core;
    const end = Math.min(memory.nodes.flags.length, publisher.nodes.rows.highWater + slack);
    const byList = look.order * SPARSE < end;
    return {
      graph: look.graph,
      rows: end,
      byList,
      counts: job.memory.u32('csr.nodeCounts', byList ? 0 : nodeChunks(end)),
      found: job.memory.u32('csr.nodesFound', 1),
      handles: job.memory.u32('csr.handles', room),
      indexOf: job.memory.u32('csr.indexOf', end),
    };
  }

  async #readNodes(job: Job, entry: Entry, look: Look): Promise<boolean> {
    const task = this.#nodesTask(job, look, look.order, 0);
    const { epoch } = this.#core.idSource;
    await job.stage({ kernel: 'csr.nodes', data: task, first: firstNodePhase(task) });
    if (task.found[0] !== look.order || (await this.#look(job, look))?.version !== look.version) return false;
    this.#renew(entry, look.version, task.handles, task.indexOf, epoch);
    return true;
  }

  #renew(entry: Entry, version: number, handles: Uint32Array, indexOf: Uint32Array, epoch: number): void {
    entry.version = version;
    entry.indexOf = indexOf;
    const none = { out: undefined, in: undefined, both: undefined, rank: undefined };
    entry.snapshot = { nodes: handles.length, handles, ...none, epoch };
  }

  /** Builds the sides that are wanted and not there. False when the graph changed meanwhile. */
  async #readSides(job: Job, entry: Entry, look: Look, kind: number, parts: CsrParts): Promise<boolean> {
    const { snapshot } = entry;
    const { shard, version, size, edgeRows } = look;
    const arcs: ColumnArcsTask = {
      shard,
      kind,
      nodes: snapshot.nodes,
      handles: snapshot.handles,
      indexOf: entry.indexOf,
      edges: edgeRows,
      byList: isListed(size, edgeRows),
    };
    const missing = sidesOf(snapshot, parts);
    if (missing.length === 0) return true;
    const built: [name: 'out' | 'in' | 'both', csr: Csr][] = [];
    for (const name of missing) {
      const csr = await this.#buildSide(job, snapshot.nodes, size, name, parts, 'csr.columns', arcChunks(arcs), arcs);
      built.push([name, csr]);
      if ((await this.#look(job, look))?.version !== version) return false;
    }
    for (const [name, csr] of built) snapshot[name] = csr;
    return true;
  }

  async #buildSide(
    job: Job,
    nodes: number,
    edges: number,
    name: 'out' | 'in' | 'both',
    parts: CsrParts,
    kernel: string,
    chunks: number,
    arcs: unknown,
  ): Promise<Csr> {
    const weighted = parts.weights === true;
    const { task, first, mostChunks } = csrBuildTask(job.memory, { nodes, edges, side: Side[name], chunks, weighted });
    await job.stage({ kernel, data: { build: task, arcs }, first, mostChunks, once: true });
    const { offsets, targets, weights } = task;
    const count = offsets[nodes]!;
    weigh(targets.buffer, count * (weighted ? 12 : 4) + offsets.byteLength);
    return {
      nodes,
      arcs: count,
      offsets,
      targets: targets.subarray(0, count),
      weights: weights?.subarray(0, count),
      bounds: makeBounds(job.memory, offsets, nodes),
    };
  }

  async #buildRank(job: Job, entry: Entry): Promise<void> {
    const { snapshot } = entry;
    const { task, first } = rankTask(job.memory, snapshot.nodes, snapshot.handles);
    await job.stage({ kernel: 'csr.rank', data: task, first });
    snapshot.rank = task.rank;
  }

  /** All that is wanted, from a copy made while the shard stood still. False when it did not fit, or the graph is gone. */
  async #copyStill(job: Job, entry: Entry, look: Look, kind: number, parts: CsrParts, slack: number): Promise<boolean> {
    const core = this.#core;
    const { memory } = job;
    const room = look.size + slack;
    const task: CsrStillTask = {
      generation: look.generation,
      nodes: this.#nodesTask(job, look, look.order + slack, slack),
      arcs: { shard: look.shard, kind, handles: new Uint32Array(0), indexOf: new Uint32Array(0) },
      copy: {
        sources: memory.u32('csr.sources', room),
        targets: memory.u32('csr.copiedTargets', room),
        weights: memory.f64('csr.copiedWeights', parts.weights === true ? room : 0),
      },
      found: memory.f64('csr.found', 3),
    };
    const { handles, indexOf } = task.nodes;
    const data = { ...task, arcs: { ...task.arcs, handles, indexOf } };
    const touch = { phase: StillPhase.touch, chunks: touchChunks(task) };
    await job.stage({ kernel: 'csr.still', data, first: touch });
    const { epoch } = core.idSource;
    await job.stage({ kernel: 'csr.still', data, first: { phase: StillPhase.copy, chunks: 1 }, standStill: true });
    const [version = 0, nodes = 0, arcs = 0] = task.found;
    if (version === 0 || nodes > handles.length || task.nodes.found[0] !== nodes || arcs > room) return false;
    this.#renew(entry, version, handles.subarray(0, nodes), indexOf, epoch);
    const copy = { ...task.copy, arcs };
    for (const name of sidesOf(entry.snapshot, parts)) {
      entry.snapshot[name] = await this.#buildSide(
        job,
        nodes,
        arcs,
        name,
        parts,
        'csr.arrays',
        arrayChunks(arcs),
        copy,
      );
    }
    if (parts.rank) await this.#buildRank(job, entry);
    return true;
  }
}

function pause(host: Host, ms: number): Promise<void> {
  return new Promise((resolve) => {
    host.after(ms, resolve);
  });
}

/** Sides that are wanted and not there, or there without the weights that are wanted. */
function sidesOf(snapshot: GraphCsr, parts: CsrParts): ('out' | 'in' | 'both')[] {
  return (['out', 'in', 'both'] as const).filter((name) => {
    if (parts[name] !== true) return false;
    const csr = snapshot[name];
    return csr === undefined || (parts.weights === true && csr.weights === undefined);
  });
}
