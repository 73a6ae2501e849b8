import { GraphState } from '../project/graph-columns.js';
import { NodeFlag } from '../project/node-columns.js';
import { EventType, Presence } from '../schema/frame.js';
import type { EngineMemory } from './engine-memory.js';
import type { ShardProjections } from './projections.js';

/**
 * Worker thread that claimed a shard whose owner `from` was lost (its exit has been seen). Undoes the event it may have
 * been in the middle of, and makes everything anew that is derived from the columns. The event is applied again as the
 * first of what is left; readers are let in when that state is whole.
 */
export function recoverShard(
  memory: EngineMemory,
  projections: ShardProjections,
  shard: number,
  from: number,
  thread: number,
): void {
  const { lock, rings, undo } = memory;
  lock.takeOver(shard, from, thread);
  const ring = rings[shard]!;
  const frame = ring.peek();
  if (frame !== undefined) {
    const i = ring.eventsApplied;
    const slot = undo.slot(shard, memory.nodes);
    if (i < frame.count && slot.holds(frame.firstSequence + frame.sequenceDelta[i]!)) slot.restore();
    let applied = 0;
    let edgeUpserts = 0;
    for (let before = 0; before < i; before++) {
      if ((frame.presence[before]! & Presence.implicit) === 0) applied++;
      if (frame.type[before] === EventType.edgeUpserted) edgeUpserts++;
    }
    memory.control.recount(shard, ring.appliedPosition(), applied, edgeUpserts);
  }
  rebuildShard(memory, projections, shard);
  lock.releaseWrite(shard, thread);
}

/** Trees, adjacency, counters, heaps' free lists and the queue of removed graphs, from the columns. Write lock held. */
export function rebuildShard(memory: EngineMemory, projections: ShardProjections, shard: number): void {
  const { graphs, nodes, nodeBook, heaps } = memory;
  const graphsOfShard: number[] = [];
  for (let graph = shard; graph < graphs.state.length; graph += memory.shards) {
    // Rows are handed out in order, so the first never used ends the search.
    if (graphs.state[graph] === GraphState.unknown && memory.graphBook.generation[graph] === 0) break;
    graphsOfShard.push(graph);
  }
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
    if ((nodes.flags[row]! & NodeFlag.position) !== NodeFlag.position) continue;
    const rows = rowsByGraph.get(graph);
    if (rows === undefined) rowsByGraph.set(graph, [row]);
    else rows.push(row);
  }
  for (const [graph, rows] of rowsByGraph) {
    const xs = Float64Array.from(rows, (row) => nodes.x[row]!);
    const ys = Float64Array.from(rows, (row) => nodes.y[row]!);
    projections.trees.bulkLoad(graph, Uint32Array.from(rows), xs, ys, rows.length);
  }
  heaps[shard]!.rebuild(Uint32Array.from(data).sort());
  const edges = projections.edges;
  edges.rebuild();
  for (let edge = edges.nextLive(0); edge >= 0; edge = edges.nextLive(edge + 1)) {
    graphs.size[edges.views.graph[edge]! - 1]!++;
  }
}

/** Whether the row and the 8,192 behind it were never bound. */
function untouched(memory: EngineMemory, from: number): boolean {
  const { ids, nodes } = memory;
  const until = Math.min(nodes.flags.length, from + 8192);
  for (let row = from; row < until; row++) if (nodes.born[row] !== 0 || ids.idOf(row) !== undefined) return false;
  return true;
}
