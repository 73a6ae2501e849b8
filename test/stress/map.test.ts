import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { createEngine, type Engine, type MapError } from '../../dist/src/index.js';
import { alive, allStarted } from '../support/alive-workers.js';
import { behaves, filled, moduleOf, orderOf, taken } from '../support/map/common.js';

const capacity = { graphs: 5000, nodes: 100_000, edges: 200_000 };

function expectAll(results: Map<string, unknown>, graphs: number): void {
  expect(results.size).toBe(graphs);
  for (const [graph, result] of results) expect(result, graph).toBe(orderOf(graph));
}

test('workers killed while graphs are mapped: each graph has one result all the same', async () => {
  for (const workers of [1, 2]) {
    const spared = new Set(alive);
    await using engine = await createEngine({ workers, shards: 2, capacity });
    await filled(engine, 1000);
    for (let loss = 0; loss < 4; loss++) {
      // At least half a second on one worker: long after what is hot was compiled, and long before the end.
      const results = taken(engine.graphs.map<number>(behaves, { data: { what: 'spin', ms: 0.5 }, ahead: 300 }));
      await pause(100 + 37 * loss);
      await allStarted(engine, spared);
      void [...alive].find((worker) => !spared.has(worker))?.terminate();
      const { results: found, errors } = await results;
      expect(errors).toEqual([]);
      expectAll(found, 1000);
    }
    expect(await engine.verify()).toEqual({ ok: true, problems: [] });
  }
});

test('a graph that ends its workers is an error after three; one that did it once is mapped', async () => {
  await using engine = await createEngine({ workers: 2, shards: 2, capacity });
  await filled(engine, 100);
  const of = ['g42'];
  const { results, errors } = await taken(engine.graphs.map<number>(behaves, { data: { what: 'exit', of } }));
  expect(results.size).toBe(99);
  expect(errors.map((error) => (error as MapError).graph)).toEqual(of);
  expect(errors[0]!.message).toMatch(/workers were lost 3 times/);
  const once = new Int32Array(new SharedArrayBuffer(4));
  const second = await taken(engine.graphs.map<number>(behaves, { data: { what: 'exit once', once, of } }));
  expect(second.errors).toEqual([]);
  expectAll(second.results, 100);
  expect(await engine.verify()).toEqual({ ok: true, problems: [] });
});

test('a module that ends every worker ends the map', async () => {
  await using engine = await createEngine({ workers: 2, capacity });
  await filled(engine, 100);
  await expect(taken(engine.graphs.map(behaves, { data: { what: 'exit' } }))).rejects.toMatchObject({
    code: 'ATHANOR_WORKER_LOST',
  });
  expect((await taken(engine.graphs.map(behaves))).results.size).toBe(100);
});

test('a function that never returns: abort rejects at once, its worker is replaced, and close ends', async () => {
  const engine = await createEngine({ workers: 1, capacity });
  await filled(engine, 10);
  const controller = new AbortController();
  const next = engine.graphs.map(behaves, { data: { what: 'loop' }, signal: controller.signal }).next();
  await pause(200);
  controller.abort();
  await expect(next).rejects.toMatchObject({ code: 'ATHANOR_ABORTED' });
  expectAll((await taken(engine.graphs.map<number>(behaves))).results, 10);
  const looping = engine.graphs.map(behaves, { data: { what: 'loop' } }).next();
  const ended = expect(looping).rejects.toMatchObject({ code: 'ATHANOR_CLOSED' });
  await pause(200);
  await engine.close();
  await ended;
});

test('an engine that is closed while graphs are mapped: it rejects, nothing hangs', async () => {
  for (const data of [undefined, { what: 'never' }, { what: 'spin', ms: 1 }, { what: 'async' }]) {
    const engine = await createEngine({ workers: 2, capacity });
    await filled(engine, 500);
    const results = engine.graphs.map(behaves, { data, ahead: 100 });
    const paused = engine.graphs.map(behaves, { data: { what: 'at once' }, ahead: 20 });
    await paused.next();
    const end = taken(results);
    const ended = expect(end).rejects.toMatchObject({ code: 'ATHANOR_CLOSED' });
    if (data !== undefined) await pause(50);
    await Promise.all([engine.close(), ended]);
    await expect(paused.next()).rejects.toMatchObject({ code: 'ATHANOR_CLOSED' });
    expect((await paused.next()).done).toBe(true);
    expect(() => engine.graphs.map(behaves)).toThrow(/closed/);
  }
});

/** Graph `ring`: a cycle of `nodes` whose edges all have the same weight. */
async function turn(engine: Engine, nodes: number, weight: number): Promise<void> {
  for (let node = 0; node < nodes; node++) {
    engine.graph('ring').upsertEdge(node, (node + 1) % nodes, { weight });
    if (node % 1000 === 999) await engine.drained();
  }
}

test('one moment of a graph that changes all the time, small or large; ingest goes on with one worker', async () => {
  // With one worker it is between slices that events are applied, with two all the time: then the shard has to stand still.
  for (const [workers, nodes] of [
    [1, 50],
    [1, 20_000],
    [2, 60_000],
  ] as const) {
    await using engine = await createEngine({ workers, shards: 2, capacity });
    await turn(engine, nodes, 0);
    await engine.flush();
    let running = true;
    const stream = (async () => {
      let at = 0;
      while (running) {
        for (let k = 0; k < 40; k++) {
          const node = at % nodes;
          try {
            engine.graph('ring').upsertEdge(node, (node + 1) % nodes, { weight: Math.floor(at / nodes) });
            at++;
          } catch {
            break;
          }
        }
        await engine.drained();
      }
      return at;
    })();
    const before = engine.stats().applied;
    for (let round = 0; round < 12; round++) {
      const { results } = await taken(
        engine.graphs.map<{ order: number; size: number; weights: Float64Array; targets: Uint32Array; ids: number[] }>(
          moduleOf('whole'),
        ),
      );
      const { order, size, weights, targets, ids } = results.get('ring')!;
      expect([order, size]).toEqual([nodes, nodes]);
      targets.forEach((target, node) => {
        expect(ids[target]).toBe((ids[node]! + 1) % nodes);
      });
      // The stream goes round: at one moment the weights are some of one turn and then the rest of the turn before.
      const byNode = new Float64Array(nodes);
      ids.forEach((id, index) => {
        byNode[id] = weights[index]!;
      });
      const drops = byNode.reduce((sum, weight, node) => sum + +(node > 0 && weight !== byNode[node - 1]), 0);
      expect(drops).toBeLessThanOrEqual(1);
      expect(Math.max(...byNode) - Math.min(...byNode)).toBeLessThanOrEqual(1);
    }
    expect(engine.stats().applied).toBeGreaterThan(before);
    running = false;
    await stream;
    await engine.flush();
    expect(await engine.verify()).toEqual({ ok: true, problems: [] });
  }
});

test('a hub, and graphs that are removed before their turn', async () => {
  await using engine = await createEngine({ workers: 2, shards: 2, capacity });
  const hub = engine.graph('hub');
  for (let spoke = 1; spoke <= 40_000; spoke++) {
    hub.upsertEdge(0, spoke, { weight: spoke });
    if (spoke % 1000 === 0) await engine.drained();
  }
  await engine.flush();
  const { results } = await taken(
    engine.graphs.map<{ weights: Float64Array; ids: number[]; targets: Uint32Array }>(moduleOf('whole')),
  );
  const { weights, ids, targets } = results.get('hub')!;
  expect(targets.length).toBe(40_000);
  targets.forEach((target, at) => {
    expect(ids[target]).toBe(weights[at]);
  });
  hub.remove();
  await filled(engine, 700);
  const mapped = engine.graphs.map<number>(behaves, { ahead: 50 });
  await mapped.next();
  for (let g = 600; g < 700; g++) engine.graph(`g${g}`).remove();
  await engine.flush();
  const rest = await taken(mapped);
  expect(rest.results.size).toBe(599);
  expect(rest.errors).toEqual([]);
});

test('a stream of events is applied while promises are awaited, with one worker', async () => {
  await using engine = await createEngine({ workers: 1, capacity });
  await filled(engine, 3);
  const results = taken(engine.graphs.map(behaves, { data: { what: 'async', ms: 300 } }));
  await pause(50);
  for (let node = 0; node < 2000; node++) engine.graph('late').upsertNode(node);
  await engine.flush();
  expect(engine.graph('late').order).toBe(2000);
  expect((await results).results.size).toBe(3);
});
