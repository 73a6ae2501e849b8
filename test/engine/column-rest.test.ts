import { expect, test } from 'vitest';
import { createEngine } from '../../dist/src/index.js';

test('the rest of a column is known to the engine only that took its beginning', async () => {
  const options = {
    workers: 1,
    shards: 1,
    capacity: { nodes: 5000 },
    batch: { maxEvents: 16, minEvents: 16, maxInFlight: 2 },
  };
  await using first = await createEngine(options);
  await using second = await createEngine(options);
  const nodes = 2000;
  const ids = Array.from({ length: nodes }, (_, n) => n);
  const handles = first.graph('g').handles(ids);
  // The same rows in both, but for the last.
  expect(second.graph('g').handles(ids.slice(0, -1))).toEqual(handles.slice(0, -1));
  const x = new Float64Array(nodes);
  const done = first.graph('g').moveNodes(handles, x, x);
  expect(done).toBeGreaterThan(0);
  expect(done).toBeLessThan(nodes - 100);
  const rest = handles.subarray(done);
  const before = second.stats().published;
  expect(() => second.graph('g').moveNodes(rest, x.subarray(done), x.subarray(done))).toThrow(
    expect.objectContaining({ code: 'ATHANOR_INVALID_EVENT' }),
  );
  expect(second.stats().published).toBe(before);
});

test('columns that bring code of their own: none of it runs, and their own length does not count', async () => {
  await using engine = await createEngine({ workers: 1, shards: 1, capacity: { nodes: 100, graphs: 10, edges: 100 } });
  const graph = engine.graph('g');
  const handles = graph.handles(['a', 'b', 'c']);
  graph.moveNodes(handles, new Float64Array(3), new Float64Array(3));
  await engine.flush();
  let ran = 0;
  const act = (): void => {
    ran++;
    graph.remove();
  };
  class Indices extends Uint32Array {
    static get [Symbol.species]() {
      act();
      return Uint32Array;
    }
  }
  const odd = <T extends object>(column: T): T =>
    Object.defineProperty(Object.defineProperty(column, 'length', { value: 2 }), 'constructor', { get: act });
  const x = (): Float64Array => odd(Float64Array.of(1, 2, 3));
  expect(graph.moveNodes(odd(new Indices(handles)), x(), x(), undefined, x())).toBe(3);
  const shared = new Uint32Array(new SharedArrayBuffer(12)).fill(handles[1]!);
  expect(graph.moveNodes(Object.setPrototypeOf(shared, Indices.prototype) as Uint32Array, x(), x())).toBe(3);
  expect(graph.upsertEdges(odd(new Indices(handles)), odd(new Indices(handles)), x())).toBe(3);
  await engine.flush();
  expect(ran).toBe(0);
  expect([graph.order, graph.size, graph.node('a')!.x, graph.node('b')!.x]).toEqual([3, 3, 1, 3]);
  expect(await engine.verify()).toEqual({ ok: true, problems: [] });
});
