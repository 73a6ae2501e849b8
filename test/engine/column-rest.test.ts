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
