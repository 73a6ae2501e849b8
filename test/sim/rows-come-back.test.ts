import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Engine } from '../../dist/src/engine/engine.js';
import type { Graph, GraphOptions, ZoneEvent } from '../../dist/src/index.js';
import { Crashes } from '../support/crashes.js';
import { Simulation } from '../support/simulation.js';

const SEED = Number(process.env.ATHANOR_SEED ?? 1);
const RUNS = Number(process.env.ATHANOR_RUNS ?? 2);
const LIVES = 4;
/** More points than a tree has that is packed when there is time, and so many more that it is wanted. */
const FIRST = 8300;
const MORE = 2600;
const SPACES: readonly GraphOptions[] = [
  { dimensions: 2, metric: 'euclidean' },
  { dimensions: 3 },
  { metric: 'haversine' },
  { metric: 'haversine', earthRadiusM: 1000 },
];

const crashes = new Crashes();
beforeAll(() => crashes.install());
afterAll(() => crashes.remove());

interface Life {
  readonly graph: Graph;
  readonly solid: boolean;
  /** Positions by id. */
  readonly at: Map<number, readonly [number, number]>;
  handles: Uint32Array;
}

/** Whole numbers, so that the band of a zone is exactly known. */
class Lives {
  readonly simulation: Simulation;
  readonly engine: Engine;
  readonly random: (below: number) => number;

  constructor(simulation: Simulation, engine: Engine) {
    this.simulation = simulation;
    this.engine = engine;
    this.random = simulation.random;
  }

  begin(name: string, options: GraphOptions): Life {
    const graph = this.engine.graph(name, options);
    return { graph, solid: options.dimensions === 3, at: new Map(), handles: new Uint32Array(0) };
  }

  async load(life: Life, from: number, count: number): Promise<void> {
    const { simulation, engine, random } = this;
    const ids = Array.from({ length: count }, (_, i) => from + i);
    const handles = life.graph.handles(ids);
    life.handles = Uint32Array.from([...life.handles, ...handles]);
    const x = Float64Array.from(ids, () => random(160) - 80);
    const y = Float64Array.from(ids, () => random(160) - 80);
    for (const [i, id] of ids.entries()) life.at.set(id, [x[i]!, y[i]!]);
    for (let done = 0; done < count; ) {
      const rest = [handles, x, y].map((column) => column.subarray(done)) as [Uint32Array, Float64Array, Float64Array];
      done += life.graph.moveNodes(...rest, life.solid ? rest[2] : undefined);
      if (done < count) await simulation.until(engine.drained());
    }
    await simulation.until(engine.flush());
  }

  move(life: Life, id: number): void {
    const place = [this.random(160) - 80, this.random(160) - 80] as const;
    life.graph.moveNode(id, ...place, life.solid ? place[1] : undefined);
    life.at.set(id, place);
  }

  remove(life: Life, id: number): void {
    life.graph.removeNode(id);
    life.at.delete(id);
  }

  /** Every point, and the points of a box, are found where they are. */
  check(life: Life, where: string): void {
    const { graph, at, solid } = life;
    const z = solid ? { minZ: -100, maxZ: 100 } : {};
    const inside = (minX: number, minY: number, maxX: number, maxY: number): number[] =>
      graph.withinBox({ minX, minY, maxX, maxY, ...z }).ids() as number[];
    expect(graph.order, where).toBe(at.size);
    expect(inside(-90, -90, 90, 90).length, where).toBe(at.size);
    const boxed = [...at].filter(([, [x, y]]) => x >= 10 && x <= 20 && y >= -5 && y <= 15).map(([id]) => id);
    expect(
      inside(10, -5, 20, 15).sort((a, b) => a - b),
      where,
    ).toEqual(boxed.sort((a, b) => a - b));
  }
}

/** Boxes of half degrees: no whole number lies on a border. */
const ZONES = [-40, 0, 40].map((x) => ({ name: `z${x}`, minX: x - 9.5, maxX: x + 9.5 }));

/** Enters and exits of a move, by the model. */
function crossed(
  solid: boolean,
  before: readonly [number, number] | undefined,
  after: readonly [number, number] | undefined,
): string[] {
  // In a solid z is y, and zones begin at 0.5: an axis less or more tells another story.
  const isIn = (zone: (typeof ZONES)[number], at: readonly [number, number] | undefined): boolean =>
    at !== undefined && at[0] > zone.minX && at[0] < zone.maxX && at[1] > (solid ? 0.5 : -30.5) && at[1] < 30.5;
  return ZONES.flatMap((zone) => {
    const [was, is] = [isIn(zone, before), isIn(zone, after)];
    return was === is ? [] : [`${zone.name} ${is ? 'enter' : 'exit'}`];
  });
}

test(`graphs of every space in rows of others, whose nodes and zones come back (seed ${SEED}, ${RUNS} runs)`, async () => {
  let recovered = 0;
  for (let seed = SEED; seed < SEED + RUNS; seed++) {
    const simulation = new Simulation(seed, crashes);
    simulation.slow = false;
    const engine = await simulation.start({
      workers: 2 - (seed % 2),
      shards: 2 - (seed % 2),
      capacity: { graphs: 8, nodes: 3 * (FIRST + MORE), edges: 100 },
    });
    const lives = new Lives(simulation, engine);
    const { random } = simulation;
    const rows = new Set<number>();
    const other = engine.graph('other');
    other.watch({ onSlow: 'drop' });
    for (let n = 0; n < LIVES; n++) {
      const where = `seed ${seed}, life ${n}`;
      // Names come back too, in another space.
      const life = lives.begin(`g${random(4)}`, SPACES[(n * (1 + 2 * (seed & 1)) + random(2)) % SPACES.length]!);
      await lives.load(life, 0, FIRST);
      for (const handle of life.handles) rows.add(handle);
      await simulation.pass(5);
      lives.check(life, where);
      for (const { name, minX, maxX } of ZONES) {
        const z = life.solid ? { minZ: 0.5, maxZ: 100 } : {};
        life.graph.setZone(name, { type: 'box', minX, maxX, minY: -30.5, maxY: 30.5, ...z });
      }
      await simulation.until(engine.flush());
      // Another graph of the shard is looked at first: a thread that follows its zones follows all of the shard's.
      other.setZone(`o${n}`, { type: 'circle', x: n, y: n, radius: 1 });
      other.moveNode('o', n, n);
      const watcher = life.graph.watch({ detect: ['enter', 'exit'] });
      const expected: string[] = [];
      if (seed % 2 === 0) crashes.in(1 + random(3000));
      for (let k = 0; k < 60; k++) {
        const id = random(FIRST);
        const before = life.at.get(id);
        if (random(8) === 0) lives.remove(life, id);
        else lives.move(life, id);
        for (const what of crossed(life.solid, before, life.at.get(id))) expected.push(`${id} ${what}`);
        if (k % 20 === 0) await simulation.pass(0.5);
      }
      await simulation.until(engine.flush());
      const told: string[] = [];
      // What is there is told at once; then nothing is left.
      for (let k = 0; k < expected.length; k++) {
        const { value } = (await simulation.until(watcher.next())) as { value: ZoneEvent };
        told.push(`${value.node} ${value.zone} ${value.detect}`);
      }
      await watcher.return?.();
      expect(told.sort(), where).toEqual(expected.sort());
      // A stream again, for a tree that is packed when the worker has nothing else to do.
      await lives.load(life, FIRST, MORE);
      await simulation.pass(20);
      lives.check(life, where);
      const { problems } = await simulation.until(engine.verify());
      expect(problems, where).toEqual([]);
      crashes.in(Number.POSITIVE_INFINITY);
      life.graph.remove();
      for (let pause = 0; pause < 5; pause++) {
        await simulation.pass(1100);
        await simulation.until(engine.flush());
      }
    }
    // The test is worth something only when rows came back.
    expect(rows.size, `seed ${seed}`).toBeLessThan(LIVES * FIRST);
    recovered += simulation.crashes;
    await simulation.until(engine.close());
    await simulation.quiesce();
  }
  if (RUNS >= 2) expect(recovered).toBeGreaterThan(0);
});
