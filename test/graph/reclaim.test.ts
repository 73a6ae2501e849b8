import { expect, test } from 'vitest';
import { In, Out, type ShardEdges } from '../../dist/src/graph/shard-edges.js';
import { Memory } from '../../dist/src/memory/reserve.js';
import { EngineMemory } from '../../dist/src/pool/engine-memory.js';
import { ShardProjections } from '../../dist/src/pool/projections.js';
import { GraphState } from '../../dist/src/project/graph-columns.js';
import { NodeFlag } from '../../dist/src/project/node-columns.js';
import { EventType, type FrameView } from '../../dist/src/schema/frame.js';

/** Entries, rows, that a slice may deal with; a row with few edges goes whole. */
const MOST_ENTRIES = 2 * (128 + 64);
const MOST_ROWS = 128;

/** A shard with one graph of `nodes`, of which those in `hubs` are tied to all others. */
function shardOf(nodes: number, hubs: readonly number[]) {
  const memory = EngineMemory.create(new Memory(), {
    shards: 1,
    nodes,
    nodeRows: nodes,
    graphRows: 4,
    edges: hubs.length * nodes * 2 + 1,
    slots: 2,
    frameEvents: 16,
    payloadBytes: 1024,
    idBytes: 1 << 16,
    nameBytes: 1 << 16,
    dataBytes: 1 << 16,
    zoneRows: 4,
    outboxSlots: 16,
  });
  const projections = new ShardProjections(memory, 0);
  const { edges } = projections;
  memory.names.bind(0, 'g', 0);
  memory.graphs.state[0] = GraphState.alive;
  projections.catalog.addGraph(0);
  for (let row = 0; row < nodes; row++) {
    memory.nodeBook.link(row, 0);
    memory.nodes.flags[row] = NodeFlag.alive;
    memory.nodes.born[row] = 1;
    projections.catalog.addNode(0);
  }
  for (const hub of hubs) {
    for (let row = 0; row < nodes; row++) {
      edges.upsert(hub, row, 0, 1, 1, 2);
      edges.upsert(row, hub, 0, 1, 1, 2);
    }
  }
  const frame = memory.rings[0]!.claim(0)!;
  return { memory, projections, edges, frame };
}

function applyRemoval(frame: FrameView, projections: ShardProjections, type: number, row: number): void {
  frame.type[0] = type;
  frame.graph[0] = 0;
  frame.row[0] = row;
  frame.sequenceDelta[0] = 0;
  projections.apply(frame, 0, 10);
}

function entriesOf(edges: ShardEdges, nodes: number): number {
  let entries = 0;
  for (let row = 0; row < nodes; row++) entries += edges.entriesOf(row);
  return entries;
}

test('a hub of many thousands goes in one store, and what it leaves in slices of bounded work', () => {
  const nodes = 8000;
  const { projections, edges, frame } = shardOf(nodes, [5]);
  const before = entriesOf(edges, nodes);
  const count = edges.count;
  applyRemoval(frame, projections, EventType.nodeRemoved, 5);
  // Nothing but its own two lists was looked at.
  expect(edges.count).toBe(count);
  expect(before - entriesOf(edges, nodes)).toBe(2 * nodes);
  let slices = 0;
  for (let more = true; more; slices++) {
    const freed = edges.count;
    const entries = entriesOf(edges, nodes);
    more = projections.reclaim();
    expect(freed - edges.count).toBeLessThanOrEqual(MOST_ENTRIES / 2);
    expect(entries - entriesOf(edges, nodes)).toBeLessThanOrEqual(MOST_ENTRIES);
    if (slices % 50 === 0) expect(edges.verify()).toEqual([]);
  }
  expect(slices).toBeGreaterThan((2 * nodes) / MOST_ENTRIES);
  expect([edges.count, edges.pendingCascades, entriesOf(edges, nodes)]).toEqual([0, 0, 0]);
  expect(edges.verify()).toEqual([]);
});

test('a graph with hubs goes in one store, and what it leaves in slices of bounded work', () => {
  const nodes = 6000;
  const hubs = [0, 17, nodes - 1];
  const { memory, projections, edges, frame } = shardOf(nodes, hubs);
  const { flags } = memory.nodes;
  const alive = () => flags.reduce((sum, flag) => sum + (flag & 1), 0);
  const count = edges.count;
  applyRemoval(frame, projections, EventType.graphRemoved, 0);
  expect([edges.count, alive()]).toEqual([count, nodes]);
  for (let more = true; more; ) {
    const freed = edges.count;
    const rows = alive();
    more = projections.reclaim();
    // Both parts of a slice: cascades, and the graph's rows.
    expect(freed - edges.count).toBeLessThanOrEqual(MOST_ENTRIES);
    expect(rows - alive()).toBeLessThanOrEqual(MOST_ROWS);
    // Edges whose ends are there are found as long as they are.
    for (const row of [1, nodes >> 1, nodes - 2]) {
      const found = edges.find(row, hubs[2]!, 0) < edges.end;
      expect(found).toBe((flags[row]! & flags[hubs[2]!]! & 1) !== 0);
    }
  }
  expect([edges.count, edges.pendingCascades, alive()]).toEqual([0, 0, 0]);
  expect(memory.graphs.state[0]).toBe(GraphState.free);
  expect(edges.verify()).toEqual([]);
});

test('a hub waits for the cascade of another, since its edges are counted one by one until then', () => {
  const nodes = 3000;
  const { memory, projections, edges, frame } = shardOf(nodes, [1, 2]);
  memory.graphs.size[0] = edges.count;
  expect(projections.waitsForReclaim(1)).toBe(false);
  applyRemoval(frame, projections, EventType.nodeRemoved, 1);
  expect(memory.graphs.size[0]).toBe(2 * nodes - 3);
  expect([projections.waitsForReclaim(2), projections.waitsForReclaim(7)]).toEqual([true, false]);
  expect([edges.degree(2, Out), edges.degree(2, In)]).toEqual([nodes - 1, nodes - 1]);
  while (projections.reclaim());
  expect(projections.waitsForReclaim(2)).toBe(false);
  expect(edges.entriesOf(2)).toBe(2 * (nodes - 1));
  applyRemoval(frame, projections, EventType.nodeRemoved, 2);
  expect(memory.graphs.size[0]).toBe(0);
});

test('a removed graph that waits to be reclaimed takes no nodes of the graph that gets its removed nodes’ rows', () => {
  const nodes = 1000;
  const { memory, projections, edges, frame } = shardOf(nodes, []);
  const { nodeBook } = memory;
  const { flags } = memory.nodes;
  // Half of the nodes are removed one by one, then the graph: the main thread takes those out of its list.
  const removed = Array.from({ length: nodes / 2 }, (_, i) => 2 * i);
  for (const row of removed) applyRemoval(frame, projections, EventType.nodeRemoved, row);
  applyRemoval(frame, projections, EventType.graphRemoved, 0);
  projections.reclaim();
  for (const row of removed) nodeBook.unlink(row);
  // Nothing is reclaimed for a second (a watcher that is not read, say): the rows are another graph's by now.
  memory.names.bind(0, 'h', 1);
  memory.graphs.state[1] = GraphState.alive;
  projections.catalog.addGraph(1);
  for (const row of removed) {
    nodeBook.link(row, 1);
    flags[row] = NodeFlag.alive;
    memory.nodes.born[row] = 20;
    projections.catalog.addNode(1);
  }
  edges.upsert(removed[0]!, removed[1]!, 0, 1, 1, 21);
  while (projections.reclaim());
  expect(memory.graphs.state[0]).toBe(GraphState.free);
  expect(removed.every((row) => flags[row] === NodeFlag.alive)).toBe(true);
  expect(flags.reduce((sum, flag) => sum + (flag & 1), 0)).toBe(removed.length);
  expect([edges.count, edges.degree(removed[0]!, Out)]).toEqual([1, 1]);
});
