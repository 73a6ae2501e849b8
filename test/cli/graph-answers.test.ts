import { expect, test } from 'vitest';
import { answerOf } from '../../dist/src/cli/graph/answers.js';
import { groupsOf } from '../../dist/src/cli/graph/groups.js';
import type { Graph, NodeId, NodeValues } from '../../dist/src/index.js';

test('as many ranks as are asked for are told, in lines of one width', async () => {
  const count = 200_000;
  const ranks = {
    iterations: 3,
    handles: new Uint32Array(count),
    values: new Float64Array(count),
    top: (most: number) => Array.from({ length: most }, (_, place): [NodeId, number] => [place, 1 / (place + 1)]),
  } as unknown as NodeValues;
  const graph = { pageRank: async () => ranks } as unknown as Graph;
  const answer = await answerOf(graph, { algorithm: 'pageRank' }, { direction: 'out', job: {}, top: count });
  const lines = answer.lines();
  expect(lines.length).toBe(count);
  expect(lines[0]).toMatch(/^0 {5} {2}1\.000000 {2}/);
  expect(lines[count - 1]).toMatch(/^199999 {2}0\.000005/);
});

test('of groups of one size those with the smaller ids come first, numbers before strings', () => {
  // By handle: the order in which nodes came, which is none of their ids.
  const ids: NodeId[] = ['b', 10, 'a', 9, 'largest', 'member', 2];
  const graph = { id: (handle: number) => ids[handle] } as unknown as Graph;
  const labels = { values: Float64Array.of(0, 1, 2, 3, 4, 4, 6) } as unknown as NodeValues;
  const idsOf = (top: number) => groupsOf(graph, labels, top).top.map(({ id }) => id);
  expect(idsOf(10)).toEqual(['largest', 2, 9, 10, 'a', 'b']);
  expect(idsOf(3)).toEqual(['largest', 2, 9]);
});
