import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Engine } from '../../dist/src/engine/engine.js';
import { AthanorError } from '../../dist/src/index.js';
import { Crashes } from '../support/crashes.js';
import { JobEnds, told } from '../support/job-ends.js';
import { Simulation } from '../support/simulation.js';

const SEED = Number(process.env.ATHANOR_SEED ?? 1);
const RUNS = Number(process.env.ATHANOR_RUNS ?? 40);
const capacity = { graphs: 60, nodes: 4_000, edges: 4_000 };
const NODES = 60;
const crashes = new Crashes();
beforeAll(() => crashes.install());
afterAll(() => crashes.remove());

/**
 * A token that goes round a ring: the edge in front of it is made before the one behind it is taken away. At every moment
 * there is one edge, or two with a node in common.
 */
async function pass(simulation: Simulation, engine: Engine, from: number, steps: number, crashEvery: number) {
  const graph = engine.graph('ring');
  for (let step = from; step < from + steps; step++) {
    if (crashEvery > 0 && simulation.random(4) === 0) crashes.in(1 + simulation.random(crashEvery));
    for (const change of [
      () => graph.upsertEdge((step + 1) % NODES, (step + 2) % NODES),
      () => graph.removeEdge(step % NODES, (step + 1) % NODES),
    ]) {
      for (;;) {
        try {
          change();
          break;
        } catch (error) {
          if (!(error instanceof AthanorError) || error.code !== 'ATHANOR_BACKPRESSURE') throw error;
          await simulation.pass(1);
        }
      }
      if (simulation.random(3) === 0) await simulation.pass(simulation.random(20) / 10);
    }
  }
  return from + steps;
}

function jobs(simulation: Simulation, engine: Engine, labels: readonly number[]): Array<Promise<string>> {
  const signal = simulation.random(5) === 0 ? new AbortController() : undefined;
  if (signal !== undefined) simulation.at(simulation.random(30) / 10, () => signal.abort());
  const options = signal === undefined ? {} : { signal: signal.signal };
  const still = async (): Promise<void> => {
    const graph = engine.graph('still');
    const found = await graph.weaklyConnectedComponents(options);
    expect([...found].map(([id, label]) => [id, graph.id(label)])).toEqual(labels.map((label, id) => [id, label]));
  };
  const ranks = async (): Promise<void> => {
    const { values } = await engine.graph('still').pageRank({ ...options, direction: 'both', maxIterations: 4 });
    expect(values.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 9);
  };
  const ring = async (): Promise<void> => {
    const { values } = await engine.graph('ring').weaklyConnectedComponents(options);
    const members = new Map<number, number>();
    for (const label of values) members.set(label, (members.get(label) ?? 0) + 1);
    const groups = [...members.values()].filter((count) => count > 1);
    expect(groups.length === 1 && groups[0]! <= 3, `groups of ${groups}`).toBe(true);
  };
  return [still, ranks, ring, ring].filter(() => simulation.random(3) > 0).map((job) => told(job()));
}

test(`graph jobs while edges change and threads are delayed and lost: of one moment, and nothing hangs (seed ${SEED})`, {
  timeout: 300_000,
}, async () => {
  const ends = new JobEnds();
  for (let seed = SEED; seed < SEED + RUNS; seed++) {
    const simulation = new Simulation(seed, crashes);
    const engine = await simulation.start({
      capacity,
      workers: 1 + (seed % 4),
      shards: 1 + (seed % 3),
      batch: { maxEvents: 16, maxInFlight: 8 },
    });
    // Groups by the remainder of a division: the label is the remainder.
    const groups = 2 + simulation.random(5);
    const still = engine.graph('still');
    for (let id = 0; id < 90; id++) {
      if (id < groups) still.upsertNode(id);
      else still.upsertEdge(id, id - groups);
      if (id % 10 === 0) await simulation.until(engine.flush());
    }
    const ring = engine.graph('ring');
    for (let id = 0; id < NODES; id++) ring.upsertNode(id);
    ring.upsertEdge(0, 1);
    await simulation.until(engine.flush());
    const labels = Array.from({ length: 90 }, (_, id) => id % groups);
    const crashEvery = seed % 4 === 0 ? 0 : 400;
    const running: Array<Promise<string>> = [];
    let step = 0;
    for (let round = 0; round < 3; round++) {
      running.push(...jobs(simulation, engine, labels));
      step = await pass(simulation, engine, step, 1 + simulation.random(20), crashEvery);
    }
    await ends.take(simulation, engine, crashes, running);
  }
  ends.expect(RUNS);
});
