import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { ShardCatalog } from '../../dist/src/catalog/shard-catalog.js';
import type { EngineCore } from '../../dist/src/engine/core.js';
import { ShardEdges } from '../../dist/src/graph/shard-edges.js';
import { createEngine, type Engine, type Graph } from '../../dist/src/index.js';
import { Interner } from '../../dist/src/memory/interner.js';
import { Ball } from '../../dist/src/query/ball.js';
import { CellSums } from '../../dist/src/query/cell-sums.js';
import { ShardQueries } from '../../dist/src/spatial/shard-queries.js';

const HUB = 70_000;

const coreOf = (graph: Graph): EngineCore => (graph as unknown as { core: EngineCore }).core;

describe('a read that fails while it holds the shard’s lock gives the lock back', () => {
  let engine: Engine;
  let graph: Graph;
  // Answers for a grid that was asked for before are kept.
  let asked = 0;

  beforeAll(async () => {
    engine = await createEngine({ workers: 1, shards: 1, capacity: { nodes: 100_000, edges: 200_000 } });
    graph = engine.graph('g');
    const handles = graph.handles(Array.from({ length: HUB }, (_, i) => i));
    const x = Float64Array.from(handles, (_, i) => i);
    for (let done = 0; done < HUB; await engine.drained()) {
      done += graph.moveNodes(handles.subarray(done), x.subarray(done), x.subarray(done));
    }
    const sources = new Uint32Array(HUB).fill(handles[0]!);
    for (let done = 0; done < HUB; await engine.drained()) {
      done += graph.upsertEdges(sources.subarray(done), handles.subarray(done));
    }
    graph.upsertNode('data', { x: 1, y: 1, data: { a: 1 } });
    await engine.flush();
  });
  afterAll(() => engine.close());
  afterEach(() => void vi.restoreAllMocks());

  /** A read, and the method that it calls under the lock and that fails. */
  const reads: Array<[name: string, on: object, method: string, read: () => unknown]> = [
    ['within', ShardQueries.prototype, 'within', () => graph.within({ x: 0, y: 0, radius: 5 }).length],
    [
      'sorted',
      ShardQueries.prototype,
      'nearest',
      () => graph.within({ x: 0, y: 0, radius: 5, sort: 'distance' }).length,
    ],
    ['withinBox', ShardQueries.prototype, 'box', () => graph.withinBox({ minX: 0, minY: 0, maxX: 9, maxY: 9 }).length],
    ['nearest', ShardQueries.prototype, 'nearest', () => graph.nearest({ x: 0, y: 0, k: 3 }).length],
    ['withinInto', ShardQueries.prototype, 'within', () => graph.withinInto(0, 0, 5, new Uint32Array(9))],
    [
      'nearestInto',
      ShardQueries.prototype,
      'nearest',
      () => graph.nearestInto(0, 0, 3, new Uint32Array(9), new Float64Array(9)),
    ],
    ['neighbors', ShardEdges.prototype, 'neighborsInto', () => graph.neighbors(0).length],
    ['entries', ShardEdges.prototype, 'entriesOf', () => graph.neighbors(0).length],
    [
      'neighbors in a ball',
      Ball.prototype,
      'has',
      () => graph.neighbors(0, { within: { x: 0, y: 0, radius: 50 } }).length,
    ],
    ['edge', ShardEdges.prototype, 'find', () => graph.edge(0, 1)?.weight],
    ['node', ShardEdges.prototype, 'degree', () => graph.node('data')?.data],
    ['ids', Interner.prototype, 'idOf', () => graph.node('data')?.id],
    ['nodes', ShardEdges.prototype, 'degree', () => graph.nodes().next().value.id],
    ['edges', ShardEdges.prototype, 'edgesInto', () => graph.edges().next().value.source],
    [
      'clusters',
      CellSums.prototype,
      'add',
      () => graph.clusters({ minX: 0, minY: 0, maxX: 9 + ++asked / 1e6, maxY: 9, cellSize: 1 }).counts.length,
    ],
    ['an event’s room', ShardEdges.prototype, 'find', () => coreOf(graph).edgeExists(0, 0, 1, 0)],
    ['names', Interner.prototype, 'idOf', () => engine.graphs.byName().length],
  ];

  /** Another read finds the shard free, and its writer is not held up. */
  async function expectFree(read: () => unknown, before: unknown): Promise<void> {
    expect(read()).toEqual(before);
    graph.moveNode('data', 1, 1);
    await engine.flush();
    expect(read()).toEqual(before);
  }

  test.each(reads)('%s', async (_name, on, method, read) => {
    const before = read();
    const failing = vi.spyOn(on as Record<string, () => unknown>, method).mockImplementation(() => {
      throw new RangeError('Array buffer allocation failed');
    });
    expect(read).toThrow(RangeError);
    expect(failing).toHaveBeenCalled();
    vi.restoreAllMocks();
    await expectFree(read, before);
  });

  test.each([
    ['graphs', () => engine.graphs.totals.graphs],
    ['nodes', () => engine.graphs.totals.nodes],
    ['edges', () => engine.graphs.totals.edges],
  ] as const)('totals: %s', async (name, read) => {
    const before = read();
    vi.spyOn(ShardCatalog.prototype, name, 'get').mockImplementation(() => {
      throw new RangeError('no');
    });
    expect(read).toThrow(RangeError);
    vi.restoreAllMocks();
    await expectFree(read, before);
  });

  test('a result for which there is no memory is refused by name', async () => {
    const Real = globalThis.Uint32Array;
    const before = graph.neighbors(0).length;
    expect(before).toBe(HUB);
    // As many results as fit the place for them: the next one grows it.
    globalThis.Uint32Array = new Proxy(Real, {
      construct(target, args, newTarget) {
        if (typeof args[0] === 'number' && args[0] >= HUB) throw new RangeError('Array buffer allocation failed');
        return Reflect.construct(target, args, newTarget) as object;
      },
    });
    try {
      for (const read of [
        () => graph.neighbors(0),
        () => graph.within({ x: 0, y: 0, radius: 1e9 }),
        () => graph.nearest({ x: 0, y: 0, k: HUB }),
      ]) {
        expect(read).toThrow(expect.objectContaining({ code: 'ATHANOR_CAPACITY' }));
      }
    } finally {
      globalThis.Uint32Array = Real;
    }
    await expectFree(() => graph.neighbors(0).length, before);
  });
});

describe('locks in the source', () => {
  const ROOT = resolve(import.meta.dirname, '../../src');
  const TAKES = /\.(acquireRead|acquireWrite|tryLock|lock|acquire|takeOver)\(/;
  /** Those that hand a lock on to their caller. */
  const WRAPPERS = ['memory/lock.ts', 'query/read-lock.ts'];

  test('each is given back in finally, or a comment says why not', () => {
    let found = 0;
    for (const entry of readdirSync(ROOT, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile() || !entry.name.endsWith('.ts')) continue;
      const file = join(entry.parentPath, entry.name);
      if (WRAPPERS.some((name) => file.endsWith(name))) continue;
      const lines = readFileSync(file, 'utf8').split('\n');
      lines.forEach((line, i) => {
        if (!TAKES.test(line) || line.includes('=>') || /^\s*(\/\/|\*)/.test(line)) return;
        // The only statement of a method that hands it on.
        if (/^ {2}\w+\(.*\{$/.test(lines[i - 1]!) && lines[i + 1] === '  }') return;
        found++;
        const commented = lines.slice(Math.max(0, i - 3), i).some((above) => above.includes('// No finally'));
        const rest = lines.slice(i + 1, i + 9).join('\n');
        // Where it was not taken it says so and leaves; then the block, perhaps behind declarations.
        const leaves = /^(\s*(const|let|if|\/\/|return|continue|throw|\}).*\n)*\s*try \{/.test(rest);
        expect(commented || leaves, `${file}:${i + 1}: ${line.trim()}`).toBe(true);
      });
    }
    expect(found).toBeGreaterThan(15);
  });
});
