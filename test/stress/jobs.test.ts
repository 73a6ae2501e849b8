import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { Engine, Graph } from '../../dist/src/index.js';
import { alive, allStarted } from '../support/alive-workers.js';

const { AthanorError, createEngine } = await import('../../dist/src/index.js');

const SEED = Number(process.env.ATHANOR_SEED ?? 20_261_121);
const capacity = { graphs: 100, nodes: 50_000, edges: 1000 };
const NODES = 10_000;
/** Of which a worker answers some hundred thousand a second: too many to be done before what the test does next. */
const QUERIES = 300_000;

function randomOf(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

async function filled(engine: Engine): Promise<Graph> {
  const graph = engine.graph('still');
  const handles = graph.handles(Array.from({ length: NODES }, (_, id) => id));
  const x = Float64Array.from(handles, (_, i) => i % 100);
  const y = Float64Array.from(handles, (_, i) => Math.floor(i / 100));
  for (let done = 0; done < NODES; await engine.drained()) {
    done += graph.moveNodes(handles.subarray(done), x.subarray(done), y.subarray(done));
  }
  await engine.flush();
  return graph;
}

const queries = {
  x: Float64Array.from({ length: QUERIES }, (_, i) => (i * 7) % 100),
  y: Float64Array.from({ length: QUERIES }, (_, i) => (i * 13) % 100),
  radius: 1,
};

/** Points of the lattice at distance <= 1 of a point of it. */
function hitsAt(x: number, y: number): number {
  return 1 + [x > 0, x < 99, y > 0, y < 99].filter(Boolean).length;
}

function expectRight(offsets: Uint32Array): void {
  for (let i = 0; i < QUERIES; i++) {
    const hits = offsets[i + 1]! - offsets[i]!;
    if (hits !== hitsAt(queries.x[i]!, queries.y[i]!)) throw new Error(`query ${i}: ${hits} hits`);
  }
}

/** Neighbours on the lattice. */
const PAIRS = 2 * 99 * 100;

/** Publishes until `stop`, waiting for room. */
function stream(engine: Engine, graphs: number): { stop(): Promise<number> } {
  let running = true;
  const random = randomOf(SEED);
  const run = (async () => {
    let published = 0;
    while (running) {
      for (let i = 0; i < 50; i++) {
        try {
          engine.graph(`g${random(graphs)}`).moveNode(random(500), random(100), random(100));
          published++;
        } catch (error) {
          if (!(error instanceof AthanorError) || error.code !== 'ATHANOR_BACKPRESSURE') throw error;
          break;
        }
      }
      await engine.drained();
    }
    return published;
  })();
  return {
    stop: () => {
      running = false;
      return run;
    },
  };
}

test('several jobs at once while events stream, with one worker and with four: all are right, all events applied', async () => {
  for (const workers of [1, 4]) {
    await using engine = await createEngine({ workers, shards: 4, capacity });
    const graph = await filled(engine);
    const events = stream(engine, 6);
    const few = { x: queries.x.subarray(0, 2000), y: queries.y.subarray(0, 2000), k: 3 };
    const [within, pairs, nearest, verified] = await Promise.all([
      graph.withinMany(queries),
      graph.pairsWithin(1),
      graph.nearestMany(few),
      engine.verify(),
    ]);
    const before = engine.stats().applied;
    await Promise.all([graph.withinMany(queries), graph.withinMany(queries)]);
    // A job keeps no worker to itself: events were applied meanwhile, with one worker too.
    expect(engine.stats().applied).toBeGreaterThan(before);
    const published = await events.stop();
    await engine.flush();
    expectRight(within.offsets);
    expect(pairs.sources.length).toBe(PAIRS);
    expect(nearest.handles.length).toBe(6000);
    expect(verified).toEqual({ ok: true, problems: [] });
    expect(engine.stats().applied).toBe(published + NODES);
    expect(await engine.verify()).toEqual({ ok: true, problems: [] });
  }
});

test('a job that is aborted, before and while it runs: ATHANOR_ABORTED, and the next is as ever', async () => {
  await using engine = await createEngine({ workers: 2, capacity });
  const graph = await filled(engine);
  const reason = new Error('enough');
  await expect(graph.withinMany(queries, { signal: AbortSignal.abort(reason) })).rejects.toMatchObject({
    code: 'ATHANOR_ABORTED',
    cause: reason,
  });
  for (let turn = 0; turn < 20; turn++) {
    const controller = new AbortController();
    const jobs = [
      graph.withinMany(queries, { signal: controller.signal }),
      graph.pairsWithin(40, { signal: controller.signal }),
    ];
    const ends = Promise.allSettled(jobs);
    await pause(turn % 5);
    controller.abort(reason);
    for (const end of await ends) {
      expect(end.status === 'rejected' && end.reason).toMatchObject({ code: 'ATHANOR_ABORTED', cause: reason });
    }
  }
  expectRight((await graph.withinMany(queries)).offsets);
  expect((await graph.pairsWithin(1)).sources.length).toBe(PAIRS);
});

test('an error in onProgress ends the job', async () => {
  await using engine = await createEngine({ workers: 1, capacity });
  const graph = await filled(engine);
  const wrong = new Error('not mine');
  const onProgress = (): never => {
    throw wrong;
  };
  await expect(graph.pairsWithin(30, { onProgress })).rejects.toBe(wrong);
});

test('an engine that is closed while jobs run: they reject, nothing hangs', async () => {
  for (let turn = 0; turn < 8; turn++) {
    const engine = await createEngine({ workers: 1 + (turn % 2), capacity });
    const graph = await filled(engine);
    const jobs = [
      graph.withinMany(queries),
      graph.pairsWithin(40),
      graph.nearestMany({ x: queries.x, y: queries.y, k: 5 }),
    ];
    const ends = Promise.allSettled(jobs);
    await pause(turn % 4);
    await engine.close();
    for (const end of await ends) {
      expect(end.status === 'rejected' && end.reason).toMatchObject({ code: 'ATHANOR_CLOSED' });
    }
    await expect(graph.withinMany(queries)).rejects.toMatchObject({ code: 'ATHANOR_CLOSED' });
  }
});

test(`workers killed while jobs run: the answers are right all the same (seed ${SEED})`, async () => {
  for (const workers of [1, 2]) {
    const spared = new Set(alive);
    await using engine = await createEngine({ workers, shards: 2, capacity });
    const graph = await filled(engine);
    const random = randomOf(SEED + workers);
    const events = stream(engine, 3);
    for (let loss = 0; loss < 6; loss++) {
      const jobs = Promise.all([graph.withinMany(queries), graph.pairsWithin(1)]);
      // Not while it compiles what it has just begun to do: Node.js 20 itself does not always survive that.
      await pause(50 + random(50));
      await allStarted(engine, spared);
      const victims = [...alive].filter((worker) => !spared.has(worker));
      void victims[random(victims.length)]?.terminate();
      const [within, pairs] = await jobs;
      expectRight(within.offsets);
      expect(pairs.sources.length).toBe(PAIRS);
    }
    const published = await events.stop();
    await engine.flush();
    expect(engine.stats().applied).toBe(published + NODES);
    expect(await engine.verify()).toEqual({ ok: true, problems: [] });
  }
});

test('a row that is removed while a batch is under way is not used again before it ends', async () => {
  await using engine = await createEngine({ workers: 1, capacity: { ...capacity, nodes: NODES } });
  const graph = await filled(engine);
  const job = graph.withinMany(queries);
  const removed = graph.handle(5)!;
  graph.removeNode(5);
  await engine.flush();
  expect(graph.id(removed)).toBeUndefined();
  const { handles } = await job;
  // Some queries may have seen it: then its handle stands for no other node.
  if (handles.includes(removed)) expect(graph.id(removed)).toBeUndefined();
});
