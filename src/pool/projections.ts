import { invariant } from '../base/errors.js';
import { GraphOption } from '../base/space.js';
import type { ShardCatalog } from '../catalog/shard-catalog.js';
import type { ShardEdges } from '../graph/shard-edges.js';
import type { ByteHeap } from '../memory/byte-heap.js';
import { GraphState } from '../project/graph-columns.js';
import { NodeFlag, positionFlags } from '../project/node-columns.js';
import type { UndoSlot } from '../project/undo.js';
import { Count } from '../schedule/control.js';
import { EventType, type FrameView, Presence } from '../schema/frame.js';
import type { ShardIndex } from '../spatial/shard-index.js';
import type { ShardZones } from '../zones/shard-zones.js';
import type { EngineMemory } from './engine-memory.js';

/**
 * Rows of a removed graph that are reclaimed in one slice of housekeeping, entries of edges (some 0.3 microseconds each where
 * the graph is larger than the cache), and tree blocks.
 */
const RECLAIM_ROWS = 128;
const RECLAIM_EDGES = 128;
const RECLAIM_BLOCKS = 256;
const RECLAIM_ZONES = 128;

const ANY_POSITION = Presence.x | Presence.y | Presence.z;

/**
 * The built-in projections of one shard as its writer sees them: node and graph columns, R-trees, adjacency, the catalogue. The caller
 * owns the shard (its state word says `running` with the caller's thread) and, for `apply`, holds its write lock.
 *
 * Every event is idempotent on the state before it: undone and applied again, it leaves what applying it once leaves.
 */
export class ShardProjections {
  readonly trees: ShardIndex;
  readonly edges: ShardEdges;
  readonly zones: ShardZones;
  readonly catalog: ShardCatalog;
  readonly undo: UndoSlot;
  readonly #shard: number;
  readonly #memory: EngineMemory;
  readonly #heap: ByteHeap;
  readonly #counts: Float64Array;
  readonly #flags: Uint8Array;
  readonly #kind: Uint32Array;
  readonly #x: Float64Array;
  readonly #y: Float64Array;
  readonly #z: Float64Array;
  readonly #w: Float64Array;
  readonly #time: Float64Array;
  readonly #sequence: Float64Array;
  readonly #born: Float64Array;
  readonly #data: Uint32Array;
  readonly #graphOptions: Uint8Array;
  readonly #graphSequence: Float64Array;
  readonly #topology: Float64Array;

  constructor(memory: EngineMemory, shard: number) {
    const { nodes, graphs } = memory;
    this.#memory = memory;
    this.#shard = shard;
    this.trees = memory.treesOf(shard);
    this.edges = memory.edgesOf(shard);
    this.zones = memory.zonesOf(shard);
    this.catalog = memory.catalogOf(shard);
    this.undo = memory.undo.slot(shard, nodes);
    this.#heap = memory.heaps[shard]!;
    this.#counts = memory.control.counts;
    this.#flags = nodes.flags;
    this.#kind = nodes.kind;
    this.#x = nodes.x;
    this.#y = nodes.y;
    this.#z = nodes.z;
    this.#w = nodes.w;
    this.#time = nodes.time;
    this.#sequence = nodes.sequence;
    this.#born = nodes.born;
    this.#data = nodes.data;
    this.#graphOptions = graphs.options;
    this.#graphSequence = graphs.sequence;
    this.#topology = graphs.topology;
  }

  /** Applies event `i` of a frame; `base` is the frame's first sequence. */
  apply(frame: FrameView, i: number, base: number): void {
    const type = frame.type[i]!;
    const sequence = base + frame.sequenceDelta[i]!;
    const graph = frame.graph[i]!;
    const row = frame.row[i]!;
    if (type === EventType.nodeMoved) {
      this.undo.begin(sequence);
      this.#moveNode(frame, i, graph, row, sequence);
    } else if (type === EventType.nodeUpserted) {
      this.undo.begin(sequence);
      this.#upsertNode(frame, i, graph, row, sequence);
    } else if (type === EventType.edgeUpserted) {
      this.undo.begin(sequence);
      this.#upsertEdge(frame, i, graph, row, sequence);
    } else if (type === EventType.nodeRemoved) {
      this.undo.begin(sequence);
      this.#topology[graph] = sequence;
      this.#removeNode(graph, row);
    } else if (type === EventType.edgeRemoved) {
      this.undo.begin(sequence);
      this.#topology[graph] = sequence;
      if (this.edges.remove(row, frame.other[i]!, frame.kind[i]!)) this.catalog.dropEdges(graph, 1);
    } else if (type === EventType.graphCreated) {
      this.undo.begin(sequence);
      this.#createGraph(graph, frame.kind[i]!, frame.w[i]!, frame.time[i]!, sequence);
    } else if (type === EventType.graphRemoved) {
      this.undo.begin(sequence);
      this.#removeGraph(graph);
    } else if (type === EventType.zoneSet) {
      this.undo.begin(sequence);
      this.zones.set(graph, row, this.#allocateData(frame, i), sequence);
    } else if (type === EventType.zoneRemoved) {
      this.undo.begin(sequence);
      this.zones.remove(graph, row, sequence);
    }
    this.#graphSequence[graph] = sequence;
  }

  #moveNode(frame: FrameView, i: number, graph: number, row: number, sequence: number): void {
    const flags = this.#flags[row]!;
    const time = frame.time[i]!;
    const x = frame.x[i]!;
    const y = frame.y[i]!;
    const weighed = (frame.presence[i]! & Presence.w) !== 0;
    const options = this.#graphOptions[graph]!;
    if ((flags & NodeFlag.alive) === 0 || weighed) this.undo.save(row);
    else if ((options & GraphOption.solid) === 0) this.undo.saveMove(row);
    else this.undo.saveMoveInSolid(row);
    if ((flags & NodeFlag.alive) === 0) {
      this.#createNode(graph, row, sequence);
    } else if ((options & GraphOption.lateIgnore) !== 0 && time < this.#time[row]!) {
      this.#counts[this.#shard * Count.stride + Count.late]!++;
      return;
    }
    let after = this.#flags[row]! | NodeFlag.x | NodeFlag.y;
    this.#x[row] = x;
    this.#y[row] = y;
    let z = 0;
    if ((options & GraphOption.solid) !== 0) {
      z = frame.z[i]!;
      this.#z[row] = z;
      after |= NodeFlag.z;
    }
    this.#time[row] = time;
    this.#sequence[row] = sequence;
    if (weighed) {
      this.#w[row] = frame.w[i]!;
      after |= NodeFlag.w;
    }
    if (after !== flags) this.#flags[row] = after;
    const placed = NodeFlag.alive | positionFlags(options);
    if ((flags & placed) === placed) this.trees.move(graph, row, x, y, z);
    else this.trees.insert(graph, row, x, y, z);
  }

  #upsertNode(frame: FrameView, i: number, graph: number, row: number, sequence: number): void {
    let presence = frame.presence[i]!;
    const time = frame.time[i]!;
    const options = this.#graphOptions[graph]!;
    this.undo.save(row);
    if ((this.#flags[row]! & NodeFlag.alive) === 0) {
      this.#createNode(graph, row, sequence);
      this.#time[row] = time;
    } else if ((options & GraphOption.lateIgnore) !== 0 && time < this.#time[row]!) {
      // As a late move: its position is ignored, and the node's time stays. Kind and data have no time of their own.
      if ((presence & ANY_POSITION) !== 0) this.#counts[this.#shard * Count.stride + Count.late]!++;
      presence &= ~ANY_POSITION;
    } else {
      this.#time[row] = time;
    }
    const flags = this.#flags[row]!;
    let after = flags;
    if ((presence & Presence.x) !== 0) {
      this.#x[row] = frame.x[i]!;
      after |= NodeFlag.x;
    }
    if ((presence & Presence.y) !== 0) {
      this.#y[row] = frame.y[i]!;
      after |= NodeFlag.y;
    }
    if ((presence & Presence.z) !== 0) {
      this.#z[row] = frame.z[i]!;
      after |= NodeFlag.z;
    }
    if ((presence & Presence.kind) !== 0) this.#kind[row] = frame.kind[i]!;
    if ((presence & Presence.data) !== 0) this.#storeData(frame, i, row);
    this.#sequence[row] = sequence;
    if (after !== flags) this.#flags[row] = after;
    const position = positionFlags(options);
    if ((after & position) !== position) return;
    const z = (position & NodeFlag.z) === 0 ? 0 : this.#z[row]!;
    if ((flags & position) !== position) {
      this.trees.insert(graph, row, this.#x[row]!, this.#y[row]!, z);
    } else if ((presence & ANY_POSITION) !== 0) {
      this.trees.move(graph, row, this.#x[row]!, this.#y[row]!, z);
    }
  }

  #storeData(frame: FrameView, i: number, row: number): void {
    const before = this.#data[row]!;
    this.#data[row] = this.#allocateData(frame, i) + 1;
    if (before !== 0) this.#heap.free(before - 1);
  }

  /** Ref of a copy of the event's data. */
  #allocateData(frame: FrameView, i: number): number {
    const heap = this.#heap;
    const from = frame.dataStart(i);
    const length = frame.payloadEnd(i) - from;
    const ref = heap.allocate(length, 0);
    invariant(ref >= 0, 'data beyond the bytes that the main thread keeps');
    const to = heap.startOf(ref);
    const payload = frame.payload;
    for (let k = 0; k < length; k++) heap.bytes[to + k] = payload[from + k]!;
    return ref;
  }

  #createNode(graph: number, row: number, sequence: number): void {
    this.#topology[graph] = sequence;
    this.#kind[row] = 0;
    this.#data[row] = 0;
    this.#born[row] = sequence;
    this.#flags[row] = NodeFlag.alive;
    this.catalog.addNode(graph);
  }

  #removeNode(graph: number, row: number): void {
    const flags = this.#flags[row]!;
    if ((flags & NodeFlag.alive) === 0) return;
    this.undo.save(row);
    this.catalog.dropEdges(graph, this.edges.dropNode(row));
    const position = positionFlags(this.#graphOptions[graph]!);
    if ((flags & position) === position) this.trees.remove(graph, row);
    this.#freeData(row);
    this.#flags[row] = 0;
    this.catalog.dropNode(graph);
  }

  #freeData(row: number): void {
    const data = this.#data[row]!;
    if (data === 0) return;
    this.#heap.free(data - 1);
    this.#data[row] = 0;
  }

  #upsertEdge(frame: FrameView, i: number, graph: number, source: number, sequence: number): void {
    this.#topology[graph] = sequence;
    const target = frame.other[i]!;
    const time = frame.time[i]!;
    this.#createEnd(graph, source, time, sequence);
    this.#createEnd(graph, target, time, sequence);
    const weight = (frame.presence[i]! & Presence.w) !== 0 ? frame.w[i]! : Number.NaN;
    if (this.edges.upsert(source, target, frame.kind[i]!, weight, time, sequence)) this.catalog.addEdge(graph);
    this.#counts[this.#shard * Count.stride + Count.edgeUpserts]!++;
  }

  #createEnd(graph: number, row: number, time: number, sequence: number): void {
    if ((this.#flags[row]! & NodeFlag.alive) !== 0) return;
    this.undo.save(row);
    this.#createNode(graph, row, sequence);
    this.#time[row] = time;
    this.#sequence[row] = sequence;
  }

  #createGraph(graph: number, options: number, radius: number, time: number, sequence: number): void {
    const graphs = this.#memory.graphs;
    if (graphs.state[graph] === GraphState.alive) return;
    graphs.options[graph] = options;
    graphs.radius[graph] = radius;
    graphs.order[graph] = 0;
    graphs.size[graph] = 0;
    graphs.created[graph] = time;
    graphs.born[graph] = sequence;
    graphs.topology[graph] = sequence;
    graphs.cursor[graph] = 0;
    graphs.state[graph] = GraphState.alive;
    this.catalog.addGraph(graph);
  }

  /** One tombstone store; what hangs on the graph is reclaimed by `housekeep`. */
  #removeGraph(graph: number): void {
    const graphs = this.#memory.graphs;
    if (graphs.state[graph] !== GraphState.alive) return;
    graphs.cursor[graph] = this.#memory.nodeBook.first[graph]!;
    graphs.nextDead[graph] = graphs.firstDead[this.#shard]!;
    graphs.state[graph] = GraphState.dead;
    graphs.firstDead[this.#shard] = graph + 1;
    this.trees.dropTree(graph);
    this.catalog.dropGraph(graph);
  }

  /** Whether removing the node is more than an event's work until cascades are reclaimed. */
  waitsForReclaim(row: number): boolean {
    return this.edges.waitsForReclaim(row);
  }

  /** Whether `housekeep` has something to do. */
  get untidy(): boolean {
    return this.trees.packWanted() || this.reclaimable;
  }

  /** Whether `reclaim` has something to do. */
  get reclaimable(): boolean {
    return (
      this.edges.pendingCascades !== 0 ||
      this.#memory.graphs.firstDead[this.#shard]! !== 0 ||
      this.trees.reclaimWanted()
    );
  }

  /**
   * A bounded slice of what may wait: cascades, removed graphs, tree blocks. Write lock held.
   * @returns whether something is left
   */
  reclaim(): boolean {
    let left = false;
    if (this.edges.pendingCascades !== 0) left = this.edges.reclaimStep(RECLAIM_EDGES);
    if (this.#memory.graphs.firstDead[this.#shard]! !== 0) left = this.#reclaimGraph() || left;
    if (this.trees.reclaimWanted()) left = this.trees.reclaimStep(RECLAIM_BLOCKS) || left;
    return left;
  }

  #reclaimGraph(): boolean {
    const { graphs, nodeBook } = this.#memory;
    const graph = graphs.firstDead[this.#shard]! - 1;
    let row = graphs.cursor[graph]! - 1;
    for (let rows = 0, entries = 0; rows < RECLAIM_ROWS && entries < RECLAIM_EDGES && row >= 0; rows++) {
      const next = nodeBook.next[row]! - 1;
      if (nodeBook.graph[row] !== graph + 1) {
        // Its own removal was applied before, and the main thread took it out of the list: while this shard waited it may have
        // become another graph's. `next` was read first, so where the row is still the graph's, so is the list it leads on in.
        row = nodeBook.first[graph]! - 1;
        continue;
      }
      if ((this.#flags[row]! & NodeFlag.alive) !== 0) {
        entries += this.edges.detachRow(row);
        this.#freeData(row);
        this.trees.forget(row);
        this.#flags[row] = 0;
      }
      row = next;
    }
    graphs.cursor[graph] = row + 1;
    if (row >= 0 || this.zones.reclaim(graph, RECLAIM_ZONES)) return true;
    graphs.firstDead[this.#shard] = graphs.nextDead[graph]!;
    graphs.order[graph] = 0;
    graphs.size[graph] = 0;
    // Last: the main thread frees the rows' ids when it sees this state.
    graphs.state[graph] = GraphState.free;
    return graphs.firstDead[this.#shard]! !== 0;
  }
}
