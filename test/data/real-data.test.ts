import { createReadStream, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { createGunzip } from 'node:zlib';
import { describe, expect } from 'vitest';
import {
  createEngine,
  type Engine,
  type EngineEvent,
  mapModules,
  type SummaryStatistics,
} from '../../dist/src/index.js';
import { onData } from '../support/on-data.js';

const capacity = { graphs: 100, nodes: 300_000, edges: 400_000 };

async function* rowsOf(path: string): AsyncGenerator<string[]> {
  let header = true;
  for await (const line of createInterface({ input: createReadStream(path).pipe(createGunzip()) })) {
    if (!header) yield line.split(',');
    header = false;
  }
}

async function* mapped(path: string, event: (row: string[]) => EngineEvent): AsyncGenerator<EngineEvent> {
  for await (const row of rowsOf(path)) yield event(row);
}

async function sound(engine: Engine): Promise<void> {
  expect(engine.stats().applied).toBe(engine.stats().published);
  expect(await engine.verify()).toEqual({ ok: true, problems: [] });
}

describe('real data', () => {
  onData(
    'ais/ais.csv.gz',
    'ships: reports that come late are counted, and each ship is where it was last',
    async (path) => {
      await using engine = await createEngine({ workers: 1, capacity });
      const ships = engine.graph('ships', { late: 'ignore', metric: 'haversine' });
      const last = new Map<number, { x: number; y: number; time: number }>();
      let late = 0;
      const move = (row: string[]): EngineEvent => {
        const [stamp, mmsi, y, x] = row as [string, string, string, string];
        const ship = { x: Number(x), y: Number(y), time: Date.parse(`${stamp}Z`) };
        const known = last.get(Number(mmsi));
        if (known !== undefined && ship.time < known.time) late++;
        else last.set(Number(mmsi), ship);
        return { type: 'node.moved', graph: 'ships', node: Number(mmsi), ...ship };
      };
      expect(await engine.ingest(mapped(path, move))).toBe(99_999);
      await engine.flush();
      expect(ships.order).toBe(10_631);
      expect(engine.stats().late).toBe(late);
      expect(late).toBeGreaterThan(0);
      for (const [mmsi, { x, y, time }] of last) expect(ships.node(mmsi)).toMatchObject({ x, y, time });
      // Harbours: many ships within a few kilometres, all over the coast. Distances by the other formula.
      const metres = (a: { x: number; y: number }, b: { x: number; y: number }): number => {
        const radians = Math.PI / 180;
        const dy = Math.sin(((a.y - b.y) / 2) * radians) ** 2;
        const dx = Math.sin(((a.x - b.x) / 2) * radians) ** 2;
        const h = dy + Math.cos(a.y * radians) * Math.cos(b.y * radians) * dx;
        return 2 * 6_371_008.8 * Math.asin(Math.sqrt(h));
      };
      let asked = 0;
      for (const [mmsi, { x, y }] of last) {
        if (asked++ % 50 !== 0) continue;
        const near = [...last].filter(([, other]) => metres({ x, y }, other) <= 5000);
        expect(new Set(ships.within({ x, y, radius: 5000 }).ids())).toEqual(new Set(near.map(([id]) => id)));
        expect(ships.nearest({ x, y, k: 1 }).distances?.[0], String(mmsi)).toBe(0);
      }
      await sound(engine);
    },
  );

  onData('bikeshare/trips.csv.gz', 'bikes: trips are edges between stations, counted as they come', async (path) => {
    await using engine = await createEngine({ workers: 1, shards: 4, capacity });
    const stations = engine.graph('stations');
    const trips = new Map<string, number>();
    const bikes = new Set<string>();
    async function* events(): AsyncGenerator<EngineEvent> {
      for await (const [, bike, startTime, from, endTime, to] of rowsOf(path)) {
        const route = `${from} ${to}`;
        const weight = (trips.get(route) ?? 0) + 1;
        trips.set(route, weight);
        bikes.add(bike!);
        yield { type: 'edge.upserted', graph: 'stations', source: from!, target: to!, weight, time: Number(startTime) };
        yield { type: 'node.upserted', graph: 'bikes', node: bike!, data: { at: to }, time: Number(endTime) };
      }
    }
    expect(await engine.ingest(events())).toBe(2 * 326_339);
    await engine.flush();
    expect(engine.graph('bikes').order).toBe(687);
    expect(bikes.size).toBe(687);
    expect(stations.size).toBe(trips.size);
    for (const [route, weight] of trips) {
      const [from, to] = route.split(' ') as [string, string];
      expect(stations.edge(from, to)?.weight).toBe(weight);
    }
    expect([...stations.edges()].reduce((sum, edge) => sum + edge.weight, 0)).toBe(326_339);
    await sound(engine);
  });

  onData(
    'roads/seattle-roads.co.bin',
    'roads: a city by columns, its nodes and edges as its source counts them',
    async (path) => {
      await using engine = await createEngine({ workers: 1, capacity });
      const roads = engine.graph('roads');
      const integers = (file: string): Int32Array => {
        const bytes = readFileSync(file);
        return new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
      };
      const places = integers(path);
      const pairs = integers(path.replace('.co.bin', '.gr.bin'));
      const count = places.length / 2;
      const handles = roads.handles(Array.from({ length: count }, (_, i) => i + 1));
      const x = Float64Array.from({ length: count }, (_, i) => places[2 * i]!);
      const y = Float64Array.from({ length: count }, (_, i) => places[2 * i + 1]!);
      const sources = Uint32Array.from({ length: pairs.length / 2 }, (_, i) => handles[pairs[2 * i]! - 1]!);
      const targets = Uint32Array.from({ length: pairs.length / 2 }, (_, i) => handles[pairs[2 * i + 1]! - 1]!);
      for (let done = 0; done < count; await engine.drained()) {
        done += roads.moveNodes(handles.subarray(done), x.subarray(done), y.subarray(done));
      }
      for (let done = 0; done < sources.length; await engine.drained()) {
        done += roads.upsertEdges(sources.subarray(done), targets.subarray(done));
      }
      await engine.flush();
      const distinct = new Set(Array.from(sources, (source, i) => source * 2 ** 26 + targets[i]!));
      expect([roads.order, roads.size]).toEqual([148_463, distinct.size]);
      const degrees = new Uint32Array(count);
      for (const key of distinct) degrees[(roads.id(Math.floor(key / 2 ** 26)) as number) - 1]!++;
      for (let i = 0; i < count; i += 997) expect(roads.degree(i + 1, { direction: 'out' })).toBe(degrees[i]);
      await sound(engine);
    },
  );

  for (const [name, graphs, nodes, edges, components, triangles] of [
    ['MUTAG', 188, 3371, 3721, 188, 0],
    ['PROTEINS', 1113, 43_471, 81_044, 1200, 30_501],
    ['NCI1', 4110, 122_747, 132_753, 4879, 186],
  ] as const) {
    onData(`tudataset/${name}.txt.gz`, `${name}: its totals, by graphs.map`, async (path) => {
      await using engine = await createEngine({
        workers: 2,
        capacity: { graphs: 5000, nodes: 150_000, edges: 300_000 },
      });
      await engine.ingest(labelledGraphs(path));
      await engine.flush();
      const total = { graphs: 0, nodes: 0, edges: 0, components: 0, triangles: 0, ends: 0 };
      const data = { undirected: true };
      for await (const { result } of engine.graphs.map<SummaryStatistics>(mapModules.summary, { data })) {
        total.graphs++;
        total.nodes += result.nodes;
        total.edges += result.edges;
        total.components += result.components;
        total.triangles += result.triangles;
        result.degrees.forEach((count, degree) => {
          total.ends += count * degree;
        });
      }
      expect(total).toEqual({ graphs, nodes, edges, components, triangles, ends: 2 * edges });
      await sound(engine);
    });
  }
});

/** A file's graphs: their number; of each `nodes label`, then a line a node, `tag degree neighbours…`. */
async function* labelledGraphs(path: string): AsyncGenerator<EngineEvent> {
  let left = 0;
  let graph = -2;
  let node = 0;
  for await (const line of createInterface({ input: createReadStream(path).pipe(createGunzip()) })) {
    const numbers = line.trim().split(/\s+/).map(Number);
    if (left > 0) {
      yield { type: 'node.upserted', graph: `g${graph}`, node };
      for (const target of numbers.slice(2, 2 + numbers[1]!)) {
        yield { type: 'edge.upserted', graph: `g${graph}`, source: node, target };
      }
      left--;
      node++;
    } else {
      graph++;
      left = graph < 0 ? 0 : numbers[0]!;
      node = 0;
    }
  }
}
