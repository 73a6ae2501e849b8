import { GraphState } from '../project/graph-columns.js';
import { NodeFlag } from '../project/node-columns.js';
import { decodeShape } from '../zones/decode.js';
import { clearance, contains } from '../zones/geometry.js';
import { Safe } from '../zones/layout.js';
import { geometryOf } from '../zones/space.js';
import { type Digest, hashText } from './digest.js';
import type { EngineMemory } from './engine-memory.js';
import type { InspectTask } from './inspect.js';

/** Zone rows of the shard, those of removed graphs included. */
function rowsOf(memory: EngineMemory, shard: number): number[] {
  const { graph } = memory.zones;
  const rows: number[] = [];
  for (let row = 0; row < graph.length; row++) {
    if (graph[row] !== 0 && (graph[row]! - 1) % memory.shards === shard) rows.push(row);
  }
  return rows;
}

/** Refs of the shapes in the shard's heap. */
export function shapesOf(memory: EngineMemory, shard: number): number[] {
  return rowsOf(memory, shard).map((row) => memory.zones.shape[row]! - 1);
}

/** Zones by graph, name and shape: rows are not the same in every run. */
export function digestZones(memory: EngineMemory, shard: number, task: InspectTask, digest: Digest): void {
  const { graphs, names, zones } = memory;
  const heap = memory.heaps[shard]!;
  for (const row of rowsOf(memory, shard)) {
    const graph = zones.graph[row]! - 1;
    if (graphs.state[graph] !== GraphState.alive) continue;
    digest.begin(4);
    digest.u32(names.mixId(graph, 1));
    digest.u32(hashText(task.zones[row] ?? ''));
    const ref = zones.shape[row]! - 1;
    const start = heap.startOf(ref);
    const shape: Record<string, unknown> = { ...decodeShape(heap.bytes, start, start + heap.lengthOf(ref)) };
    // A shape is the same in whatever order its fields were given.
    for (const field of Object.keys(shape).sort()) {
      digest.u32(hashText(field));
      const value = shape[field];
      if (typeof value === 'string') digest.u32(hashText(value));
      else for (const number of [value].flat(2)) digest.f64(number as number);
    }
    digest.end();
  }
}

/** Holds lists of zones, versions and safe balls against the zones' shapes. */
export function verifyZones(memory: EngineMemory, shard: number, task: InspectTask): string[] {
  const { graphs, nodes, nodeBook, zones: columns } = memory;
  const problems: string[] = [];
  const set = new Map<number, Set<number>>();
  for (const row of rowsOf(memory, shard)) {
    const graph = columns.graph[row]! - 1;
    const rows = set.get(graph);
    if (rows === undefined) set.set(graph, new Set([row]));
    else rows.add(row);
  }
  for (let graph = shard; graph < task.graphRows; graph += memory.shards) {
    if (graphs.state[graph] !== GraphState.alive) continue;
    const rows = set.get(graph) ?? new Set();
    const name = String(memory.names.idOf(graph));
    let listed = 0;
    for (let zone = columns.first[graph]!; zone !== 0 && listed <= rows.size; zone = columns.next[zone - 1]!) {
      listed++;
      if (!rows.has(zone - 1)) problems.push(`graph '${name}': zone row ${zone - 1} is listed and not set`);
    }
    if (listed !== rows.size) problems.push(`graph '${name}': ${listed} zones listed, ${rows.size} set`);
    if ((columns.version[graph] !== 0) !== rows.size > 0)
      problems.push(`graph '${name}': version ${columns.version[graph]} with ${rows.size} zones`);
  }
  if (set.size === 0) return problems;
  const shardZones = memory.zonesOf(shard);
  for (let row = 0; row < task.nodeRows; row++) {
    const graph = nodeBook.graph[row]! - 1;
    const at = row * Safe.stride;
    const version = columns.safe[at + Safe.version]!;
    if (graph < 0 || version === 0 || version !== columns.version[graph] || !set.has(graph)) continue;
    if ((nodes.flags[row]! & NodeFlag.alive) === 0 || graphs.state[graph] !== GraphState.alive) continue;
    const space = geometryOf(graphs.options[graph]!, graphs.radius[graph]!);
    const zones = shardZones.of(graph, space)!;
    const x = columns.safe[at + Safe.x]!;
    const y = columns.safe[at + Safe.y]!;
    const z = columns.safe[at + Safe.z]!;
    const inner = Math.sqrt(Math.max(0, columns.safe[at + Safe.square]!));
    const outer = Math.sqrt(Math.max(0, columns.safe[at + Safe.outer]!));
    const nearest = columns.safe[at + Safe.nearest]! - 1;
    zones.along(x, y, x, y, outer);
    let inside = 0;
    for (let k = 0; k < zones.foundCount; k++) {
      const zone = zones.found[k]!;
      const ball = zone.row === nearest ? inner : outer;
      const border = clearance(zone, space, x, y, z);
      if (ball > 0 && border < ball)
        problems.push(
          `row ${row}: the border of zone row ${zone.row} is ${border} from its safe ball's centre of ${ball}`,
        );
      if (contains(zone, space, x, y, z)) inside |= zone.row === nearest ? 1 : 3;
    }
    if (columns.safe[at + Safe.inside] !== inside)
      problems.push(`row ${row}: inside is ${columns.safe[at + Safe.inside]} in its safe ball, and ${inside}`);
  }
  return problems;
}
