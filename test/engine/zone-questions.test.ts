import { test } from 'vitest';
import { createEngine } from '../../dist/src/index.js';
import { refuses } from '../support/refuses.js';

test('wrong questions about zones', async () => {
  const engine = await createEngine({ workers: 1, shards: 1 });
  const graph = engine.graph('g', { metric: 'haversine' });
  // biome-ignore lint/suspicious/noExplicitAny: wrong on purpose
  const any = graph as any;
  const ask = (points: unknown) => () => any.withinPolygon({ points });
  for (const [question, message] of [
    [() => any.zone(''), /^zone: ""/],
    [() => any.inZone(7), /^zone: 7/],
    [() => any.zonesOf({}), /^id: /],
    [() => any.withinPolygon(null), /^query: null/],
    [ask(undefined), /^points: undefined/],
    [ask([[0, 0], [1, 1]]), /^points: .*at least 3 points/], // biome-ignore format: one line
    [ask([[0, 0], [1, 1], [0, 1], [1, 0]]), /without self-crossing: its edges from points \d and \d meet/], // biome-ignore format: one line
    [ask([[0, 0], [181, 1], [0, 1]]), /^points\[1\]\[0\]: 181/], // biome-ignore format: one line
    [() => any.withinPolygon({ points: [[0, 0], [1, 0], [0, 1]], limit: 0 }), /^limit: 0/], // biome-ignore format: one line
    [() => any.withinPolygon({ points: [[0, 0], [1, 0], [0, 1]], kind: 3 }), /^kind: 3/], // biome-ignore format: one line
  ] as const) {
    refuses(question, 'ATHANOR_INVALID_QUERY', message);
  }
  refuses(() => any.watch({ initial: 'yes' }), 'ATHANOR_INVALID_OPTION', /^initial: "yes"/);
  await engine.close();
});
