import { createReadStream, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { createGunzip, gunzipSync } from 'node:zlib';
import { parse } from 'csv-parse/sync';
import { describe, expect } from 'vitest';
import { createEngine, type Engine, type EngineEvent, type Graph, type NodeValues } from '../../dist/src/index.js';
import { onData } from '../support/on-data.js';

/** Figures that others have published about these graphs, through the engine: events, flush, jobs. */

const capacity = { graphs: 10, nodes: 300_000, edges: 400_000 };

async function* linesOf(path: string): AsyncGenerator<string> {
  for await (const line of createInterface({ input: createReadStream(path).pipe(createGunzip()) })) {
    if (line !== '' && !line.startsWith('#')) yield line;
  }
}

async function* edgesOf(path: string): AsyncGenerator<EngineEvent> {
  for await (const line of linesOf(path)) {
    const [source, target] = line.split(/\s+/).map(Number);
    yield { type: 'edge.upserted', graph: 'edges', source: source!, target: target! };
  }
}

async function loaded(engine: Engine, path: string): Promise<Graph> {
  await engine.ingest(edgesOf(path));
  await engine.flush();
  return engine.graph('edges');
}

/** Sizes of the groups with one label, largest first. */
function sizes(labels: NodeValues): number[] {
  const counts = new Map<number, number>();
  for (const label of labels.values) counts.set(label, (counts.get(label) ?? 0) + 1);
  return [...counts.values()].sort((a, b) => b - a);
}

function mean(values: NodeValues): number {
  return values.values.reduce((sum, value) => sum + value, 0) / values.length;
}

describe('published figures', () => {
  onData('snap/wiki-Vote.txt.gz', 'wiki-Vote', async (path) => {
    await using engine = await createEngine({ workers: 2, capacity });
    const votes = await loaded(engine, path);
    expect([votes.order, votes.size]).toEqual([7115, 103_689]);
    expect(sizes(await votes.weaklyConnectedComponents())[0]).toBe(7066);
    expect(sizes(await votes.stronglyConnectedComponents())[0]).toBe(1300);
    expect(await votes.triangles()).toBe(608_389);
    expect(mean(await votes.localClustering({ direction: 'both' }))).toBeCloseTo(0.1409, 4);
    // The longest of all shortest paths is 7 (read as undirected): no search sees more, and one from 30 comes near.
    const hops = await votes.bfs(30, { direction: 'both' });
    const reached = hops.values.filter((value) => value !== Number.POSITIVE_INFINITY);
    expect(reached.length).toBe(7066);
    expect(reached.reduce((most, value) => Math.max(most, value), 0)).toBeLessThanOrEqual(7);
    const ranks = await votes.pageRank();
    expect(ranks.top(1)[0]![0]).toBe(4037);
    expect(ranks.values.reduce((sum, rank) => sum + rank, 0)).toBeCloseTo(1, 9);
  });

  onData('snap/facebook_combined.txt.gz', 'facebook', async (path) => {
    await using engine = await createEngine({ workers: 2, capacity });
    const friends = await loaded(engine, path);
    expect([friends.order, friends.size]).toEqual([4039, 88_234]);
    expect(sizes(await friends.weaklyConnectedComponents())).toEqual([4039]);
    expect(await friends.triangles()).toBe(1_612_010);
    expect(mean(await friends.localClustering({ direction: 'both' }))).toBeCloseTo(0.6055, 4);
    // Its diameter is 8.
    const hops = await friends.bfs(0, { direction: 'both' });
    expect(hops.values.reduce((most, value) => Math.max(most, value), 0)).toBeLessThanOrEqual(8);
  });

  onData('openflights/routes.dat.gz', 'OpenFlights: routes of airlines, by kind and all together', async (path) => {
    await using engine = await createEngine({ workers: 2, capacity });
    const known = new Set(rowsOf(path.replace('routes', 'airports')).map(([id]) => id!));
    const routes = rowsOf(path).filter(([, , , from, , to]) => known.has(from!) && known.has(to!));
    await engine.ingest(
      routes.map(([kind, , , source, , target]): EngineEvent => {
        return { type: 'edge.upserted', graph: 'routes', source: source!, target: target!, kind: kind! };
      }),
    );
    await engine.flush();
    const graph = engine.graph('routes');
    const wcc = await graph.weaklyConnectedComponents();
    expect(sizes(wcc)).toEqual([3188, 10, 4, 4, 4, 2, 2]);
    // Between two airports many airlines fly: that is one neighbour. The engine's own walk over the columns knows them too.
    const pairs = new Set(routes.map(([, , , from, , to]) => `${from} ${to}`));
    expect(pairs.size).toBe(36_907);
    const hops = await graph.bfs('507');
    expect(hops.values.filter((value) => value === 1).length).toBe(graph.neighbors('507', { direction: 'out' }).length);
    const british = sizes(await graph.weaklyConnectedComponents({ kind: 'BA' }));
    const served = new Set(routes.filter(([kind]) => kind === 'BA').flatMap(([, , , from, , to]) => [from, to]));
    expect(british[0]).toBe(served.size);
  });

  for (const [city, nodes, edges, components] of [
    ['amsterdam', 68_213, 76_718, 58],
    ['seattle', 148_463, 173_187, 163],
  ] as const) {
    onData(`roads/${city}-roads.gr.bin`, `roads of ${city}: ${components} components`, async (path) => {
      await using engine = await createEngine({ workers: 2, capacity });
      const pairs = integers(path);
      expect(pairs.length / 2).toBe(edges);
      const roads = engine.graph('roads');
      const handles = roads.handles(Array.from({ length: nodes }, (_, i) => i + 1));
      const places = integers(path.replace('.gr.bin', '.co.bin'));
      const x = Float64Array.from({ length: nodes }, (_, i) => places[2 * i]!);
      const y = Float64Array.from({ length: nodes }, (_, i) => places[2 * i + 1]!);
      for (let done = 0; done < nodes; await engine.drained()) {
        done += roads.moveNodes(handles.subarray(done), x.subarray(done), y.subarray(done));
      }
      const sources = Uint32Array.from({ length: edges }, (_, i) => handles[pairs[2 * i]! - 1]!);
      const targets = Uint32Array.from({ length: edges }, (_, i) => handles[pairs[2 * i + 1]! - 1]!);
      const weights = Float64Array.from({ length: edges }, (_, i) => {
        const [a, b] = [pairs[2 * i]! - 1, pairs[2 * i + 1]! - 1];
        return Math.hypot(x[a]! - x[b]!, y[a]! - y[b]!);
      });
      for (let done = 0; done < edges; await engine.drained()) {
        done += roads.upsertEdges(sources.subarray(done), targets.subarray(done), weights.subarray(done));
      }
      await engine.flush();
      expect(roads.order).toBe(nodes);
      const labels = await roads.weaklyConnectedComponents();
      expect(sizes(labels).length).toBe(components);
      // From one crossing as far as the roads lead: just what is in its component, never nearer than the straight line.
      const start = Number(roads.id(labels.values[0]!));
      const far = await roads.shortestPaths(start, { direction: 'both' });
      let reached = 0;
      for (let node = 1; node <= nodes; node++) {
        const distance = far.get(node)!;
        const straight = Math.hypot(x[node - 1]! - x[start - 1]!, y[node - 1]! - y[start - 1]!);
        if (distance === Number.POSITIVE_INFINITY) continue;
        reached++;
        if (distance < straight - 1e-6) throw new Error(`${node} is ${straight} m away, by road ${distance} m`);
      }
      expect(reached).toBe(labels.values.filter((label) => label === labels.values[0]).length);
      const [[goal, distance]] = far.top(nodes).filter(([, value]) => value !== Number.POSITIVE_INFINITY) as [
        [number, number],
      ];
      const path2 = (await roads.shortestPath(start, goal, { direction: 'both' }))!;
      expect(path2.length).toBeCloseTo(distance, 6);
      expect([path2.nodes[0], path2.nodes.at(-1)]).toEqual([start, goal]);
      let walked = 0;
      for (let i = 1; i < path2.nodes.length; i++) {
        const [a, b] = [path2.nodes[i - 1]!, path2.nodes[i]!];
        walked += (roads.edge(a, b) ?? roads.edge(b, a))!.weight;
      }
      expect(walked).toBeCloseTo(distance, 6);
    });
  }
});

function rowsOf(path: string): string[][] {
  return parse(gunzipSync(readFileSync(path)), { relax_column_count: true });
}

function integers(path: string): Int32Array {
  const bytes = readFileSync(path);
  return new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
}
