import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Engine } from '../../dist/src/engine/engine.js';
import { AthanorError, type EngineEvent, type EngineOptions } from '../../dist/src/index.js';
import { FrameRing } from '../../dist/src/ring/ring.js';
import { Crashes } from '../support/crashes.js';
import { Simulation, SOON_MS } from '../support/simulation.js';

const SEED = Number(process.env.ATHANOR_SEED ?? 1);
const RUNS = Number(process.env.ATHANOR_RUNS ?? 60);
const capacity = { graphs: 60, nodes: 2_000, edges: 4_000 };

const crashes = new Crashes();
beforeAll(() => crashes.install());
afterAll(() => crashes.remove());

/** A log of events that the seed decides; times are given, so that it is the same whenever it is applied. */
function logOf(seed: number, length: number): EngineEvent[] {
  const { random } = new Simulation(seed, crashes);
  return Array.from({ length }, (_, time): EngineEvent => {
    const graph = `g${random(5)}`;
    const node = random(3) === 0 ? random(40) : `n${random(40)}`;
    const dice = random(100);
    if (dice < 55) return { type: 'node.moved', graph, node, x: random(50), y: random(50), time };
    if (dice < 65) {
      const data = random(2) === 0 ? undefined : { n: random(9), text: 'x'.repeat(random(60)) };
      return { type: 'node.upserted', graph, node, kind: `k${random(3)}`, ...(data && { data }), time };
    }
    if (dice < 85) return { type: 'edge.upserted', graph, source: node, target: `n${random(40)}`, weight: time, time };
    if (dice < 90) return { type: 'edge.removed', graph, source: node, target: `n${random(40)}`, time };
    if (dice < 99) return { type: 'node.removed', graph, node, time };
    return { type: 'graph.removed', graph, time };
  });
}

/** Publishes the log in parts of seeded lengths, with pauses between; waits where there is no room. */
async function publish(simulation: Simulation, engine: Engine, log: EngineEvent[], crashEvery: number): Promise<void> {
  let most = 30;
  for (let from = 0; from < log.length; ) {
    const part = log.slice(from, from + 1 + simulation.random(most));
    if (crashEvery > 0) crashes.in(1 + simulation.random(crashEvery));
    try {
      const room = engine.publish(part);
      from += part.length;
      if (!room && simulation.random(2) === 0) await simulation.until(engine.drained());
    } catch (error) {
      if (!(error instanceof AthanorError)) throw error;
      // More than the whole ring holds: in smaller parts.
      if (error.code === 'ATHANOR_CAPACITY' && most > 1) most >>= 1;
      else if (error.code === 'ATHANOR_BACKPRESSURE') await simulation.until(engine.drained());
      else throw error;
    }
    const dice = simulation.random(10);
    if (dice < 4) await simulation.pass(simulation.random(100) / 50);
    else if (dice === 4) await simulation.pass(simulation.random(40));
    else if (dice === 5) await simulation.until(engine.flush());
  }
  crashes.in(Number.POSITIVE_INFINITY);
}

async function run(seed: number, log: EngineEvent[], options: EngineOptions, crashEvery: number) {
  const simulation = new Simulation(seed, crashes);
  const engine = await simulation.start({ capacity, ...options });
  await publish(simulation, engine, log, crashEvery);
  await simulation.until(engine.flush());
  const { applied, published, queuedEvents } = engine.stats();
  const { problems } = await simulation.until(engine.verify());
  const digest = await simulation.until(engine.digest());
  await simulation.until(engine.close());
  await simulation.quiesce();
  return { applied, published, queuedEvents, problems, digest, crashes: simulation.crashes, turns: simulation.turns };
}

test(`threads delayed and lost anywhere: every event is applied once, in order (seed ${SEED}, ${RUNS} runs)`, async () => {
  let lost = 0;
  for (let seed = SEED; seed < SEED + RUNS; seed++) {
    const log = logOf(seed, 400);
    const calm = await run(seed, log, { workers: 1, shards: 1 }, 0);
    const rough = await run(
      seed,
      log,
      {
        workers: 1 + (seed % 4),
        shards: 1 + (seed % 5),
        batch: { maxEvents: 1 + (seed % 40), minEvents: 1, maxInFlight: 2 ** (1 + (seed % 5)), adaptive: seed % 3 > 0 },
      },
      seed % 4 === 0 ? 0 : 2000,
    );
    const told = `seed ${seed}, ${rough.crashes} lost threads`;
    expect(rough.problems, told).toEqual([]);
    expect(rough.applied, told).toBe(rough.published);
    expect(rough.queuedEvents, told).toBe(0);
    expect(rough.digest, told).toBe(calm.digest);
    lost += rough.crashes;
  }
  // The test is worth something only when threads are lost.
  expect(lost).toBeGreaterThan(RUNS);
});

test(`no frame stays open longer than timeoutMs (seed ${SEED})`, async () => {
  const handOver = FrameRing.prototype.publish;
  let longestMs = 0;
  FrameRing.prototype.publish = function (frames: number) {
    for (let ahead = 0; ahead < frames; ahead++) {
      const frame = this.claim(ahead)!;
      longestMs = Math.max(longestMs, frame.sealedAtMs - frame.openedAtMs);
    }
    handOver.call(this, frames);
  };
  try {
    for (const adaptive of [true, false]) {
      for (const timeoutMs of [2, 20]) {
        longestMs = 0;
        const simulation = new Simulation(SEED, crashes);
        simulation.slow = false;
        const engine = await simulation.start({ workers: 1, capacity, batch: { adaptive, timeoutMs } });
        for (let n = 0; n < 300; n++) {
          engine.graph(`g${n % 3}`).moveNode(n % 50, n, n);
          await simulation.pass(simulation.random(30) / 10);
        }
        await simulation.pass(timeoutMs + SOON_MS + 2);
        await simulation.until(engine.flush());
        expect(longestMs).toBeLessThanOrEqual(timeoutMs + SOON_MS);
        // Not adaptive, nothing but time seals such small frames.
        if (!adaptive) expect(longestMs).toBeGreaterThanOrEqual(timeoutMs);
        await simulation.until(engine.close());
      }
    }
  } finally {
    FrameRing.prototype.publish = handOver;
  }
});

test(`an idle engine applies what it is given without being asked (seed ${SEED})`, async () => {
  for (let seed = SEED; seed < SEED + 20; seed++) {
    const simulation = new Simulation(seed, crashes);
    const engine = await simulation.start({ workers: 2, shards: 4, capacity });
    for (let n = 0; n < 30; n++) {
      engine.graph(`g${simulation.random(9)}`).moveNode(n, n, n);
      if (simulation.random(3) === 0) await simulation.quiesce();
    }
    // Nothing is left to happen, and nobody has asked for a flush: no wake-up was lost.
    await simulation.quiesce();
    expect(engine.stats().applied).toBe(30);
    await simulation.until(engine.close());
  }
});

test(`one busy shard does not starve the others (seed ${SEED})`, async () => {
  const simulation = new Simulation(SEED, crashes);
  const engine = await simulation.start({ workers: 1, shards: 2, capacity, batch: { maxInFlight: 16, maxEvents: 64 } });
  const busy = engine.graph('busy');
  const quiet = engine.graph('quiet');
  busy.moveNode('n', 0, 0);
  quiet.moveNode('n', 0, 0);
  await simulation.until(engine.flush());
  let flooding = true;
  const flood = (): void => {
    for (let n = 0; flooding && n < 200; n++) {
      try {
        if (!busy.moveNode(n % 50, n, n)) break;
      } catch (error) {
        if (!(error instanceof AthanorError) || error.code !== 'ATHANOR_BACKPRESSURE') throw error;
        break;
      }
    }
    if (flooding) simulation.at(0.05, flood);
  };
  flood();
  for (let n = 1; n <= 20; n++) {
    quiet.moveNode('n', n, n);
    await simulation.pass(100);
    expect(quiet.node('n')?.x).toBe(n);
  }
  flooding = false;
  await simulation.until(engine.flush());
  await simulation.until(engine.close());
});
