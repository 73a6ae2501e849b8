import { expect, test } from 'vitest';
import { GraphOption } from '../../dist/src/base/space.js';
import { Memory } from '../../dist/src/memory/reserve.js';
import { SpatialRegions } from '../../dist/src/spatial/layout.js';
import { ShardIndex } from '../../dist/src/spatial/shard-index.js';
import { verifyTree } from '../../dist/src/spatial/verify.js';

const SEED = Number(process.env.ATHANOR_SEED ?? 20_261_201);
const SPACES = [0, GraphOption.solid, GraphOption.sphere];
type Place = readonly [number, number, number];

/** The trees of one shard whose graphs change their space from life to life, beside Maps. */
class Lives {
  readonly regions: SpatialRegions;
  readonly trees: ShardIndex;
  readonly options: Uint8Array;
  readonly points: Array<Map<number, Place>>;

  constructor(rows: number, graphs: number) {
    this.regions = SpatialRegions.create(new Memory(), { rows, graphs, shards: 1 });
    this.options = new Uint8Array(graphs);
    this.trees = new ShardIndex(this.regions, 0, this.options);
    this.points = Array.from({ length: graphs }, () => new Map());
  }

  put(graph: number, row: number, at: Place): void {
    const points = this.points[graph]!;
    if (points.has(row)) this.trees.move(graph, row, ...at);
    else this.trees.insert(graph, row, ...at);
    points.set(row, at);
  }

  remove(graph: number, row: number): void {
    if (this.points[graph]!.delete(row)) this.trees.remove(graph, row);
  }

  /** Its row becomes a graph of another space; the rows of its nodes are any graph's. */
  end(graph: number, options: number): void {
    this.trees.dropTree(graph);
    for (const row of this.points[graph]!.keys()) this.trees.forget(row);
    this.points[graph]!.clear();
    this.options[graph] = options;
  }

  pack(steps: number, items: number): void {
    for (let i = 0; i < steps; i++) {
      const state = this.trees.packStep(items);
      if (state === 'idle') return;
      if (state === 'ready') this.trees.packSwap();
    }
  }

  check(): void {
    this.points.forEach((points, graph) => {
      const problems = verifyTree(this.regions, 0, graph, this.options[graph]!, (row) => points.get(row));
      expect(problems, `graph ${graph}`).toEqual([]);
      expect(this.regions.index.count[graph]).toBe(points.size);
    });
  }
}

function numbers(seed: number): (below: number) => number {
  let state = seed | 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

test.each([
  ['plane', 0, GraphOption.solid],
  ['solid', GraphOption.solid, 0],
  ['plane, then sphere', 0, GraphOption.sphere],
  ['sphere', GraphOption.sphere, 0],
])('a tree that was inserted into last is not packed by the pool of the row’s former graph: %s', (_, first, second) => {
  const random = numbers(SEED);
  const lives = new Lives(12_000, 1);
  const place = (): Place => [random(90), random(90), random(90)];
  lives.end(0, first);
  for (let row = 0; row < 300; row++) lives.put(0, row, place());
  lives.end(0, second);
  for (let row = 0; row < 9000; row++) lives.put(0, row, place());
  lives.pack(1e6, 512);
  for (let row = 9000; row < 12_000; row++) lives.put(0, row, place());
  lives.trees.calm();
  expect(lives.trees.packIdle()).toBe(true);
  lives.pack(1e6, 512);
  lives.check();
});

test('a burst ends with its graph', () => {
  const lives = new Lives(6000, 1);
  const place = (row: number): Place => [row % 71, row % 67, 0];
  for (let row = 0; row < 5000; row++) lives.put(0, row, place(row));
  lives.end(0, 0);
  lives.regions.planes[0]!.innerOpen.fill(0);
  // A new graph of few points takes each by the shortest way, not into open leaves.
  for (let row = 0; row < 600; row++) lives.put(0, row, place(row));
  expect(lives.regions.planes[0]!.innerOpen.some((open) => open !== 0)).toBe(false);
  lives.check();
});

test('a row that leaves a packing and is marked by another is not taken for its point', () => {
  for (const [first, second] of [
    [0, GraphOption.solid],
    [GraphOption.solid, 0],
  ] as const) {
    const lives = new Lives(1200, 2);
    const place = (row: number): Place => [row % 31, row % 29, row % 23];
    lives.end(0, first);
    lives.end(1, second);
    for (let row = 0; row < 300; row++) lives.put(0, row, place(row));
    for (let row = 600; row < 850; row++) lives.put(1, row, place(row));
    const solid = lives.trees.solid.packWanted();
    expect(solid || lives.trees.plane.packWanted()).toBe(true);
    // It comes late to the packing of its graph, and goes.
    lives.put(0, 500, place(500));
    lives.remove(0, 500);
    lives.check();
    // Its row comes to a graph that waits to be packed by the other pool, and comes late there.
    for (let row = 850; row < 900; row++) lives.put(1, row, place(row));
    lives.put(1, 500, place(7));
    expect(lives.trees.solid.packWanted() && lives.trees.plane.packWanted()).toBe(true);
    const [own, other] = first === 0 ? [lives.trees.plane, lives.trees.solid] : [lives.trees.solid, lives.trees.plane];
    while (own.packStep(64) !== 'ready');
    own.packSwap();
    lives.check();
    while (other.packStep(64) !== 'ready');
    other.packSwap();
    lives.check();
  }
});

test(`graphs and nodes in rows of others, in every space, while trees are packed (seed ${SEED})`, () => {
  const rows = 3000;
  const graphs = 3;
  const random = numbers(SEED);
  const lives = new Lives(rows, graphs);
  const graphOf = new Int32Array(rows).fill(-1);
  for (let turn = 0; turn < 500; turn++) {
    const graph = random(graphs);
    const dice = random(100);
    if (dice < 6) {
      for (const row of lives.points[graph]!.keys()) graphOf[row] = -1;
      lives.end(graph, SPACES[random(3)]!);
    } else if (dice < 60) {
      const first = random(rows);
      for (let i = 0; i < 120; i++) {
        const row = (first + i) % rows;
        if (graphOf[row] < 0) graphOf[row] = graph;
        lives.put(graphOf[row]!, row, [random(90), random(90), random(90)]);
      }
    } else if (dice < 80) {
      const first = random(rows);
      for (let i = 0; i < 80; i++) {
        const row = (first + i) % rows;
        if (graphOf[row] < 0) continue;
        lives.remove(graphOf[row]!, row);
        graphOf[row] = -1;
      }
    } else {
      if (random(4) === 0) lives.trees.calm();
      lives.trees.packIdle();
      lives.trees.reclaimStep(1 + random(20));
      lives.pack(random(12), 1 + random(64));
    }
    if (turn % 50 === 0) lives.check();
  }
  lives.pack(1e6, 64);
  lives.check();
});
