import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { Engine, Graph, NodeValues } from '../../dist/src/index.js';
import { alive, allStarted } from '../support/alive-workers.js';

const { AthanorError, createEngine } = await import('../../dist/src/index.js');

const SEED = Number(process.env.ATHANOR_SEED ?? 20_261_121);
const capacity = { graphs: 100, nodes: 100_000, edges: 400_000 };
const NODES = 20_000;
/** Rounds that no machine gets through before what a test does next; a job that has them ends by being ended. */
const ENDLESS = { tolerance: 0, maxIterations: 1_000_000 };
/** Rounds that take some hundred milliseconds. */
const LONG = { tolerance: 0, maxIterations: 1000, direction: 'both' } as const;

function randomOf(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** Rings of ten nodes, each with a chord that makes one triangle: what every algorithm says of them is known. */
const RING = 10;
async function rings(engine: Engine): Promise<Graph> {
  const graph = engine.graph('rings');
  const handles = graph.handles(Array.from({ length: NODES }, (_, id) => id));
  const sources: number[] = [];
  const targets: number[] = [];
  for (let i = 0; i < NODES; i++) {
    const first = i - (i % RING);
    sources.push(handles[i]!);
    targets.push(handles[first + ((i + 1) % RING)]!);
    if (i % RING === 0) {
      sources.push(handles[i]!);
      targets.push(handles[i + 2]!);
    }
  }
  const [from, to] = [Uint32Array.from(sources), Uint32Array.from(targets)];
  for (let done = 0; done < from.length; await engine.drained()) {
    done += graph.upsertEdges(from.subarray(done), to.subarray(done));
  }
  await engine.flush();
  return graph;
}

function expectLabels(graph: Graph, labels: NodeValues): void {
  expect(labels.length).toBe(NODES);
  for (let i = 0; i < NODES; i++) {
    const id = graph.id(labels.handles[i]!) as number;
    if (graph.id(labels.values[i]!) !== id - (id % RING)) throw new Error(`${id}: ${graph.id(labels.values[i]!)}`);
  }
}

function isBackpressure(error: unknown): boolean {
  return error instanceof AthanorError && error.code === 'ATHANOR_BACKPRESSURE';
}

/**
 * Publishes until `stop`: a path that grows at its head and is eaten up at its tail, one event at a time. After each event it
 * is one path: an edge is added between its head and a new node, and with its tail goes the tail's edge.
 */
function crawling(engine: Engine, length: number): { graph: Graph; stop(): Promise<number> } {
  const graph = engine.graph('path');
  let running = true;
  const run = (async () => {
    let head = 0;
    let tail = 0;
    while (running) {
      try {
        for (let i = 0; i < 20; i++) {
          graph.upsertEdge(head, head + 1);
          head++;
          if (head - tail > length) graph.removeNode(tail++);
        }
      } catch (error) {
        if (!isBackpressure(error)) throw error;
        // The edge went in, and its removal did not: it is made up for.
        while (head - tail > length && graph.has(tail)) {
          await engine.drained();
          try {
            graph.removeNode(tail++);
          } catch (again) {
            tail--;
            if (!isBackpressure(again)) throw again;
          }
        }
      }
      await engine.drained();
      await pause(0);
    }
    return head - tail;
  })();
  // A test that fails closes its engine under it: that is told already.
  run.catch(() => undefined);
  return {
    graph,
    stop: () => {
      running = false;
      return run;
    },
  };
}

test('a graph that changes while jobs run: each sees it at one moment, between two events', async () => {
  for (const workers of [1, 2]) {
    await using engine = await createEngine({ workers, shards: 2, capacity });
    const writer = crawling(engine, 2000);
    const { graph } = writer;
    while (graph.size < 1000) await pause(1);
    const versions = new Set<string>();
    for (let look = 0; look < 25; look++) {
      const [components, ranks] = await Promise.all([
        graph.weaklyConnectedComponents(),
        graph.pageRank({ direction: 'both', tolerance: 0, maxIterations: 2 }),
      ]);
      // Torn, a snapshot would lack an edge in the middle of the path: two components.
      expect(new Set(components.values).size).toBe(1);
      expect(components.handles).toContain(components.values[0]);
      expect(ranks.values.reduce((sum, rank) => sum + rank, 0)).toBeCloseTo(1, 9);
      expect(await graph.triangles()).toBe(0);
      versions.add(`${components.handles[0]} ${components.length}`);
    }
    expect(versions.size).toBeGreaterThan(1);
    const edges = await writer.stop();
    await engine.flush();
    expect(graph.size).toBe(edges);
    expect(await engine.verify()).toEqual({ ok: true, problems: [] });
  }
});

test('jobs of every kind at once, with one worker and with three, beside a stream of events', async () => {
  for (const workers of [1, 3]) {
    await using engine = await createEngine({ workers, shards: 4, capacity });
    const graph = await rings(engine);
    const writer = crawling(engine, 500);
    const before = engine.stats().applied;
    const [components, strong, communities, clustering, triangles, hops, distances, path, ranks] = await Promise.all([
      graph.weaklyConnectedComponents(),
      graph.stronglyConnectedComponents(),
      graph.communities({ direction: 'both' }),
      graph.localClustering({ direction: 'both' }),
      graph.triangles(),
      graph.bfs(0),
      graph.shortestPaths(0),
      graph.shortestPath(0, 9),
      graph.pageRank(LONG),
    ]);
    expectLabels(graph, components);
    expectLabels(graph, strong);
    expect(communities.length).toBe(NODES);
    expect(clustering.get(1)).toBe(1);
    expect(triangles).toBe(NODES / RING);
    // The chord leads from 0 to 2.
    for (const [values, node, value] of [
      [hops, 1, 1],
      [hops, 2, 1],
      [hops, 9, 8],
      [distances, 9, 8],
      [hops, RING, Number.POSITIVE_INFINITY],
    ] as const) {
      expect(values.get(node)).toBe(value);
    }
    expect(path).toEqual({ nodes: [0, 2, 3, 4, 5, 6, 7, 8, 9], length: 8 });
    expect(ranks.iterations).toBe(LONG.maxIterations);
    // Jobs keep no worker to themselves.
    expect(engine.stats().applied).toBeGreaterThan(before);
    await writer.stop();
    await engine.flush();
    expect(await engine.verify()).toEqual({ ok: true, problems: [] });
  }
});

test('a job that is aborted, before and while it runs: ATHANOR_ABORTED, and the next is as ever', async () => {
  await using engine = await createEngine({ workers: 2, capacity });
  const graph = await rings(engine);
  const over = AbortSignal.abort(new Error('too late'));
  await expect(graph.pageRank({ signal: over })).rejects.toMatchObject({ code: 'ATHANOR_ABORTED' });
  for (let turn = 0; turn < 4; turn++) {
    const stop = new AbortController();
    // First in the building of the snapshot, perhaps; then, once it is there, in the rounds.
    const job = graph.pageRank({ ...ENDLESS, signal: stop.signal, onProgress: () => stop.abort() });
    if (turn === 0) setImmediate(() => stop.abort());
    await expect(job).rejects.toMatchObject({ code: 'ATHANOR_ABORTED' });
    expectLabels(graph, await graph.weaklyConnectedComponents());
  }
});

test('what onProgress or onBuilt throws ends the job', async () => {
  await using engine = await createEngine({ workers: 1, capacity });
  const graph = await rings(engine);
  const wrong = new Error('not mine');
  const thrown = (): never => {
    throw wrong;
  };
  await expect(graph.pageRank({ ...ENDLESS, onProgress: thrown })).rejects.toBe(wrong);
  await expect(graph.pageRank({ ...ENDLESS, onBuilt: thrown })).rejects.toBe(wrong);
  expect(await graph.triangles()).toBe(NODES / RING);
});

test('progress never goes back, and ends at its total', async () => {
  await using engine = await createEngine({ workers: 2, capacity });
  const graph = await rings(engine);
  const told: Array<[number, number]> = [];
  await graph.pageRank({ ...LONG, onProgress: (done, total) => told.push([done, total]) });
  const [done, total] = told.at(-1)!;
  expect(done).toBe(total);
  const ours = told.filter((entry) => entry[1] === total).map((entry) => entry[0]);
  expect(ours).toEqual([...ours].sort((a, b) => a - b));
});

test('an engine that is closed while jobs run: they reject, nothing hangs', async () => {
  for (let turn = 0; turn < 6; turn++) {
    const engine = await createEngine({ workers: 1 + (turn % 2), capacity });
    const graph = await rings(engine);
    const jobs = [graph.pageRank(ENDLESS), graph.pageRank({ ...ENDLESS, direction: 'both' }), graph.triangles()];
    const ends = Promise.allSettled(jobs);
    await pause(10 * (turn % 4));
    await engine.close();
    const [first, second, third] = await ends;
    for (const end of [first!, second!]) {
      expect(end.status === 'rejected' && end.reason).toMatchObject({ code: 'ATHANOR_CLOSED' });
    }
    // That one may have been quick enough.
    if (third!.status === 'rejected') expect(third!.reason).toMatchObject({ code: 'ATHANOR_CLOSED' });
    await expect(graph.pageRank()).rejects.toMatchObject({ code: 'ATHANOR_CLOSED' });
  }
});

test(`workers killed while jobs run: the answers are those of any other run (seed ${SEED})`, async () => {
  for (const workers of [1, 2]) {
    const spared = new Set(alive);
    await using engine = await createEngine({ workers, shards: 2, capacity });
    const graph = await rings(engine);
    const expected = await graph.pageRank(LONG);
    const random = randomOf(SEED + workers);
    const writer = crawling(engine, 200);
    for (let loss = 0; loss < 4; loss++) {
      // Another version of the graph, so that the snapshot is built in the midst of it.
      graph.upsertEdge(0, 1, { weight: loss + 2 });
      const jobs = Promise.all([graph.pageRank(LONG), graph.weaklyConnectedComponents(), graph.triangles()]);
      // Not while it compiles what it has just begun to do: Node.js 20 itself does not always survive that.
      await pause(50 + random(50));
      await allStarted(engine, spared);
      const victims = [...alive].filter((worker) => !spared.has(worker));
      void victims[random(victims.length)]?.terminate();
      const [ranks, components, triangles] = await jobs;
      // To the last bit.
      expect(ranks.values).toEqual(expected.values);
      expectLabels(graph, components);
      expect(triangles).toBe(NODES / RING);
    }
    await writer.stop();
    await engine.flush();
    expect(await engine.verify()).toEqual({ ok: true, problems: [] });
  }
});
