import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Engine } from '../../dist/src/engine/engine.js';
import { AthanorError, type EngineOptions, type RoamEvent, type ZoneEvent } from '../../dist/src/index.js';
import { Outbox } from '../../dist/src/ring/outbox.js';
import { Crashes } from '../support/crashes.js';
import { Simulation } from '../support/simulation.js';
import { type Happening, happenings, ZoneModel } from '../support/zone-model.js';

const SEED = Number(process.env.ATHANOR_SEED ?? 1);
const RUNS = Number(process.env.ATHANOR_RUNS ?? 40);
const GRAPHS = 3;
const RADII = [2, 5];
const CLOCK = 5_000;
const capacity = { graphs: 60, nodes: 2_000, edges: 4_000 };

const crashes = new Crashes();
const create = Outbox.create;
let slots = 16_384;
beforeAll(() => {
  crashes.install();
  // Small outboxes, whose positions wrap after some entries.
  Outbox.create = (memory) => create(memory, { slots, startPosition: -20 });
});
afterAll(() => {
  crashes.remove();
  Outbox.create = create;
});

async function publish(simulation: Simulation, engine: Engine, log: Happening[], crashEvery: number): Promise<void> {
  for (let i = 0; i < log.length; ) {
    const event = log[i]!;
    if (crashEvery > 0) crashes.in(1 + simulation.random(crashEvery));
    try {
      if (event.type === 'zone.set') engine.graph(event.graph).setZone(event.zone, event.shape);
      else if (event.type === 'zone.removed') engine.graph(event.graph).removeZone(event.zone);
      else engine.publish(event);
      i++;
    } catch (error) {
      if (!(error instanceof AthanorError) || error.code !== 'ATHANOR_BACKPRESSURE') throw error;
      await simulation.until(engine.drained());
    }
    const dice = simulation.random(30);
    if (dice < 4) await simulation.pass(simulation.random(100) / 50);
    else if (dice === 5) await simulation.until(engine.flush());
  }
}

async function run(seed: number, log: Happening[], options: EngineOptions, crashEvery: number) {
  const simulation = new Simulation(seed, crashes);
  const engine = await simulation.start({ capacity, clock: () => CLOCK, ...options });
  const told = Array.from({ length: GRAPHS }, (): ZoneEvent[] => []);
  const some: ZoneEvent[] = [];
  const roamed = Array.from({ length: GRAPHS }, () => RADII.map((): RoamEvent[] => []));
  const reading: Promise<void>[] = [];
  const read = <T>(from: AsyncIterable<T>, into: T[]): void => {
    reading.push(
      (async () => {
        for await (const event of from) into.push(event);
      })(),
    );
  };
  for (let g = 0; g < GRAPHS; g++) {
    const graph = engine.graph(`g${g}`);
    read(graph.watch({ detect: ['enter', 'exit', 'inside', 'cross'] }), told[g]!);
    for (const [r, radius] of RADII.entries()) read(graph.watchRoaming({ radius }), roamed[g]![r]!);
  }
  read(engine.graph('g1').watch({ zones: ['z3', 'z5'] }), some);
  try {
    await publish(simulation, engine, log, crashEvery);
  } finally {
    crashes.in(Number.POSITIVE_INFINITY);
  }
  await simulation.until(engine.flush());
  const { problems } = await simulation.until(engine.verify());
  const digest = await simulation.until(engine.digest());
  const { applied, published } = engine.stats();
  await simulation.until(engine.close());
  await Promise.all(reading);
  await simulation.quiesce();
  return { told, some, roamed, problems, digest, applied, published, crashes: simulation.crashes };
}

test(`every entry is told once and in order, whatever the threads do (seed ${SEED}, ${RUNS} runs)`, async () => {
  let lost = 0;
  let entries = 0;
  for (let seed = SEED; seed < SEED + RUNS; seed++) {
    const { random } = new Simulation(seed, crashes);
    const log = happenings(random, 250, GRAPHS);
    const model = new ZoneModel(RADII, CLOCK);
    for (const event of log) model.apply(event);
    const of = <T extends { graph: string }>(list: T[], g: number) =>
      list.filter(({ graph }) => graph === `g${g}`).map(({ graph: _, ...event }) => event);
    const check = (result: Awaited<ReturnType<typeof run>>, where: string): void => {
      expect(result.problems, where).toEqual([]);
      expect(result.applied, where).toBe(result.published);
      for (let g = 0; g < GRAPHS; g++) {
        expect(result.told[g], where).toEqual(of(model.told, g));
        RADII.forEach((radius, r) => {
          const wanted = of(model.roamed, g).filter((event) => event.radius === radius);
          expect(result.roamed[g]![r], where).toEqual(wanted.map(({ radius: _, ...event }) => event));
        });
      }
      const wanted = of(model.told, 1).filter(({ zone, detect }) => /^z[35]$/.test(zone) && /enter|exit/.test(detect));
      expect(result.some, where).toEqual(wanted);
    };
    slots = 16_384;
    const calm = await run(seed, log, { workers: 1, shards: 1 }, 0);
    check(calm, `seed ${seed}, calm`);
    slots = 2 ** (1 + (seed % 5));
    const rough = await run(
      seed,
      log,
      {
        workers: 1 + (seed % 4),
        shards: 1 + (seed % 8),
        batch: { maxEvents: 1 + (seed % 40), minEvents: 1, maxInFlight: 2 ** (1 + (seed % 5)), adaptive: seed % 3 > 0 },
      },
      seed % 4 === 0 ? 0 : 3000,
    );
    check(rough, `seed ${seed}, ${rough.crashes} lost threads, ${slots} slots`);
    expect(rough.digest).toBe(calm.digest);
    lost += rough.crashes;
    entries += model.told.length + model.roamed.length;
  }
  // The test is worth something only when much is told, and threads are lost.
  expect(entries).toBeGreaterThan(RUNS * 200);
  expect(lost).toBeGreaterThan(RUNS / 2);
});
