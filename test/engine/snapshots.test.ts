import { expect, test } from 'vitest';
import { createEngine, type Engine, type NodeId } from '../../dist/src/index.js';

const capacity = { graphs: 100, nodes: 200_000, edges: 200_000 };

async function fill(engine: Engine, name: string, nodes: number): Promise<void> {
  for (let id = 0; id < nodes; id++) {
    while (true) {
      try {
        engine.graph(name).upsertNode(id);
        break;
      } catch {
        await engine.drained();
      }
    }
  }
  await engine.flush();
}

test.each([
  ['few among many: found by its list', 20_000],
  ['the most of all: found by a scan', 10],
])('a chain that grows while it is read is one component at every moment (%s)', async (_, others) => {
  await using engine = await createEngine({ workers: 2, shards: 1, capacity });
  await fill(engine, 'others', others);
  const chain = engine.graph('chain');
  chain.upsertEdge(0, 1);
  await engine.flush();
  let next = 1;
  let growing = true;
  const grow = (async () => {
    while (growing && next < 12_000) {
      for (let i = 0; i < 40; i++) chain.upsertEdge(next, ++next);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  })();
  for (let round = 0; round < 30; round++) {
    const { values } = await chain.weaklyConnectedComponents();
    expect(new Set(values).size, `${values.length} nodes in round ${round}`).toBe(1);
  }
  growing = false;
  await grow;
  expect(next).toBeGreaterThan(1000);
});

test('who writes into a result changes that result alone', async () => {
  await using engine = await createEngine({ workers: 1, capacity });
  const graph = engine.graph('g');
  for (const [from, to] of [
    [1, 2],
    [2, 3],
    [4, 1],
  ] as const) {
    graph.upsertEdge(from, to);
  }
  await engine.flush();
  const first = await graph.pageRank();
  const ranks = new Map(first);
  const handles = [...first.handles];
  first.handles.reverse();
  first.values.fill(0);
  expect(new Map(await graph.pageRank())).toEqual(ranks);
  expect((await graph.bfs(4)).get(3)).toBe(3);
  expect([...(await graph.bfs(4)).handles]).toEqual(handles);
});

test('moves leave a snapshot as it is, changes of nodes and edges do not', async () => {
  await using engine = await createEngine({ workers: 1, capacity });
  const graph = engine.graph('g');
  graph.upsertEdge(1, 2);
  graph.upsertNode(3, { x: 1, y: 1 });
  await engine.flush();
  const count = async (): Promise<number> => new Set((await graph.weaklyConnectedComponents()).values).size;
  expect(await count()).toBe(2);
  const changes: Array<[() => unknown, number]> = [
    [() => graph.moveNode(3, 2, 2), 2],
    [() => graph.upsertEdge(2, 3), 1],
    [() => graph.removeEdge(1, 2), 2],
    [() => graph.moveNode(9, 0, 0), 3],
    [() => graph.removeNode(2), 3],
    [() => graph.upsertNode(7), 4],
    [() => graph.remove(), 0],
    [() => graph.upsertEdge('a', 'b'), 1],
  ];
  for (const [change, components] of changes) {
    change();
    await engine.flush();
    expect(await count(), `${change}`).toBe(components);
  }
  // A weight counts as well.
  graph.upsertEdge('a', 'b', { weight: 3 });
  await engine.flush();
  expect((await graph.shortestPaths('a')).get('b')).toBe(3);
  graph.upsertEdge('a', 'b', { weight: 2 });
  await engine.flush();
  expect((await graph.shortestPaths('a')).get('b')).toBe(2);
});

test('the greatest come first, of equal ones the smaller ids: numbers, then strings', async () => {
  await using engine = await createEngine({ workers: 1, capacity });
  const graph = engine.graph('g');
  const ids: NodeId[] = [9, 3, 7, 'b', 'a', 1];
  for (const id of ids) graph.upsertNode(id);
  graph.upsertEdge('b', 'c');
  await engine.flush();
  const hops = await graph.pageRank();
  expect(hops.top(4).map(([id]) => id)).toEqual(['c', 1, 3, 7]);
  expect(hops.top(100).map(([id]) => id)).toEqual(['c', 1, 3, 7, 9, 'a', 'b']);
  expect((await engine.graph('none').pageRank()).top(3)).toEqual([]);
});

test('rounds beyond what a job can count are refused, and a long list of them ends when nothing changes', async () => {
  await using engine = await createEngine({ workers: 1, capacity });
  const graph = engine.graph('g');
  graph.upsertEdge(1, 2);
  await engine.flush();
  expect([...(await graph.communities({ iterations: 1_000_000, direction: 'both' })).values]).toHaveLength(2);
  for (const most of [1_000_001, 2 ** 30, Number.MAX_SAFE_INTEGER]) {
    const refused = { code: 'ATHANOR_INVALID_QUERY', message: expect.stringContaining('1000000') };
    await expect(graph.communities({ iterations: most })).rejects.toMatchObject(refused);
    await expect(graph.pageRank({ maxIterations: most })).rejects.toMatchObject(refused);
  }
});

test('progress is told when there is something to tell', async () => {
  await using engine = await createEngine({ workers: 1, capacity });
  const graph = engine.graph('g');
  for (let id = 0; id < 300; id++) graph.upsertEdge(id, (id * 7) % 300);
  await engine.flush();
  const told: Array<[number, number]> = [];
  await graph.pageRank({ onProgress: (done, total) => told.push([done, total]) });
  for (const [done, total] of told) expect(total > 0 && done <= total, `${done} of ${total}`).toBe(true);
  const [done, total] = told.at(-1)!;
  expect(done).toBe(total);
});
