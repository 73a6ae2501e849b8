import { describe, expect, test } from 'vitest';
import type { Engine } from '../../dist/src/engine/engine.js';
import { makeEngine } from '../../dist/src/engine/make-engine.js';
import { createEngine, type EngineEvent } from '../../dist/src/index.js';
import { nodeWorld } from '../../dist/src/pool/node-world.js';

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

/** An engine whose main thread looks at a clock that the test turns. */
async function engineWithClock(): Promise<{ engine: Engine; pass: (ms: number) => void; turns: () => number }> {
  let nowMs = 0;
  let turns = 0;
  const engine = await makeEngine({ workers: 1, capacity }, (memory, events, options) => {
    const world = nodeWorld(memory, events, options);
    const host = {
      ...world.host,
      now: () => nowMs,
      endOfTick: (task: () => void) =>
        world.host.endOfTick(() => {
          turns++;
          task();
        }),
    };
    return { ...world, host };
  });
  return { engine, pass: (ms) => void (nowMs += ms), turns: () => turns };
}

describe('the event loop goes on', () => {
  const total = 4000;
  const sources: Record<string, (before: (n: number) => void) => Iterable<EngineEvent> | AsyncIterable<EngineEvent>> = {
    'an iterable': function* (before) {
      for (let n = 0; n < total; n++) {
        before(n);
        yield moved(n);
      }
    },
    'an async generator that never waits': async function* (before) {
      for (let n = 0; n < total; n++) {
        before(n);
        yield moved(n);
      }
    },
    'an array with getters': (before) =>
      Array.from({ length: total }, (_, n) => ({
        ...moved(n),
        get graph() {
          before(n);
          return 'g';
        },
      })) as EngineEvent[],
  };

  test.each(Object.keys(sources))('%s: at least every 5 ms', async (which) => {
    const { engine, pass, turns } = await engineWithClock();
    await using _ = engine;
    let passedMs = 0;
    let longestMs = 0;
    let sinceMs = 0;
    let isAsked = false;
    const source = sources[which]!((n) => {
      // Events of 0.02 ms, and now and then one of 2 ms.
      const ms = n % 500 === 499 ? 2 : 0.02;
      passedMs += ms;
      sinceMs += ms;
      pass(ms);
      longestMs = Math.max(longestMs, sinceMs);
      if (isAsked) return;
      isAsked = true;
      setImmediate(() => {
        isAsked = false;
        sinceMs = 0;
      });
    });
    const before = turns();
    expect(await engine.ingest(source)).toBe(total);
    expect(longestMs).toBeLessThan(8);
    // Not more often than it has to either: a turn of the event loop costs some microseconds.
    expect(turns() - before).toBeLessThan(passedMs);
  });

  test('an abort by a timer of the event loop is seen within a slice', async () => {
    const { engine, pass } = await engineWithClock();
    await using _ = engine;
    const enough = new AbortController();
    let given = 0;
    const source = (function* () {
      for (; ; given++) {
        if (given === 1000) setImmediate(() => enough.abort());
        pass(0.01);
        yield moved(given);
      }
    })();
    await expect(engine.ingest(source, { signal: enough.signal })).rejects.toMatchObject({ code: 'ATHANOR_ABORTED' });
    expect(given).toBeLessThan(1000 + 600);
  });
});

test('bad options and iterators are refused by name', async () => {
  await using engine = await createEngine({ workers: 1, capacity });
  for (const [options, message] of [
    [null, /options: null is not an object/],
    [5, /options: 5 is not an object/],
    [{ onProgress: 5 }, /onProgress: 5 is not a function/],
    [{ signal: {} }, /signal: an object is not an AbortSignal/],
    [{ onprogress: () => undefined }, /options\.onprogress/],
  ] as const) {
    await expect(engine.ingest([moved(1)], options as never)).rejects.toMatchObject({
      code: 'ATHANOR_INVALID_OPTION',
      message: expect.stringMatching(message),
    });
  }
  const answering = (answer: unknown) => ({ [Symbol.iterator]: () => ({ next: () => answer }) });
  for (const events of [
    { [Symbol.iterator]: 5 },
    { [Symbol.iterator]: () => 5 },
    { [Symbol.iterator]: () => ({}) },
    answering(5),
    answering(undefined),
    answering(Promise.resolve(null)),
    answering({ done: false, value: 5 }),
    answering({ done: false }),
  ]) {
    await expect(engine.ingest(events as never)).rejects.toMatchObject({ code: 'ATHANOR_INVALID_EVENT' });
  }
  expect(engine.stats().published).toBe(0);
  const bad = {
    ...answering(5),
    return: () => {
      throw new Error('no');
    },
  };
  await expect(engine.ingest(bad as never)).rejects.toMatchObject({ code: 'ATHANOR_INVALID_EVENT' });
});

test('what is no iterable is refused', async () => {
  await using engine = await createEngine({ workers: 1, capacity });
  for (const none of [5, null, undefined, {}, { type: 'node.moved' }]) {
    await expect(engine.ingest(none as never)).rejects.toMatchObject({ code: 'ATHANOR_INVALID_EVENT' });
  }
});
