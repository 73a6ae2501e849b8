import { GraphState } from '../project/graph-columns.js';
import { NodeFlag, positionFlags } from '../project/node-columns.js';
import type { FrameRing } from '../ring/ring.js';
import type { Control } from '../schedule/control.js';
import { EventType, type FrameView, Presence } from '../schema/frame.js';
import type { EngineMemory } from './engine-memory.js';
import type { ShardProjections } from './projections.js';

/**
 * Worker thread that claimed a shard whose owner `from` was lost (its exit has been seen). Undoes the event it may have
 * been in the middle of, makes everything anew that is derived from the columns, and applies that event again before
 * readers are let in: an edge that it had removed is not put back by the undoing, so that the state before it is gone.
 */
export function recoverShard(
  memory: EngineMemory,
  projections: ShardProjections,
  shard: number,
  from: number,
  thread: number,
): void {
  const { control, lock, rings, undo, outboxes } = memory;
  // No finally: what throws leaves a shard that nobody may read, and the next recovery begins anew.
  lock.takeOver(shard, from, thread);
  const ring = rings[shard]!;
  const frame = ring.peek();
  const i = frame === undefined ? 0 : ring.eventsApplied;
  const slot = undo.slot(shard, memory.nodes);
  const begun = frame !== undefined && i < frame.count && slot.holds(frame.firstSequence + frame.sequenceDelta[i]!);
  if (begun) slot.restore();
  rebuildShard(memory, projections, shard);
  if (begun) {
    projections.apply(frame, i, frame.firstSequence);
    ring.eventsApplied = i + 1;
  }
  // What the events that are applied tell the watchers counts; the rest is told when they are applied.
  outboxes[shard]!.settle(nextSequence(ring, frame));
  if (outboxes[shard]!.mustTell()) control.announceProgress();
  if (frame !== undefined) recount(control, shard, ring, frame);
  lock.releaseWrite(shard, thread);
}

/** Rows of the shard's graphs, whatever their state: every row that was ever used. */
export function graphRowsOf(memory: EngineMemory, shard: number): number[] {
  const { graphs, graphBook } = memory;
  const rows: number[] = [];
  for (let graph = shard; graph < graphs.state.length; graph += memory.shards) {
    // Rows are handed out in order, so the first never used ends the search.
    if (graphs.state[graph] === GraphState.unknown && graphBook.generation[graph] === 0) break;
    rows.push(graph);
  }
  return rows;
}

/** Publish sequence of the first event that is not applied, as far as is known. */
function nextSequence(ring: FrameRing, frame: FrameView | undefined): number {
  if (frame === undefined) return Number.POSITIVE_INFINITY;
  const next = ring.eventsApplied;
  if (next < frame.count) return frame.firstSequence + frame.sequenceDelta[next]!;
  return frame.firstSequence + frame.sequenceDelta[next - 1]! + 1;
}

/** The counts of the events that are applied of the ring's current frame, whatever the lost owner had counted. */
function recount(control: Control, shard: number, ring: FrameRing, frame: FrameView): void {
  const end = ring.eventsApplied;
  let applied = 0;
  let edgeUpserts = 0;
  for (let i = 0; i < end; i++) {
    if ((frame.presence[i]! & Presence.implicit) === 0) applied++;
    if (frame.type[i] === EventType.edgeUpserted) edgeUpserts++;
  }
  control.recount(shard, ring.appliedPosition(), applied, edgeUpserts);
}

/** Trees, adjacency, counters, the catalogue, heaps' free lists and the queue of removed graphs, from the columns. Write lock held. */
export function rebuildShard(memory: EngineMemory, projections: ShardProjections, shard: number): void {
  const { graphs, nodes, nodeBook, heaps } = memory;
  const graphsOfShard = graphRowsOf(memory, shard);
  projections.trees.clear(graphsOfShard);
  graphs.firstDead[shard] = 0;
  for (const graph of graphsOfShard) {
    graphs.order[graph] = 0;
    graphs.size[graph] = 0;
    if (graphs.state[graph] !== GraphState.dead) continue;
    graphs.cursor[graph] = nodeBook.first[graph]!;
    graphs.nextDead[graph] = graphs.firstDead[shard]!;
    graphs.firstDead[shard] = graph + 1;
  }
  const rowsByGraph = new Map<number, number[]>();
  const data: number[] = [];
  for (let row = 0; row < nodes.flags.length; row++) {
    const graph = nodeBook.graph[row]! - 1;
    // Blocks of rows are handed out in order: a block that was never touched ends the search.
    if (graph < 0 && row % 4096 === 0 && untouched(memory, row)) break;
    if (graph < 0 || graph % memory.shards !== shard) continue;
    projections.trees.forget(row);
    projections.edges.resetRow(row);
    if ((nodes.flags[row]! & NodeFlag.alive) === 0) continue;
    if (nodes.data[row] !== 0) data.push(nodes.data[row]! - 1);
    if (graphs.state[graph] !== GraphState.alive) continue;
    graphs.order[graph]!++;
    const position = positionFlags(graphs.options[graph]!);
    if ((nodes.flags[row]! & position) !== position) continue;
    const rows = rowsByGraph.get(graph);
    if (rows === undefined) rowsByGraph.set(graph, [row]);
    else rows.push(row);
  }
  for (const [graph, rows] of rowsByGraph) projections.trees.bulkLoad(graph, Uint32Array.from(rows), nodes);
  const shapes = projections.zones.rebuild(graphsOfShard, memory.zones.graph.length);
  heaps[shard]!.rebuild(Uint32Array.from([...data, ...shapes]).sort());
  const edges = projections.edges;
  edges.rebuild();
  for (let edge = edges.nextLive(0); edge >= 0; edge = edges.nextLive(edge + 1)) {
    graphs.size[nodeBook.graph[edges.views.source[edge]!]! - 1]!++;
  }
  projections.catalog.rebuild(graphsOfShard.filter((graph) => graphs.state[graph] === GraphState.alive));
}

/** Whether the row and the 8,192 behind it were never bound. */
function untouched(memory: EngineMemory, from: number): boolean {
  const { ids, nodes } = memory;
  const until = Math.min(nodes.flags.length, from + 8192);
  for (let row = from; row < until; row++) if (nodes.born[row] !== 0 || ids.idOf(row) !== undefined) return false;
  return true;
}
