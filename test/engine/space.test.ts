import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createEngine, type Engine, type Graph, type GraphOptions } from '../../dist/src/index.js';
import { refuses } from '../support/refuses.js';

const R = 6_371_008.8;
const HALF_TURN = Math.PI * R;

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ workers: 1, capacity: { graphs: 64, nodes: 50_000, edges: 64 } });
});
afterAll(() => engine.close());

async function filled(name: string, options: GraphOptions, places: Record<string, readonly number[]>): Promise<Graph> {
  const graph = engine.graph(name, options);
  for (const [id, [x, y, z]] of Object.entries(places)) graph.moveNode(id, x!, y!, z);
  await engine.flush();
  return graph;
}

describe('three dimensions', () => {
  const places = { origin: [0, 0, 0], up: [0, 0, 5], far: [3, 4, 12], twin: [3, 4, 12] };

  test('every query looks at z', async () => {
    const graph = await filled('solid', { dimensions: 3 }, places);
    expect(graph.within({ x: 0, y: 0, z: 0, radius: 5 }).ids().sort()).toEqual(['origin', 'up']);
    expect(graph.within({ x: 0, y: 0, z: 0, radius: 13, sort: 'distance' }).ids().slice(0, 2)).toEqual([
      'origin',
      'up',
    ]);
    expect([...graph.within({ x: 0, y: 0, z: 0, radius: 13, sort: 'distance' }).distances!]).toEqual([0, 5, 13, 13]);
    expect(graph.within({ x: 3, y: 4, z: 12, radius: 0 }).ids().sort()).toEqual(['far', 'twin']);
    expect([...graph.nearest({ x: 0, y: 0, z: 6, k: 2 }).distances!]).toEqual([1, 6]);
    expect(graph.withinBox({ minX: 0, minY: 0, minZ: 1, maxX: 5, maxY: 5, maxZ: 12 }).ids().sort()).toEqual([
      'far',
      'twin',
      'up',
    ]);
    const handles = new Uint32Array(4);
    const distances = new Float64Array(4);
    expect(graph.withinInto(0, 0, 5, handles, 0)).toBe(2);
    expect(graph.nearestInto(0, 0, 1, handles, distances, 6)).toBe(1);
    expect(graph.id(handles[0]!)).toBe('up');
    expect(graph.node('far')!.z).toBe(12);
    expect((await engine.verify()).problems).toEqual([]);
  });

  test('a node is in space when it has all three coordinates', async () => {
    const graph = engine.graph('solid');
    graph.upsertNode('late', { x: 1, y: 1 });
    await engine.flush();
    expect(graph.within({ x: 1, y: 1, z: 0, radius: 100 }).ids()).not.toContain('late');
    expect(graph.node('late')!.z).toBeNaN();
    graph.upsertNode('late', { z: -50 });
    await engine.flush();
    expect(graph.within({ x: 1, y: 1, z: -50, radius: 1 }).ids()).toEqual(['late']);
    graph.removeNode('late');
    await engine.flush();
    expect(graph.within({ x: 1, y: 1, z: -50, radius: 1 }).length).toBe(0);
  });

  test('columns carry z', async () => {
    const graph = engine.graph('columns', { dimensions: 3 });
    const handles = graph.handles(['a', 'b']);
    expect(graph.moveNodes(handles, Float64Array.of(1, 2), Float64Array.of(1, 2), Float64Array.of(1, 2))).toBe(2);
    await engine.flush();
    expect(graph.nearest({ x: 0, y: 0, z: 0, k: 1 }).ids()).toEqual(['a']);
    const two = Float64Array.of(1, 2);
    refuses(() => graph.moveNodes(handles, two, two), 'ATHANOR_INVALID_EVENT', /^z/);
    refuses(
      () => graph.moveNodes(handles, two, two, Float64Array.of(1, Number.NaN)),
      'ATHANOR_INVALID_EVENT',
      /z\[1\]/,
    );
  });

  test('z is asked for, and refused in the plane', () => {
    const solid = engine.graph('solid');
    const plane = engine.graph('plane');
    refuses(() => solid.moveNode('a', 1, 2), 'ATHANOR_INVALID_EVENT', /z: undefined/);
    refuses(() => solid.within({ x: 0, y: 0, radius: 1 }), 'ATHANOR_INVALID_QUERY', /z: undefined/);
    refuses(() => solid.withinBox({ minX: 0, minY: 0, maxX: 1, maxY: 1 }), 'ATHANOR_INVALID_QUERY', /minZ: undefined/);
    refuses(
      () => solid.withinBox({ minX: 0, minY: 0, minZ: 2, maxX: 1, maxY: 1, maxZ: 1 }),
      'ATHANOR_INVALID_QUERY',
      /minZ: 2/,
    );
    refuses(() => plane.moveNode('a', 1, 2, 3), 'ATHANOR_INVALID_EVENT', /z: 3/);
    refuses(() => plane.within({ x: 0, y: 0, z: 1, radius: 1 }), 'ATHANOR_INVALID_QUERY', /z: 1/);
  });
});

describe('the sphere', () => {
  const places = {
    north: [77, 90],
    south: [-120, -90],
    fiji: [179.9, -17],
    samoa: [-179.9, -17],
    null: [0, 0],
    one: [1, 0],
  };

  test('great-circle distances of cases that can be computed by hand', async () => {
    const graph = await filled('sphere', { metric: 'haversine' }, places);
    const distance = (x: number, y: number, id: string): number => {
      const set = graph.nearest({ x, y, k: 6 });
      return set.distances![set.ids().indexOf(id)]!;
    };
    expect(distance(0, -90, 'north')).toBeCloseTo(HALF_TURN, 6);
    expect(distance(13, 90, 'north')).toBe(0);
    expect(distance(0, 0, 'one')).toBeCloseTo(HALF_TURN / 180, 8);
    expect(distance(0, 0, 'north')).toBeCloseTo(HALF_TURN / 2, 8);
    expect(distance(180, 0, 'null')).toBeCloseTo(HALF_TURN, 6);
    expect(distance(-179.9, -17, 'fiji')).toBeCloseTo(distance(179.9, -17, 'samoa'), 8);
  });

  test('circles lie across the antimeridian and round the poles, up to half the circumference', () => {
    const graph = engine.graph('sphere');
    expect(graph.within({ x: 180, y: -17, radius: 11_000 }).ids().sort()).toEqual(['fiji', 'samoa']);
    expect(graph.within({ x: -45, y: 90, radius: 0 }).ids()).toEqual(['north']);
    expect(
      graph
        .within({ x: 30, y: -90, radius: HALF_TURN / 2 + 1 })
        .ids()
        .sort(),
    ).toEqual(['fiji', 'null', 'one', 'samoa', 'south']);
    expect(graph.within({ x: 12, y: 34, radius: HALF_TURN }).length).toBe(6);
    expect(graph.within({ x: 12, y: 34, radius: Number.POSITIVE_INFINITY }).length).toBe(6);
    // A metre less than to the antipode: all but the one that is there.
    expect(graph.within({ x: 180, y: 0, radius: HALF_TURN - 1 }).ids()).not.toContain('null');
    expect(graph.within({ x: 180, y: 0, radius: HALF_TURN - 1 }).length).toBe(5);
    expect(graph.nearest({ x: 0, y: 10, k: 6, maxDistance: 1_200_000 }).ids()).toEqual(['null', 'one']);
  });

  test('boxes lie across the antimeridian', () => {
    const graph = engine.graph('sphere');
    expect(graph.withinBox({ minX: 179, minY: -20, maxX: -179, maxY: 0 }).ids().sort()).toEqual(['fiji', 'samoa']);
    expect(graph.withinBox({ minX: -179, minY: -20, maxX: 179, maxY: 0 }).ids().sort()).toEqual(['null', 'one']);
    expect(graph.withinBox({ minX: -180, minY: -90, maxX: 180, maxY: 90 }).length).toBe(6);
  });

  test('the radius of the sphere is an option', async () => {
    const graph = await filled('redis', { metric: 'haversine', earthRadiusM: 6_372_797.560856 }, { a: [1, 0] });
    expect(graph.nearest({ x: 0, y: 0, k: 1 }).distances![0]).toBeCloseTo((Math.PI / 180) * 6_372_797.560856, 8);
    const other = { metric: 'haversine', earthRadiusM: 6_371_000 } as const;
    refuses(() => engine.graph('redis', other), 'ATHANOR_INVALID_OPTION', /earthRadiusM.*6372797/);
  });

  test('degrees have a range', () => {
    const graph = engine.graph('sphere');
    refuses(() => graph.moveNode('a', 0, 91), 'ATHANOR_INVALID_EVENT', /y: 91 is not a latitude: -90 to 90/);
    refuses(() => graph.moveNode('a', -180.5, 0), 'ATHANOR_INVALID_EVENT', /x: -180.5/);
    refuses(() => graph.upsertNode('a', { x: 181 }), 'ATHANOR_INVALID_EVENT', /x: 181/);
    refuses(() => graph.within({ x: 0, y: -91, radius: 1 }), 'ATHANOR_INVALID_QUERY', /y: -91/);
    const handles = graph.handles(['a']);
    refuses(
      () => graph.moveNodes(handles, Float64Array.of(0), Float64Array.of(91)),
      'ATHANOR_INVALID_EVENT',
      /y\[0\]: 91/,
    );
    refuses(() => graph.moveNode('a', 0, 0, 0), 'ATHANOR_INVALID_EVENT', /z: 0/);
    refuses(() => graph.within({ x: 0, y: 0, radius: -1 }), 'ATHANOR_INVALID_QUERY', /radius: -1/);
    refuses(() => graph.within({ x: 0, y: 0, radius: Number.NaN }), 'ATHANOR_INVALID_QUERY', /radius: NaN/);
    refuses(() => graph.nearest({ x: 0, y: 0, k: 0 }), 'ATHANOR_INVALID_QUERY', /k: 0/);
    refuses(() => graph.within({ x: 0, y: 0, radius: 1, limit: 1.5 }), 'ATHANOR_INVALID_QUERY', /limit: 1.5/);
  });
});

test("a node's own distance as the radius finds it, in every method", async () => {
  const graph = engine.graph('borders');
  for (let x = 0; x < 12; x++) for (let y = 0; y < 12; y++) graph.moveNode(`${x} ${y}`, x, y);
  await engine.flush();
  const all = graph.nearest({ x: 0, y: 0, k: 144 });
  all.ids().forEach((id, i) => {
    const radius = all.distances![i]!;
    expect(graph.within({ x: 0, y: 0, radius }).ids()).toContain(id);
    expect(graph.nearest({ x: 0, y: 0, k: 144, maxDistance: radius }).ids()).toContain(id);
  });
  const { sources, targets } = await graph.pairsWithin(Math.sqrt(13));
  const origin = graph.handle('0 0')!;
  const partners = [...sources].flatMap((source, i) =>
    source === origin ? [targets[i]!] : targets[i] === origin ? [source] : [],
  );
  expect(partners.map((handle) => graph.id(handle))).toContain('2 3');
});

test('the nearest that fit, where the arrays are shorter than k', async () => {
  const graph = engine.graph('short');
  for (let i = 0; i < 500; i++) graph.moveNode(i, (i * 7919) % 503, (i * 104729) % 499);
  await engine.flush();
  const all = graph.nearest({ x: 250, y: 250, k: 500 });
  for (const [k, handles, distances] of [
    [10, 4, 4],
    [40, 4, 9],
    [600, 10, 3],
    [600, 0, 0],
  ] as const) {
    const into = { handles: new Uint32Array(handles), distances: new Float64Array(distances) };
    expect(graph.nearestInto(250, 250, k, into.handles, into.distances)).toBe(Math.min(k, 500));
    const fits = Math.min(handles, distances);
    expect([...into.distances.subarray(0, fits)]).toEqual([...all.distances!.subarray(0, fits)]);
    expect(new Set(into.handles.subarray(0, fits)).size).toBe(fits);
  }
});

test('near the antipode the nearest are told by angle, and agree with the radius', async () => {
  const graph = engine.graph('antipode', { metric: 'haversine' });
  for (let i = 1; i <= 20; i++) graph.moveNode(i, 180, i * 9e-8);
  graph.moveNode('here', 1, 0);
  await engine.flush();
  // The farther from the antipode, the nearer.
  expect(graph.nearest({ x: 0, y: 0, k: 4 }).ids()).toEqual(['here', 20, 19, 18]);
  const { distances } = graph.nearest({ x: 0, y: 0, k: 21 });
  for (let i = 1; i < 21; i++) {
    const radius = distances![i]!;
    expect(graph.within({ x: 0, y: 0, radius }).length).toBe(i + 1);
    expect(graph.within({ x: 0, y: 0, radius, sort: 'distance' }).length).toBe(i + 1);
    expect(graph.nearest({ x: 0, y: 0, k: 99, maxDistance: radius }).length).toBe(i + 1);
  }
});

test('options that were refused, or whose graph is gone, bind nobody', async () => {
  const refusedAfter = { type: 'node.moved', graph: 'poisoned', node: 'a', x: Number.NaN, y: 1, z: 1 } as const;
  const created = { type: 'graph.created', graph: 'poisoned', options: { dimensions: 3 } } as const;
  refuses(() => engine.publish([created, refusedAfter]), 'ATHANOR_INVALID_EVENT', /x: NaN/);
  const graph = engine.graph('poisoned', { metric: 'haversine' });
  graph.moveNode('a', 1, 2);
  await engine.flush();
  engine.graph('poisoned', { dimensions: 2 });
  refuses(
    () => engine.graph('poisoned', { dimensions: 3 }),
    'ATHANOR_INVALID_OPTION',
    /dimensions: graph 'poisoned' has 2, not 3/,
  );
  graph.remove();
  await engine.flush();
  engine.graph('poisoned', { dimensions: 3 }).moveNode('a', 1, 2, 3);
  await engine.flush();
  expect(graph.node('a')!.z).toBe(3);
});

test('a graph in the row of a removed one has its own options, before its first event is applied', async () => {
  await using own = await createEngine({ workers: 1, shards: 1, capacity: { graphs: 4, nodes: 100, edges: 1 } });
  own.graph('solid', { dimensions: 3 }).moveNode('a', 1, 2, 3);
  await own.flush();
  own.graph('solid').remove();
  await own.flush();
  // Rows are used again after a second. It may take longer: then the row is a new one, and nothing is tested.
  await new Promise((resolve) => setTimeout(resolve, 1050));
  await own.flush();
  own.graph('flat').moveNode('a', 1, 2);
  refuses(
    () => own.graph('flat', { dimensions: 3 }),
    'ATHANOR_INVALID_OPTION',
    /dimensions: graph 'flat' has 2, not 3/,
  );
  own.graph('flat', { dimensions: 2 }).moveNode('a', 3, 4);
});

test('spaces are options, checked and agreed on', () => {
  const odd = (options: object) => () => engine.graph('odd', options as GraphOptions);
  refuses(odd({ dimensions: 4 }), 'ATHANOR_INVALID_OPTION', /dimensions: 4/);
  refuses(odd({ dimensions: 3, metric: 'haversine' }), 'ATHANOR_INVALID_OPTION', /dimensions: 3/);
  refuses(odd({ metric: 'manhattan' }), 'ATHANOR_INVALID_OPTION', /manhattan/);
  refuses(odd({ earthRadiusM: 5 }), 'ATHANOR_INVALID_OPTION', /earthRadiusM: 5/);
  refuses(odd({ metric: 'haversine', earthRadiusM: -5 }), 'ATHANOR_INVALID_OPTION', /earthRadiusM: -5/);
  refuses(
    () => engine.graph('solid', { dimensions: 2 }),
    'ATHANOR_INVALID_OPTION',
    /dimensions: graph 'solid' has 3, not 2/,
  );
  expect(engine.graph('odd').within({ x: 0, y: 0, radius: 1 }).length).toBe(0);
});

describe('filter', () => {
  test('sees handles, counts before the limit, and may ask queries itself', async () => {
    const graph = engine.graph('filtered');
    for (let i = 0; i < 200; i++) graph.moveNode(i, i, 0);
    await engine.flush();
    const even = (handle: number): boolean => (graph.id(handle) as number) % 2 === 0;
    const ids = (set: { ids(): unknown[] }): number[] => (set.ids() as number[]).sort((a, b) => a - b);
    expect(ids(graph.within({ x: 10, y: 0, radius: 3, filter: even }))).toEqual([8, 10, 12]);
    expect(graph.within({ x: 10, y: 0, radius: 100, limit: 4, filter: even }).length).toBe(4);
    expect(graph.within({ x: 10, y: 0, radius: 9, limit: 2, sort: 'distance', filter: even }).ids()[0]).toBe(10);
    expect(ids(graph.withinBox({ minX: 0, minY: 0, maxX: 4, maxY: 0, filter: even }))).toEqual([0, 2, 4]);
    const rare = (handle: number): boolean => (graph.id(handle) as number) >= 197;
    const nearest = graph.nearest({ x: 0, y: 0, k: 2, filter: rare });
    expect(nearest.ids()).toEqual([197, 198]);
    expect([...nearest.distances!]).toEqual([197, 198]);
    expect(graph.nearest({ x: 0, y: 0, k: 9, filter: rare }).length).toBe(3);
    const lonely = (handle: number): boolean => {
      const node = graph.node(graph.id(handle)!)!;
      return graph.within({ x: node.x, y: node.y, radius: 1 }).length === 2;
    };
    expect(ids(graph.within({ x: 0, y: 0, radius: 500, filter: lonely }))).toEqual([0, 199]);
  });

  test('what it throws comes through, and nothing stays locked', async () => {
    const graph = engine.graph('filtered');
    const fails = (): boolean => {
      throw new Error('mine');
    };
    expect(() => graph.within({ x: 0, y: 0, radius: 5, filter: fails })).toThrow('mine');
    graph.moveNode(0, 0, 0);
    await engine.flush();
    expect(graph.within({ x: 0, y: 0, radius: 0 }).ids()).toEqual([0]);
    refuses(() => graph.within({ x: 0, y: 0, radius: 1, filter: 5 as never }), 'ATHANOR_INVALID_QUERY', /filter: 5/);
  });
});
