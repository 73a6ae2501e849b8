import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Engine } from '../../dist/src/engine/engine.js';
import { AthanorError, type EngineEvent, type GraphSummary } from '../../dist/src/index.js';
import { Crashes } from '../support/crashes.js';
import { Simulation } from '../support/simulation.js';

const SEED = Number(process.env.ATHANOR_SEED ?? 1);
const RUNS = Number(process.env.ATHANOR_RUNS ?? 30);
const capacity = { graphs: 400, nodes: 2_000, edges: 4_000 };

const crashes = new Crashes();
beforeAll(() => crashes.install());
afterAll(() => crashes.remove());

/** Graphs that come, grow, shrink and go: more of them than a node of an index holds. */
function logOf(seed: number, length: number): EngineEvent[] {
  const { random } = new Simulation(seed, crashes);
  return Array.from({ length }, (_, at): EngineEvent => {
    const graph = `${seed % 2 === 0 ? 'a-prefix-of-all-' : ''}${random(120)}`;
    const node = random(4);
    const time = at >>> 3;
    const dice = random(100);
    if (dice < 45) return { type: 'graph.created', graph, time };
    if (dice < 65) return { type: 'node.upserted', graph, node, time };
    if (dice < 75) return { type: 'edge.upserted', graph, source: node, target: random(4), time };
    if (dice < 80) return { type: 'node.removed', graph, node, time };
    return { type: 'graph.removed', graph, time };
  });
}

/** Every index tells of the same graphs, which are those that the graphs themselves tell of. */
function checkCatalog(engine: Engine, where: string): GraphSummary[] {
  const { graphs } = engine;
  const byName = graphs.byName();
  const key = (graph: GraphSummary): string => JSON.stringify(graph);
  const sorted = (found: GraphSummary[]): string[] => found.map(key).sort();
  const byTime = graphs.createdBetween(0, 1e9);
  const byCount = graphs.nodeCountBetween(0, 1e9);
  expect(sorted(byTime), where).toEqual(sorted(byName));
  expect(sorted(byCount), where).toEqual(sorted(byName));
  byName.forEach((graph, i) => {
    expect(graph.nodes, where).toBe(engine.graph(graph.name).order);
    expect(graph.edges, where).toBe(engine.graph(graph.name).size);
    if (i === 0) return;
    expect(byName[i - 1]!.name < graph.name, where).toBe(true);
    expect(byTime[i - 1]!.createdAt, where).toBeLessThanOrEqual(byTime[i]!.createdAt);
    expect(byCount[i - 1]!.nodes, where).toBeLessThanOrEqual(byCount[i]!.nodes);
  });
  expect(graphs.totals, where).toEqual({
    graphs: byName.length,
    nodes: byName.reduce((sum, graph) => sum + graph.nodes, 0),
    edges: byName.reduce((sum, graph) => sum + graph.edges, 0),
  });
  return byName;
}

/** The catalogue that the log ends with. */
function endOf(log: readonly EngineEvent[]): Map<string, number> {
  const created = new Map<string, number>();
  for (const { type, graph, time } of log) {
    if (type === 'graph.removed') created.delete(graph);
    else if (type !== 'node.removed' && !created.has(graph)) created.set(graph, time!);
  }
  return created;
}

test(`the catalogue is right at every moment while threads are lost (seed ${SEED}, ${RUNS} runs)`, async () => {
  let lost = 0;
  let reads = 0;
  for (let seed = SEED; seed < SEED + RUNS; seed++) {
    const simulation = new Simulation(seed, crashes);
    const log = logOf(seed, 500);
    const engine = await simulation.start({
      capacity,
      workers: 1 + (seed % 3),
      shards: 1 + (seed % 3),
      batch: { maxEvents: 1 + (seed % 40), minEvents: 1, maxInFlight: 2 ** (1 + (seed % 5)) },
    });
    simulation.onRead = () => {
      reads++;
      checkCatalog(engine, `seed ${seed}`);
    };
    for (let from = 0; from < log.length; ) {
      const part = log.slice(from, from + 1 + simulation.random(20));
      if (seed % 5 !== 0) crashes.in(1 + simulation.random(3000));
      try {
        engine.publish(part);
        from += part.length;
      } catch (error) {
        const code = error instanceof AthanorError ? error.code : '';
        if (code !== 'ATHANOR_BACKPRESSURE' && code !== 'ATHANOR_CAPACITY') throw error;
        await simulation.until(engine.drained());
      }
      if (simulation.random(3) === 0) await simulation.pass(simulation.random(100) / 50);
    }
    crashes.in(Number.POSITIVE_INFINITY);
    await simulation.until(engine.flush());
    const where = `seed ${seed}, ${simulation.crashes} lost threads`;
    const graphs = checkCatalog(engine, where);
    expect(new Map(graphs.map(({ name, createdAt }) => [name, createdAt])), where).toEqual(
      new Map([...endOf(log)].sort(([a], [b]) => (a < b ? -1 : 1))),
    );
    expect((await simulation.until(engine.verify())).problems, where).toEqual([]);
    simulation.onRead = () => undefined;
    await simulation.until(engine.close());
    await simulation.quiesce();
    lost += simulation.crashes;
  }
  // The test is worth something only when threads are lost, and readers look.
  expect(reads).toBeGreaterThan(RUNS * 3);
  expect(lost).toBeGreaterThan(RUNS / 2);
});
