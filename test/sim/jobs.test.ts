import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Engine } from '../../dist/src/engine/engine.js';
import { AthanorError, type EngineEvent } from '../../dist/src/index.js';
import { Crashes } from '../support/crashes.js';
import { JobEnds, told } from '../support/job-ends.js';
import { Simulation } from '../support/simulation.js';

const SEED = Number(process.env.ATHANOR_SEED ?? 1);
const RUNS = Number(process.env.ATHANOR_RUNS ?? 40);
const capacity = { graphs: 60, nodes: 4_000, edges: 1_000 };
const crashes = new Crashes();
beforeAll(() => crashes.install());
afterAll(() => crashes.remove());

interface Point {
  readonly id: number;
  readonly x: number;
  readonly y: number;
}

/** Whatever else happens, this graph does not change: every job has one right answer. */
function stillPoints(simulation: Simulation, count: number): Point[] {
  return Array.from({ length: count }, (_, id) => ({ id, x: simulation.random(20), y: simulation.random(20) }));
}

function eventOf(simulation: Simulation, time: number): EngineEvent {
  const graph = `g${simulation.random(4)}`;
  const node = simulation.random(60);
  const dice = simulation.random(100);
  if (dice < 80) return { type: 'node.moved', graph, node, x: simulation.random(50), y: simulation.random(50), time };
  if (dice < 98) return { type: 'node.removed', graph, node, time };
  return { type: 'graph.removed', graph, time };
}

async function stream(simulation: Simulation, engine: Engine, steps: number, crashEvery: number): Promise<void> {
  for (let step = 0; step < steps; step++) {
    if (crashEvery > 0 && simulation.random(4) === 0) crashes.in(1 + simulation.random(crashEvery));
    for (let i = simulation.random(20); i > 0; i--) {
      try {
        engine.publish(eventOf(simulation, step));
      } catch (error) {
        if (!(error instanceof AthanorError) || error.code !== 'ATHANOR_BACKPRESSURE') throw error;
        break;
      }
    }
    await simulation.pass(simulation.random(30) / 10);
  }
}

/** Starts jobs one beside the other; each resolves when its answer was found right, or with the code it failed with. */
function jobs(simulation: Simulation, engine: Engine, points: readonly Point[]): Array<Promise<string>> {
  const graph = engine.graph('still');
  const count = 1 + simulation.random(150);
  const x = Float64Array.from({ length: count }, () => simulation.random(20));
  const y = Float64Array.from({ length: count }, () => simulation.random(20));
  const radius = Float64Array.from({ length: count }, () => simulation.random(6));
  const distance = (a: Point, bx: number, by: number): number => Math.sqrt((a.x - bx) ** 2 + (a.y - by) ** 2);
  const signal = simulation.random(6) === 0 ? new AbortController() : undefined;
  if (signal !== undefined) simulation.at(simulation.random(30) / 10, () => signal.abort());
  const options = signal === undefined ? {} : { signal: signal.signal };
  const within = async (): Promise<void> => {
    const { offsets, handles } = await graph.withinMany({ x, y, radius }, options);
    for (let i = 0; i < count; i++) {
      const found = [...handles.subarray(offsets[i], offsets[i + 1])].map((handle) => graph.id(handle));
      const wanted = points.filter((point) => distance(point, x[i]!, y[i]!) <= radius[i]!).map(({ id }) => id);
      expect(found.sort()).toEqual(wanted.sort());
    }
  };
  const nearest = async (): Promise<void> => {
    const { offsets, distances } = await graph.nearestMany({ x, y, k: 4 }, options);
    for (let i = 0; i < count; i++) {
      const wanted = points.map((point) => distance(point, x[i]!, y[i]!)).sort((a, b) => a - b);
      expect([...distances!.subarray(offsets[i], offsets[i + 1])]).toEqual(wanted.slice(0, 4));
    }
  };
  const pairs = async (): Promise<void> => {
    const { sources, targets } = await graph.pairsWithin(1, options);
    const found = Array.from(sources, (source, i) => [graph.id(source), graph.id(targets[i]!)].sort().join());
    const wanted = points.flatMap((a, i) =>
      points
        .slice(0, i)
        .filter((b) => distance(a, b.x, b.y) <= 1)
        .map((b) => [a.id, b.id].sort().join()),
    );
    expect(found.sort()).toEqual(wanted.sort());
  };
  const some = [within, nearest, pairs].filter(() => simulation.random(3) > 0);
  return some.map((job) => told(job()));
}

test(`jobs while events stream and threads are delayed and lost: right answers or a code, and nothing hangs (seed ${SEED})`, {
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
    const points = stillPoints(simulation, 150);
    for (const { id, x, y } of points) {
      engine.graph('still').moveNode(id, x, y);
      if (id % 40 === 0) await simulation.until(engine.flush());
    }
    await simulation.until(engine.flush());
    const crashEvery = seed % 4 === 0 ? 0 : 400;
    const running: Array<Promise<string>> = [];
    for (let round = 0; round < 3; round++) {
      running.push(...jobs(simulation, engine, points));
      await stream(simulation, engine, 1 + simulation.random(6), crashEvery);
    }
    await ends.take(simulation, engine, crashes, running);
  }
  ends.expect(RUNS);
});
