import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createEngine, type Engine, type EngineEvent, type GraphSummary } from '../../dist/src/index.js';
import { HOLD_GRAPHS } from '../../dist/src/query/catalog-reader.js';
import { refuses } from '../support/refuses.js';

const seed = Number(process.env.ATHANOR_SEED ?? 20_260_203);
const capacity = { graphs: 5_000, nodes: 20_000, edges: 20_000 };

/** Catalogue in a Map, with the order of creations. */
class Plain {
  readonly graphs = new Map<string, GraphSummary & { born: number; ids: Set<number>; pairs: Set<string> }>();
  #born = 0;

  apply(event: EngineEvent): void {
    const time = event.time!;
    if (event.type === 'graph.removed') this.graphs.delete(event.graph);
    let graph = this.graphs.get(event.graph);
    if (graph === undefined) {
      if (['graph.removed', 'node.removed', 'edge.removed'].includes(event.type)) return;
      const born = this.#born++;
      graph = { name: event.graph, createdAt: time, nodes: 0, edges: 0, born, ids: new Set(), pairs: new Set() };
      this.graphs.set(event.graph, graph);
    }
    if (event.type === 'node.upserted') graph.ids.add(event.node as number);
    if (event.type === 'node.removed') {
      graph.ids.delete(event.node as number);
      for (const pair of graph.pairs) if (pair.split(',').includes(String(event.node))) graph.pairs.delete(pair);
    }
    if (event.type === 'edge.upserted') {
      graph.ids.add(event.source as number).add(event.target as number);
      graph.pairs.add(`${event.source},${event.target}`);
    }
    if (event.type === 'edge.removed') graph.pairs.delete(`${event.source},${event.target}`);
    graph.nodes = graph.ids.size;
    graph.edges = graph.pairs.size;
  }

  summaries(): Array<GraphSummary & { born: number }> {
    return [...this.graphs.values()].map(({ name, createdAt, nodes, edges, born }) => ({
      name,
      createdAt,
      nodes,
      edges,
      born,
    }));
  }
}

const plain = (graphs: ReadonlyArray<GraphSummary>): GraphSummary[] =>
  graphs.map(({ name, createdAt, nodes, edges }) => ({ name, createdAt, nodes, edges }));

const unit = fc.constantFrom('a', 'b', 'é', '\u0000', '漢', '\ud83d\ude00', '\uffff');
const name = fc
  .array(unit, { minLength: 1, maxLength: 3 })
  .map((units) => `shared-prefix-${units.join('')}`.slice(units.length % 2 === 0 ? 0 : 14));
const node = fc.nat(6);
const event: fc.Arbitrary<EngineEvent> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ type: fc.constant('graph.created' as const), graph: name }) },
  { weight: 8, arbitrary: fc.record({ type: fc.constant('node.upserted' as const), graph: name, node }) },
  { weight: 3, arbitrary: fc.record({ type: fc.constant('node.removed' as const), graph: name, node }) },
  {
    weight: 5,
    arbitrary: fc.record({ type: fc.constant('edge.upserted' as const), graph: name, source: node, target: node }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ type: fc.constant('edge.removed' as const), graph: name, source: node, target: node }),
  },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('graph.removed' as const), graph: name }) },
);
const question = fc.record({
  text: fc.oneof(name, fc.constantFrom('', 's', 'shared-', '\uffff', 'é', 'zzz')),
  other: fc.oneof(name, fc.constantFrom('', 'shared-prefix-b')),
  low: fc.integer({ min: -1, max: 9 }),
  high: fc.integer({ min: -1, max: 12 }),
  limit: fc.option(fc.integer({ min: 1, max: 9 }), { nil: undefined }),
  descending: fc.boolean(),
});

type Question = typeof question extends fc.Arbitrary<infer Q> ? Q : never;

function compare(engine: Engine, model: Plain, { text, other, low, high, limit, descending }: Question): void {
  const { graphs } = engine;
  const all = model.summaries();
  const page = (wanted: GraphSummary[]): GraphSummary[] =>
    plain((descending ? [...wanted].reverse() : wanted).slice(0, limit));
  const options = { descending, ...(limit !== undefined && { limit }) };
  const named = all.sort((a, b) => (a.name < b.name ? -1 : 1));
  expect(graphs.byName(options)).toEqual(page(named));
  expect(graphs.byName({ ...options, prefix: text })).toEqual(page(named.filter((g) => g.name.startsWith(text))));
  expect(graphs.byName({ ...options, from: text, to: other })).toEqual(
    page(named.filter((g) => g.name >= text && g.name <= other)),
  );
  expect(graphs.byName({ ...options, from: other, prefix: text, to: `${text}\uffff` })).toEqual(
    page(named.filter((g) => g.name >= other && g.name.startsWith(text) && g.name <= `${text}\uffff`)),
  );
  const inTime = all.filter((g) => g.createdAt >= low && g.createdAt <= high);
  inTime.sort((a, b) => a.createdAt - b.createdAt || a.born - b.born);
  expect(graphs.createdBetween(low, high, options)).toEqual(page(inTime));
  // Graphs of one count come in any order: the counts are told, and each graph is one of those.
  const counted = all.filter((g) => g.nodes >= low && g.nodes <= high).sort((a, b) => a.nodes - b.nodes);
  const found = graphs.nodeCountBetween(low, high, options);
  expect(found.map((g) => g.nodes)).toEqual(page(counted).map((g) => g.nodes));
  expect(new Set(found.map((g) => g.name)).size).toBe(found.length);
  for (const graph of [...found, ...plain(all)]) expect(graphs.get(graph.name)).toEqual(graph);
  if (limit === undefined) expect(new Set(found.map((g) => g.name))).toEqual(new Set(counted.map((g) => g.name)));
  expect(graphs.totals).toEqual({
    graphs: all.length,
    nodes: all.reduce((sum, g) => sum + g.nodes, 0),
    edges: all.reduce((sum, g) => sum + g.edges, 0),
  });
  expect(graphs.get(`${text}-none`)).toBeUndefined();
}

describe('the catalogue through an engine', () => {
  test(`answers as a Map does, for any number of workers and shards (seed ${seed})`, { timeout: 60_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(event, fc.integer({ min: -2, max: 3 })), { minLength: 1, maxLength: 250, size: 'max' }),
        fc.array(question, { minLength: 5, maxLength: 12 }),
        fc.constantFrom({ workers: 1, shards: 1 }, { workers: 2, shards: 3 }, { workers: 1, shards: 8 }),
        async (steps, questions, shape) => {
          await using engine = await createEngine({ ...shape, capacity });
          const model = new Plain();
          let time = 5;
          for (const [at, [step, ahead]] of steps.entries()) {
            time = Math.max(0, Math.min(10, time + ahead));
            const timed = { ...step, time } as EngineEvent;
            model.apply(timed);
            engine.publish(timed);
            if (at % 50 !== 49) continue;
            await engine.flush();
            compare(engine, model, questions[at % questions.length]!);
          }
          await engine.flush();
          for (const asked of questions) compare(engine, model, asked);
          expect(await engine.verify()).toEqual({ ok: true, problems: [] });
        },
      ),
      { seed, numRuns: 12 },
    );
  });

  test('bounds and extremes', async () => {
    await using engine = await createEngine({ workers: 1, shards: 2, capacity });
    const { graphs } = engine;
    expect([graphs.byName(), graphs.createdBetween(0, 9), graphs.nodeCountBetween(0, 9)]).toEqual([[], [], []]);
    expect(graphs.totals).toEqual({ graphs: 0, nodes: 0, edges: 0 });
    for (const [i, time] of [-1e300, -0, 0, 0.5, 1e300].entries())
      engine.publish({ type: 'graph.created', graph: `g${i}`, time });
    engine.graph('x'.repeat(256)).upsertNode(1, { time: 7 });
    await engine.flush();
    const names = (found: GraphSummary[]): string[] => found.map((graph) => graph.name);
    expect(names(graphs.createdBetween(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY)).map((n) => n[1])).toEqual([
      ...'0123x4',
    ]);
    expect(names(graphs.createdBetween(0, 0))).toEqual(['g1', 'g2']);
    expect(graphs.createdBetween(1, 0)).toEqual([]);
    expect(names(graphs.nodeCountBetween(0.5, Number.POSITIVE_INFINITY))).toEqual(['x'.repeat(256)]);
    expect(graphs.nodeCountBetween(Number.NEGATIVE_INFINITY, 0.9, { limit: 100 }).length).toBe(5);
    expect(graphs.nodeCountBetween(2, 1)).toEqual([]);
    expect(graphs.nodeCountBetween(1e12, 1e13)).toEqual([]);
    expect(graphs.nodeCountBetween(Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY)).toEqual([]);
    expect(graphs.nodeCountBetween(-5, -1, { descending: true })).toEqual([]);
    expect(names(graphs.byName({ prefix: 'x'.repeat(256) }))).toEqual(['x'.repeat(256)]);
    expect(graphs.byName({ prefix: 'x'.repeat(257) })).toEqual([]);
    expect(names(graphs.byName({ from: 'x'.repeat(255), to: 'x'.repeat(100_000) }))).toEqual(['x'.repeat(256)]);
    expect(graphs.byName({ from: 'b', to: 'a' })).toEqual([]);
    expect(names(graphs.byName({ descending: true, limit: 2 }))).toEqual(['x'.repeat(256), 'g4']);
    expect(graphs.get('')).toBeUndefined();
  });

  test('a removed graph vanishes with its removal, and one created anew has its new time', async () => {
    await using engine = await createEngine({ workers: 1, shards: 1, capacity });
    const { graphs } = engine;
    for (let life = 1; life <= 3; life++) {
      const at = life * 10;
      engine.publish([
        { type: 'edge.upserted', graph: 'g', source: 1, target: 2, time: at },
        { type: 'graph.removed', graph: 'g', time: at + 1 },
        { type: 'node.upserted', graph: 'g', node: 1, time: at + 2 },
      ]);
      await engine.flush();
      expect(graphs.get('g')).toEqual({ name: 'g', createdAt: at + 2, nodes: 1, edges: 0 });
      expect(graphs.createdBetween(0, 100).map((graph) => graph.createdAt)).toEqual([at + 2]);
      expect(graphs.totals).toEqual({ graphs: 1, nodes: 1, edges: 0 });
      engine.graph('g').remove();
      await engine.flush();
      expect(graphs.get('g')).toBeUndefined();
      expect([graphs.byName(), graphs.createdBetween(0, 100), graphs.nodeCountBetween(0, 9)]).toEqual([[], [], []]);
      expect(graphs.totals).toEqual({ graphs: 0, nodes: 0, edges: 0 });
    }
    expect((await engine.verify()).problems).toEqual([]);
  });

  test('an array that is refused leaves names as they were, also of graphs whose removal is not applied yet', async () => {
    await using engine = await createEngine({ workers: 1, shards: 1, capacity });
    for (let i = 0; i < 300; i++) engine.graph(`g${i}`).upsertNode(1);
    await engine.flush();
    for (let i = 0; i < 300; i += 2) {
      engine.graph(`g${i}`).remove();
      const bad = { type: 'node.moved', graph: `g${i}`, node: 1, x: Number.NaN, y: 0 } as const;
      const anew = { type: 'node.upserted', graph: `g${i}`, node: 2 } as const;
      refuses(() => engine.publish([anew, bad]), 'ATHANOR_INVALID_EVENT', /x: NaN/);
    }
    await engine.flush();
    expect(engine.graphs.byName().map((graph) => graph.name)).toEqual(
      Array.from({ length: 150 }, (_, i) => `g${2 * i + 1}`).sort(),
    );
    expect((await engine.verify()).problems).toEqual([]);
  });
});

describe('bad questions', () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await createEngine({ workers: 1, shards: 1, capacity });
  });
  afterAll(() => engine.close());

  test('are refused by field and value', () => {
    const graphs = engine.graphs as unknown as Record<string, (...args: unknown[]) => unknown>;
    for (const [method, args, words] of [
      ['get', [7], /name: 7/],
      ['get', [], /name: undefined/],
      ['byName', [null], /options: null/],
      ['byName', ['a'], /options: "a"/],
      ['byName', [{ prefix: 5 }], /prefix: 5/],
      ['byName', [{ from: null }], /from: null/],
      ['byName', [{ to: {} }], /to: an object/],
      ['byName', [{ limit: 0 }], /limit: 0/],
      ['byName', [{ limit: 1.5 }], /limit: 1.5/],
      ['byName', [{ descending: 1 }], /descending: 1/],
      ['byName', [{ prefx: 'a' }], /options.prefx: there is no such option/],
      ['createdBetween', [Number.NaN, 1], /from: NaN/],
      ['createdBetween', [0, '1'], /to: "1"/],
      ['createdBetween', [0], /to: undefined/],
      ['createdBetween', [0, 1, { limit: -1 }], /limit: -1/],
      ['createdBetween', [0, 1, { prefix: 'a' }], /options.prefix: there is no such option/],
      ['nodeCountBetween', [0, Number.NaN], /max: NaN/],
      ['nodeCountBetween', [null, 1], /min: null/],
      ['nodeCountBetween', [0, 1, { limit: Number.NaN }], /limit: NaN/],
      ['nodeCountBetween', [0, 1, null], /options: null/],
      ['nodeCountBetween', [0, 1, { from: 'a' }], /options.from: there is no such option/],
    ] as const) {
      refuses(() => graphs[method]!(...args), 'ATHANOR_INVALID_QUERY', words);
    }
  });
});

describe('100,000 graphs', () => {
  test('pages are found while a stream creates nodes, graphs and removals', { timeout: 60_000 }, async () => {
    const count = 100_000;
    await using engine = await createEngine({ workers: 2, shards: 4, capacity: { graphs: 2 * count } });
    const { graphs } = engine;
    const nameOf = (i: number): string => `graph-${String((i * 7919) % count).padStart(6, '0')}`;
    await engine.ingest(
      (function* (): Generator<EngineEvent> {
        for (let i = 0; i < count; i++) yield { type: 'graph.created', graph: nameOf(i), time: i >>> 4 };
      })(),
    );
    await engine.flush();
    expect(graphs.totals).toEqual({ graphs: count, nodes: 0, edges: 0 });
    expect(graphs.byName({ limit: 3, from: 'graph-0500' }).map((graph) => graph.name)).toEqual(
      [0, 1, 2].map((i) => `graph-05000${i}`),
    );
    expect(graphs.createdBetween(100, 101).map((graph) => graph.name)).toEqual(
      Array.from({ length: 32 }, (_, i) => nameOf(1600 + i)),
    );
    expect(graphs.byName().length).toBe(count);
    // Nodes are created, graphs come and go; what is not touched is in every long answer once.
    let done = false;
    let given = 0;
    const stream = engine
      .ingest(
        (async function* (): AsyncGenerator<EngineEvent> {
          for (let i = 0; i < 60_000; i++, given++) {
            const graph = nameOf(2 * (i % 20_000));
            if (i % 5 === 4) yield { type: 'graph.removed', graph };
            else yield { type: 'node.upserted', graph, node: i % 3, time: 1e6 };
          }
        })(),
      )
      .then(() => {
        done = true;
      });
    let answers = 0;
    do {
      const kept = (found: GraphSummary[]): number => {
        const names = new Map<string, number>();
        for (const graph of found) names.set(graph.name, (names.get(graph.name) ?? 0) + 1);
        let untouched = 0;
        for (let i = 1; i < count; i += 2) if (names.get(nameOf(i)) === 1) untouched++;
        for (let i = 40_000; i < count; i += 2) if (names.get(nameOf(i)) === 1) untouched++;
        return untouched;
      };
      const untouched = count / 2 + (count - 40_000) / 2;
      const byName = graphs.byName();
      expect(byName.every((graph, i) => i === 0 || byName[i - 1]!.name < graph.name)).toBe(true);
      expect(kept(byName)).toBe(untouched);
      const byTime = graphs.createdBetween(0, 2e6);
      expect(byTime.every((graph, i) => i === 0 || byTime[i - 1]!.createdAt <= graph.createdAt)).toBe(true);
      expect(kept(byTime)).toBe(untouched);
      for (const descending of [false, true]) {
        const byCount = graphs.nodeCountBetween(0, 10, { descending });
        if (descending) byCount.reverse();
        expect(byCount.every((graph, i) => i === 0 || byCount[i - 1]!.nodes <= graph.nodes)).toBe(true);
        expect(kept(byCount)).toBe(untouched);
        expect(new Set(byCount.map((graph) => graph.name)).size).toBe(byCount.length);
      }
      expect(graphs.nodeCountBetween(1, 3, { limit: HOLD_GRAPHS }).every((graph) => graph.nodes > 0)).toBe(true);
      answers++;
      // The stream gives way every few milliseconds: an answer for each of its turns would take too long.
      for (const before = given; !done && given < before + 10_000; ) {
        await new Promise((resolve) => setImmediate(resolve));
      }
    } while (!done);
    await stream;
    await engine.flush();
    expect(answers).toBeGreaterThan(1);
    const { nodes } = graphs.totals;
    expect(graphs.byName().reduce((sum, graph) => sum + graph.nodes, 0)).toBe(nodes);
    expect(await engine.verify()).toEqual({ ok: true, problems: [] });
  });
});
