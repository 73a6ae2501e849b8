import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { alive, allStarted, births } from '../support/alive-workers.js';

const { AthanorError, createEngine } = await import('../../dist/src/index.js');

const SEED = Number(process.env.ATHANOR_SEED ?? 20_261_121);
const capacity = { graphs: 100, nodes: 10_000, edges: 100_000 };

afterEach(() => {
  births.kill = false;
});

function eventsOf(n: number) {
  const graph = `g${n % 4}`;
  const node = `n${n % 97}`;
  return [
    { type: 'node.moved' as const, graph, node, x: n % 100, y: n % 53, time: n },
    { type: 'edge.upserted' as const, graph, source: node, target: `n${n % 89}`, weight: n, time: n },
    { type: 'node.upserted' as const, graph, node: `d${n % 31}`, data: { n, text: 'x'.repeat(n % 40) }, time: n },
    ...(n % 7 === 0 ? [{ type: 'node.removed' as const, graph, node: `n${n % 61}`, time: n }] : []),
    ...(n % 997 === 0 ? [{ type: 'graph.removed' as const, graph, time: n }] : []),
  ];
}

async function publish(engine: Awaited<ReturnType<typeof createEngine>>, n: number): Promise<void> {
  for (;;) {
    try {
      engine.publish(eventsOf(n));
      return;
    } catch (error) {
      if (!(error instanceof AthanorError) || error.code !== 'ATHANOR_BACKPRESSURE') throw error;
      await engine.drained();
    }
  }
}

test(`workers killed again and again: nothing accepted is lost or doubled (seed ${SEED})`, async () => {
  await using calm = await createEngine({ workers: 1, shards: 1, capacity });
  const spared = new Set(alive);
  await using engine = await createEngine({ workers: 2, shards: 4, capacity });
  let state = SEED >>> 0;
  const random = (below: number): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
  let n = 0;
  for (let loss = 0; loss < 12; loss++) {
    for (let i = random(600); i >= 0; i--, n++) {
      await publish(engine, n);
      await publish(calm, n);
    }
    // Sometimes at work, sometimes parked; not while it starts: Node itself does not survive that.
    await pause(random(20));
    await allStarted(engine, spared);
    await publish(engine, n);
    await publish(calm, n++);
    const victims = [...alive].filter((worker) => !spared.has(worker));
    void victims[random(victims.length)]?.terminate();
  }
  await engine.flush();
  await calm.flush();
  expect(engine.stats().applied).toBe(engine.stats().published);
  expect(await engine.verify()).toEqual({ ok: true, problems: [] });
  expect(await engine.digest()).toBe(await calm.digest());
});

test('a worker killed in the middle of an inspection: it is done again', async () => {
  await using engine = await createEngine({ workers: 1, shards: 2, capacity });
  for (let n = 0; n < 500; n++) await publish(engine, n);
  const digest = await engine.digest();
  const again = engine.digest();
  await pause(0);
  expect(engine.stats().workers.length).toBe(1);
  for (const worker of alive) void worker.terminate();
  expect(await again).toBe(digest);
});

test('workers that end whenever they start: a clear error, and nothing hangs', async () => {
  const engine = await createEngine({ workers: 1, capacity });
  births.kill = true;
  for (const worker of alive) void worker.terminate();
  await publish(engine, 1);
  await expect(engine.flush()).rejects.toMatchObject({ code: 'ATHANOR_WORKER_LOST' });
  await expect(engine.drained()).rejects.toMatchObject({ code: 'ATHANOR_WORKER_LOST' });
  expect(() => engine.publish(eventsOf(2))).toThrow(expect.objectContaining({ code: 'ATHANOR_WORKER_LOST' }));
  await expect(engine.close()).rejects.toMatchObject({ code: 'ATHANOR_WORKER_LOST' });
  await expect(createEngine({ workers: 2, capacity })).rejects.toMatchObject({ code: 'ATHANOR_WORKER_LOST' });
  expect(alive.size).toBe(0);
});
