import { expect, test } from 'vitest';
import { createEngine, type EngineEvent } from '../../dist/src/index.js';

const capacity = { graphs: 100, nodes: 10_000, edges: 10_000 };
const moved = (n: number): EngineEvent => ({ type: 'node.moved', graph: 'g', node: n % 100, x: n, y: -n });

test('any iterable, far beyond what the rings hold', async () => {
  await using engine = await createEngine({ workers: 1, capacity, batch: { maxInFlight: 2, maxEvents: 16 } });
  const told: number[] = [];
  function* events() {
    for (let n = 0; n < 5000; n++) yield moved(n);
  }
  expect(await engine.ingest(events(), { onProgress: (published) => told.push(published) })).toBe(5000);
  expect(await engine.ingest(Array.from({ length: 10 }, (_, n) => moved(5000 + n)))).toBe(10);
  expect(await engine.ingest([])).toBe(0);
  expect(told).toEqual([512, 1024, 1536, 2048, 2560, 3072, 3584, 4096, 4608, 5000]);
  await engine.flush();
  expect(engine.stats().applied).toBe(5010);
  expect(engine.graph('g').node(9)?.x).toBe(5009);
});

test('a slow source: each event is published as it comes', async () => {
  await using engine = await createEngine({ workers: 1, capacity });
  const seen: boolean[] = [];
  async function* events() {
    for (let n = 0; n < 3; n++) {
      yield moved(n);
      await engine.flush();
      seen.push(engine.graph('g').has(n));
    }
  }
  expect(await engine.ingest(events())).toBe(3);
  expect(seen).toEqual([true, true, true]);
});

test('what came before a source that fails, or a bad event, stays accepted; the source is closed', async () => {
  await using engine = await createEngine({ workers: 1, capacity });
  let closed = 0;
  async function* events(last: () => EngineEvent): AsyncGenerator<EngineEvent> {
    try {
      yield moved(1);
      yield last();
      yield moved(3);
    } finally {
      closed++;
    }
  }
  const failing = events(() => {
    throw new Error('the cable is out');
  });
  await expect(engine.ingest(failing)).rejects.toThrow('the cable is out');
  const bad = events(() => ({ ...moved(2), x: Number.NaN }) as EngineEvent);
  await expect(engine.ingest(bad)).rejects.toMatchObject({ code: 'ATHANOR_INVALID_EVENT' });
  await engine.flush();
  expect(engine.graph('g').has(1)).toBe(true);
  expect(engine.graph('g').has(3)).toBe(false);
  expect(closed).toBe(2);
});

test('an abort ends the wait for a source that says nothing more', async () => {
  await using engine = await createEngine({ workers: 1, capacity });
  const enough = new AbortController();
  async function* silent(): AsyncGenerator<EngineEvent> {
    yield moved(1);
    await new Promise(() => undefined);
  }
  const ingest = engine.ingest(silent(), { signal: enough.signal });
  await engine.flush();
  enough.abort();
  await expect(ingest).rejects.toMatchObject({ code: 'ATHANOR_ABORTED' });
});

test('what is no iterable is refused', async () => {
  await using engine = await createEngine({ workers: 1, capacity });
  for (const none of [5, null, undefined, {}, { type: 'node.moved' }]) {
    await expect(engine.ingest(none as never)).rejects.toMatchObject({ code: 'ATHANOR_INVALID_EVENT' });
  }
});
