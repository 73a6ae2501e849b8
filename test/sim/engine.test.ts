import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Engine } from '../../dist/src/engine/engine.js';
import { AthanorError, type EngineEvent, type EngineOptions } from '../../dist/src/index.js';
import { FrameRing } from '../../dist/src/ring/ring.js';
import { Crashes } from '../support/crashes.js';
import { Model } from '../support/model.js';
import { Simulation, SOON_MS } from '../support/simulation.js';

const SEED = Number(process.env.ATHANOR_SEED ?? 1);
const RUNS = Number(process.env.ATHANOR_RUNS ?? 60);
/** One of the graphs has three dimensions. */
const SOLID = 'g1';
const capacity = { graphs: 60, nodes: 2_000, edges: 4_000 };

const crashes = new Crashes();
beforeAll(() => crashes.install());
afterAll(() => crashes.remove());

/** A log of events that the seed decides; times are given, so that it is the same whenever it is applied. */
function logOf(seed: number, length: number): EngineEvent[] {
  const { random } = new Simulation(seed, crashes);
  const hubs = seed % 3 === 0;
  return Array.from({ length }, (_, time): EngineEvent => {
    const graph = `g${random(5)}`;
    const node = random(3) === 0 ? random(40) : `n${random(40)}`;
    const dice = random(100);
    if (dice < (hubs ? 15 : 55)) {
      const z = graph === SOLID ? { z: random(50) } : {};
      return { type: 'node.moved', graph, node, x: random(50), y: random(50), ...z, time };
    }
    if (dice < 65) {
      const data = random(2) === 0 ? undefined : { n: random(9), text: 'x'.repeat(random(60)) };
      return { type: 'node.upserted', graph, node, kind: `k${random(3)}`, ...(data && { data }), time };
    }
    if (hubs && dice < 95) {
      // Few of them and many neighbours: removing one is the work of several steps.
      const hub = `hub${random(2)}`;
      const other = `n${random(120)}`;
      if (dice === 94) return { type: 'node.removed', graph: 'g0', node: hub, time };
      const [source, target] = random(2) === 0 ? [hub, other] : [other, hub];
      return { type: 'edge.upserted', graph: 'g0', source, target, weight: time, time };
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
}

/** All that can be read of a graph, or that the model says of it. */
function told(
  nodes: ReadonlyArray<readonly unknown[]>,
  edges: ReadonlyArray<readonly unknown[]>,
  placed: readonly unknown[],
): string {
  const sorted = (rows: readonly unknown[]): string[] => rows.map((row) => JSON.stringify(row)).sort();
  return [sorted(nodes), sorted(edges), sorted(placed)].map((rows) => `${rows.length} ${rows}`).join('\n');
}

function readGraph(engine: Engine, name: string): string {
  const graph = engine.graph(name);
  const nodes = [...graph.nodes()].map(({ id, x, y, z, kind, time, data }) => [id, x, y, z, kind, time, data ?? null]);
  const edges = [...graph.edges()].map(({ source, target, weight, time }) => [source, target, weight, time]);
  const at = name === SOLID ? { x: 0, y: 0, z: 0 } : { x: 0, y: 0 };
  return told(nodes, edges, graph.within({ ...at, radius: 1000 }).ids());
}

/** By graph, every state that it ever has between two events, and after which events it has it. */
function statesOf(log: readonly EngineEvent[]): Map<string, Map<string, number>> {
  const model = new Model();
  const states = new Map<string, Map<string, number>>();
  const empty = told([], [], []);
  log.forEach((event, i) => {
    model.apply(event);
    const graph = model.graphs.get(event.graph);
    const nodes = [...(graph?.nodes ?? [])];
    const edges = [...(graph?.edges.values() ?? [])];
    const state = told(
      nodes.map(([id, { x, y, z, kind, time, data }]) => [id, x, y, z, kind, time, data ?? null]),
      edges.map(({ source, target, weight, time }) => [source, target, weight, time]),
      nodes.filter(([, { x, y }]) => !Number.isNaN(x + y)).map(([id]) => id),
    );
    let known = states.get(event.graph);
    if (known === undefined) states.set(event.graph, (known = new Map([[empty, -1]])));
    known.set(state, i);
  });
  return states;
}

async function run(seed: number, log: EngineEvent[], options: EngineOptions, crashEvery: number) {
  const simulation = new Simulation(seed, crashes);
  const engine = await simulation.start({ capacity, ...options });
  engine.graph(SOLID, { dimensions: 3 });
  const states = statesOf(log);
  let reads = 0;
  simulation.onRead = () => {
    reads++;
    for (const [graph, known] of states) {
      const state = readGraph(engine, graph);
      if (!known.has(state))
        throw new Error(`seed ${seed}: graph ${graph} is not as it is between two events: ${state}`);
    }
  };
  try {
    await publish(simulation, engine, log, crashEvery);
  } finally {
    crashes.in(Number.POSITIVE_INFINITY);
  }
  await simulation.until(engine.flush());
  const { applied, published, queuedEvents } = engine.stats();
  const { problems } = await simulation.until(engine.verify());
  const digest = await simulation.until(engine.digest());
  simulation.onRead = () => undefined;
  await simulation.until(engine.close());
  await simulation.quiesce();
  return { applied, published, queuedEvents, problems, digest, crashes: simulation.crashes, reads };
}

test(`threads delayed and lost anywhere: every event is applied once, in order (seed ${SEED}, ${RUNS} runs)`, async () => {
  let lost = 0;
  let reads = 0;
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
    const where = `seed ${seed}, ${rough.crashes} lost threads`;
    expect(rough.problems, where).toEqual([]);
    expect(rough.applied, where).toBe(rough.published);
    expect(rough.queuedEvents, where).toBe(0);
    expect(rough.digest, where).toBe(calm.digest);
    lost += rough.crashes;
    reads += rough.reads;
  }
  // The test is worth something only when threads are lost, and readers look.
  expect(reads).toBeGreaterThan(RUNS * 5);
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
  for (let seed = SEED; seed < SEED + 40; seed++) {
    const simulation = new Simulation(seed, crashes);
    const engine = await simulation.start({ workers: 1 + (seed % 3), shards: 4, capacity });
    let atMs = 0;
    for (let n = 0; n < 60; n++) {
      // Now and then after a pause in which the workers fall asleep, or give their threads back.
      atMs += simulation.random(5) === 0 ? simulation.random(50) / 10 : simulation.random(100) / 200;
      simulation.at(atMs, () => void engine.graph(`g${n % 4}`).moveNode(n, n, n));
    }
    // Nothing is left to happen, and nobody has asked for a flush: no wake-up was lost.
    await simulation.quiesce();
    expect(engine.stats().applied, `seed ${seed}`).toBe(60);
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
    for (let n = 0; flooding && n < 50; n++) {
      try {
        if (!busy.moveNode(n, n, n)) break;
      } catch (error) {
        if (!(error instanceof AthanorError) || error.code !== 'ATHANOR_BACKPRESSURE') throw error;
        break;
      }
    }
    if (flooding) simulation.at(0.05, flood);
  };
  const published = [0];
  const seen = [0];
  simulation.onRead = () => {
    const n = quiet.node('n')!.x;
    for (let k = seen.length; k <= n; k++) seen[k] = simulation.nowMs;
  };
  const murmur = (): void => {
    const n = published.push(simulation.nowMs) - 1;
    quiet.moveNode('n', n, n);
    if (n < 20) simulation.at(60, murmur);
    else simulation.at(60, () => void (flooding = false));
  };
  flood();
  murmur();
  // With the other shard's stream going on all the while.
  await simulation.until(engine.flush());
  expect(flooding).toBe(true);
  await simulation.pass(1500);
  for (let n = 1; n <= 20; n++) expect(seen[n]! - published[n]!).toBeLessThan(60);
  await simulation.until(engine.flush());
  await simulation.until(engine.close());
});

test(`a graph in a row that was another's is reclaimed after its own removal alone (seed ${SEED})`, async () => {
  for (let seed = SEED; seed < SEED + 20; seed++) {
    const simulation = new Simulation(seed, crashes);
    const engine = await simulation.start({
      workers: 1,
      shards: 1,
      capacity,
      batch: { maxInFlight: 256, maxEvents: 4 },
    });
    const graph = engine.graph('g');
    for (let life = 0; life < 4; life++) {
      // All of it is published before any of it is applied, in a row whose former graph was reclaimed long ago.
      for (let n = 0; n < 300; n++) graph.moveNode(n, n, life);
      graph.remove();
      await simulation.pass(0.2);
      await simulation.until(engine.flush());
      expect(graph.order, `seed ${seed}`).toBe(0);
      graph.moveNode('next', life, life);
      await simulation.until(engine.flush());
      const { problems } = await simulation.until(engine.verify());
      expect(problems, `seed ${seed}`).toEqual([]);
      expect([...graph.nodes()].map(({ id }) => id)).toEqual(['next']);
      graph.remove();
      for (let pause = 0; pause < 3; pause++) {
        await simulation.pass(1100);
        await simulation.until(engine.flush());
      }
    }
    await simulation.until(engine.close());
  }
});
