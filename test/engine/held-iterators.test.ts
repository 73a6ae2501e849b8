import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Graph } from '../../dist/src/index.js';
import { type Jumping, jumpingEngine } from '../support/jumping-clock.js';

const SEED = Number(process.env.ATHANOR_SEED ?? 20_261_202);

let world: Jumping;
beforeAll(async () => {
  // One shard: rows are used again by whoever comes next.
  world = await jumpingEngine({ workers: 1, shards: 1, capacity: { nodes: 4000, edges: 20_000, graphs: 50 } });
});
afterAll(() => world.engine.close());

let names = 0;
/** A new graph with nodes 'name 0', 'name 1', … */
async function graphOf(nodes: number): Promise<Graph> {
  const graph = world.engine.graph(`g${names++}`);
  for (let n = 0; n < nodes; n++) graph.moveNode(`${graph.name} ${n}`, n, n);
  await world.engine.flush();
  return graph;
}

/** Another graph takes every row that is free. */
async function takeRows(): Promise<Graph> {
  await world.rowsComeBack();
  return graphOf(200);
}

async function end(...graphs: Graph[]): Promise<void> {
  for (const graph of graphs) graph.remove();
  await world.rowsComeBack();
}

test('nodes: freed rows become another graph’s between two steps, and every node that stays is seen once', async () => {
  const graph = await graphOf(100);
  const ids = Array.from({ length: 100 }, (_, n) => `${graph.name} ${n}`);
  const walk = graph.nodes();
  for (let n = 0; n < 40; n++) expect(walk.next().value.id).toBe(ids[n]);
  // The node that the iterator stands on, some before it and some behind it.
  const gone = [5, 20, 36, 37, 38, 39, 40, 41, 60, 99];
  for (const n of gone) graph.removeNode(ids[n]!);
  const other = await takeRows();
  const taken = new Set([...other.nodes()].map(({ handle }) => handle));
  expect(taken.size).toBe(200);
  expect([...walk].map(({ id }) => id)).toEqual(ids.filter((_, n) => n >= 40 && !gone.includes(n)));
  await end(graph, other);
});

test('nodes: all that were seen are gone', async () => {
  const graph = await graphOf(20);
  const walk = graph.nodes();
  for (let n = 0; n < 10; n++) walk.next();
  for (let n = 0; n < 10; n++) graph.removeNode(`${graph.name} ${n}`);
  const other = await takeRows();
  expect([...walk].map(({ id }) => id)).toEqual(Array.from({ length: 10 }, (_, n) => `${graph.name} ${n + 10}`));
  await end(graph, other);
});

test.each(['nodes', 'edges'] as const)(
  '%s: the iterator ends with its graph, though its row is another graph’s',
  async (what) => {
    const graph = await graphOf(50);
    for (let n = 0; n < 49; n++) graph.upsertEdge(`${graph.name} ${n}`, `${graph.name} ${n + 1}`);
    await world.engine.flush();
    const begun = graph[what]();
    begun.next();
    const fresh = graph[what]();
    graph.remove();
    await world.rowsComeBack();
    const others: Graph[] = [];
    for (let k = 0; k < 5; k++) {
      const other = await graphOf(50);
      for (let n = 0; n < 50; n++) other.upsertEdge(`${other.name} 0`, `${other.name} ${n}`);
      others.push(other);
    }
    await world.engine.flush();
    expect([...fresh]).toEqual([]);
    expect([...begun]).toEqual([]);
    await end(...others);
  },
);

test('nodes: a graph created again under the same name is another', async () => {
  const graph = await graphOf(10);
  const walk = graph.nodes();
  walk.next();
  graph.remove();
  graph.moveNode('new', 1, 1);
  await world.engine.flush();
  expect([...walk]).toEqual([]);
  expect([...graph.nodes()].map(({ id }) => id)).toEqual(['new']);
  await end(graph);
});

test('edges: a hub whose row becomes another graph’s hub in the middle of its edges', async () => {
  const graph = await graphOf(2);
  for (let n = 0; n < 600; n++) graph.upsertEdge(`${graph.name} 0`, `${graph.name} ${n}`);
  await world.engine.flush();
  const hub = graph.handle(`${graph.name} 0`)!;
  const walk = graph.edges();
  for (let n = 0; n < 5; n++) walk.next();
  graph.removeNode(`${graph.name} 0`);
  const other = await takeRows();
  const heir = other.id(hub)!;
  for (let n = 0; n < 200; n++) other.upsertEdge(heir, `${other.name} ${n}`);
  await world.engine.flush();
  for (const { source, target } of walk) expect(`${source} ${target}`).not.toContain(other.name);
  await end(graph, other);
});

test(`nodes: what is there all the while is seen once, whatever comes and goes (seed ${SEED})`, async () => {
  let state = SEED | 1;
  const random = (below: number): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
  const graphs = [await graphOf(60), await graphOf(60)];
  const alive = graphs.map((graph) => new Set([...graph.nodes()].map(({ id }) => String(id))));
  let count = 1000;
  for (let turn = 0; turn < 12; turn++) {
    const walks = graphs.map((graph) => graph.nodes());
    const seen: string[][] = [[], []];
    const stayed = alive.map((ids) => new Set(ids));
    for (let open = [0, 1]; open.length > 0; ) {
      for (let step = random(30); step > 0 && open.length > 0; step--) {
        const which = open[random(open.length)]!;
        const { value, done } = walks[which]!.next();
        if (done === true) open = open.filter((other) => other !== which);
        else seen[which]!.push(String(value.id));
      }
      for (let change = random(40); change > 0; change--) {
        const which = random(2);
        const graph = graphs[which]!;
        const ids = [...alive[which]!];
        if (random(2) === 0 && ids.length > 20) {
          const id = ids[random(ids.length)]!;
          graph.removeNode(id);
          alive[which]!.delete(id);
          stayed[which]!.delete(id);
        } else {
          const id = `${graph.name} ${count++}`;
          graph.moveNode(id, 1, 1);
          alive[which]!.add(id);
        }
      }
      if (random(3) === 0) await world.rowsComeBack();
      else await world.engine.flush();
    }
    graphs.forEach((graph, which) => {
      expect(new Set(seen[which]!).size).toBe(seen[which]!.length);
      for (const id of seen[which]!) expect(id.startsWith(`${graph.name} `)).toBe(true);
      const missed = [...stayed[which]!].filter((id) => !seen[which]!.includes(id));
      expect(missed).toEqual([]);
    });
  }
  await end(...graphs);
});
