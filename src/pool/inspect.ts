import { NameOrder, TimeOrder } from '../catalog/orders.js';
import { verifyCatalog } from '../catalog/verify.js';
import { In, Out } from '../graph/shard-edges.js';
import { brokenCanariesWithin } from '../memory/region.js';
import { GraphState } from '../project/graph-columns.js';
import { NodeFlag, positionFlags } from '../project/node-columns.js';
import { verifyTree } from '../spatial/verify.js';
import { Digest, hashText } from './digest.js';
import type { EngineMemory } from './engine-memory.js';
import { digestZones, shapesOf, verifyZones } from './inspect-zones.js';
import { graphRowsOf } from './recover.js';
import { holdStill, letGo } from './still.js';

/** What the main thread asks of a worker while a shard's applying stands still. Readers are not held up. */
export interface InspectTask {
  readonly what: 'digest' | 'verify';
  /** Names of kinds by number: workers know the numbers alone. */
  readonly kinds: readonly string[];
  /** Names of zones by row, likewise. */
  readonly zones: readonly string[];
  readonly nodeRows: number;
  readonly graphRows: number;
}

export interface InspectResult {
  /** Four 32-bit sums, the same for equal states in whatever rows they stand. */
  readonly digest: readonly number[];
  readonly problems: readonly string[];
}

/**
 * Worker thread: inspects every shard in turn. `meanwhile` is called while another has the shard: one that waits for
 * recovery may have nobody else to see to it.
 */
export function inspect(
  memory: EngineMemory,
  thread: number,
  task: InspectTask,
  meanwhile: () => void = () => undefined,
): InspectResult {
  const digest = new Digest();
  const problems: string[] = [];
  for (let shard = 0; shard < memory.shards; shard++) {
    holdStill(memory, shard, thread, meanwhile);
    try {
      const now = { ...task, nodeRows: rowsEnd(memory, task.nodeRows) };
      if (task.what === 'digest') {
        digestShard(memory, shard, now, digest);
        digestZones(memory, shard, now, digest);
      } else {
        verifyShard(memory, shard, now, problems);
        problems.push(...verifyZones(memory, shard, now));
      }
    } finally {
      letGo(memory, shard);
    }
  }
  if (task.what === 'verify') problems.push(...brokenCanariesWithin(memory.token));
  return { digest: Array.from(digest.sums), problems };
}

/** Rows that are looked at beyond the last that is known to be used: blocks that shards have, and none of whose rows is. */
const LOOK_AHEAD_ROWS = 8192;

/** End of the rows in use: since the task was given, events may have been applied to rows beyond those that it names. */
function rowsEnd(memory: EngineMemory, from: number): number {
  const { graph } = memory.nodeBook;
  const { born } = memory.nodes;
  let end = from;
  for (let row = from; row < born.length && row < end + LOOK_AHEAD_ROWS; row++) {
    if (graph[row] !== 0 || born[row] !== 0) end = row + 1;
  }
  return end;
}

// ------------------------------------------------------------ digest

function digestShard(memory: EngineMemory, shard: number, task: InspectTask, digest: Digest): void {
  const { graphs, nodes, names, ids, nodeBook } = memory;
  const kinds = task.kinds.map(hashText);
  const edges = memory.edgesOf(shard);
  const isAlive = (graph: number): boolean => graph >= 0 && graphs.state[graph] === GraphState.alive;
  for (let graph = shard; graph < task.graphRows; graph += memory.shards) {
    if (!isAlive(graph)) continue;
    digest.begin(1);
    digest.u32(names.mixId(graph, 1));
    digest.u32(graphs.options[graph]!);
    digest.f64(graphs.radius[graph]!);
    digest.f64(graphs.created[graph]!);
    digest.end();
  }
  const heap = memory.heaps[shard]!;
  for (let row = 0; row < task.nodeRows; row++) {
    const graph = nodeBook.graph[row]! - 1;
    const flags = nodes.flags[row]!;
    if ((flags & NodeFlag.alive) === 0 || graph % memory.shards !== shard || !isAlive(graph)) continue;
    digest.begin(2);
    digest.u32(names.mixId(graph, 1));
    digest.u32(ids.mixId(row, 1));
    digest.u32(ids.mixId(row, 2));
    digest.u32(flags);
    digest.u32(kinds[nodes.kind[row]!]!);
    if ((flags & NodeFlag.x) !== 0) digest.f64(nodes.x[row]!);
    if ((flags & NodeFlag.y) !== 0) digest.f64(nodes.y[row]!);
    if ((flags & NodeFlag.z) !== 0) digest.f64(nodes.z[row]!);
    if ((flags & NodeFlag.w) !== 0) digest.f64(nodes.w[row]!);
    digest.f64(nodes.time[row]!);
    const data = nodes.data[row]!;
    if (data !== 0) {
      const start = heap.startOf(data - 1);
      for (let at = start; at < start + heap.lengthOf(data - 1); at++) digest.u32(heap.bytes[at]!);
    }
    digest.end();
  }
  const { views } = edges;
  for (let edge = edges.nextLive(0); edge >= 0; edge = edges.nextLive(edge + 1)) {
    const graph = nodeBook.graph[views.source[edge]!]! - 1;
    if (!isAlive(graph)) continue;
    digest.begin(3);
    digest.u32(names.mixId(graph, 1));
    for (const end of [views.source[edge]!, views.target[edge]!]) {
      digest.u32(ids.mixId(end, 1));
      digest.u32(ids.mixId(end, 2));
    }
    digest.u32(kinds[views.kind[edge]!]!);
    digest.f64(views.weight[edge]!);
    digest.f64(views.time[edge]!);
    digest.end();
  }
}

// ------------------------------------------------------------ verify

function verifyShard(memory: EngineMemory, shard: number, task: InspectTask, problems: string[]): void {
  const { graphs, nodes, nodeBook, spatial } = memory;
  const order = new Map<number, number>();
  const size = new Map<number, number>();
  const positions = new Map<number, number>();
  const data = shapesOf(memory, shard);
  const edges = memory.edgesOf(shard);
  const add = (counts: Map<number, number>, key: number): void => void counts.set(key, (counts.get(key) ?? 0) + 1);
  const degrees = [new Map<number, number>(), new Map<number, number>()] as const;
  for (let edge = edges.nextLive(0); edge >= 0; edge = edges.nextLive(edge + 1)) {
    const { source, target, kind } = edges.views;
    const graph = nodeBook.graph[source[edge]!]! - 1;
    if (graphs.state[graph] !== GraphState.alive) continue;
    add(size, graph);
    add(degrees[Out], source[edge]!);
    add(degrees[In], target[edge]!);
    if (edges.find(source[edge]!, target[edge]!, kind[edge]!) !== edge)
      problems.push(`edge row ${edge} is not found by its ends`);
  }
  for (let row = 0; row < task.nodeRows; row++) {
    const graph = nodeBook.graph[row]! - 1;
    if (graph < 0 || graph % memory.shards !== shard) continue;
    const flags = nodes.flags[row]!;
    if ((flags & NodeFlag.alive) === 0) continue;
    // A removed graph keeps its data until its rows are reclaimed.
    if (nodes.data[row] !== 0) data.push(nodes.data[row]! - 1);
    if (graphs.state[graph] !== GraphState.alive) continue;
    add(order, graph);
    const position = positionFlags(graphs.options[graph]!);
    if ((flags & position) === position) add(positions, graph);
    for (const direction of [Out, In]) {
      const expected = degrees[direction]!.get(row) ?? 0;
      const found = edges.degree(row, direction);
      if (found !== expected)
        problems.push(`row ${row}: ${found} ${direction === Out ? 'out' : 'in'}-edges listed, ${expected} there`);
    }
  }
  problems.push(...edges.verify());
  problems.push(...memory.heaps[shard]!.verify(Uint32Array.from(data).sort()));
  for (let graph = shard; graph < task.graphRows; graph += memory.shards) {
    if (graphs.state[graph] !== GraphState.alive) continue;
    const name = String(memory.names.idOf(graph));
    if (graphs.order[graph] !== (order.get(graph) ?? 0))
      problems.push(`graph '${name}': order ${graphs.order[graph]}, nodes ${order.get(graph) ?? 0}`);
    if (graphs.size[graph] !== (size.get(graph) ?? 0))
      problems.push(`graph '${name}': size ${graphs.size[graph]}, edges ${size.get(graph) ?? 0}`);
    if (spatial.index.count[graph] !== (positions.get(graph) ?? 0)) {
      problems.push(
        `graph '${name}': ${spatial.index.count[graph]} points in its r-tree, ${positions.get(graph) ?? 0} nodes with a position`,
      );
    }
    problems.push(
      ...verifyTree(spatial, shard, graph, graphs.options[graph]!, (row) => {
        const placed = NodeFlag.alive | positionFlags(graphs.options[graph]!);
        const isPlaced = (nodes.flags[row]! & placed) === placed && nodeBook.graph[row] === graph + 1;
        return isPlaced ? [nodes.x[row]!, nodes.y[row]!, nodes.z[row]!] : undefined;
      }),
    );
  }
  // Not from the task: graphs may have been created since it was given.
  const alive = graphRowsOf(memory, shard).filter((graph) => graphs.state[graph] === GraphState.alive);
  const orders = { names: new NameOrder(memory.names), times: new TimeOrder(graphs.created, graphs.born) };
  problems.push(...verifyCatalog(memory.catalogOf(shard), graphs, alive, orders));
}
