import { expect, test } from 'vitest';
import { NO_ROW } from '../../dist/src/base/limits.js';
import { BUCKET, BUCKET_LOAD, Bucket, FIRST_BUCKETS, FREE, GraphRegions, Word } from '../../dist/src/graph/layout.js';
import { Both, In, Out, ShardEdges } from '../../dist/src/graph/shard-edges.js';
import { brokenCanariesWithin } from '../../dist/src/memory/region.js';
import { Memory } from '../../dist/src/memory/reserve.js';

const seed = Number(process.env.ATHANOR_SEED ?? 20_250_104);

function randomOf(start: number): (below: number) => number {
  let state = start | 0 || 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

/** `expect` at a hundredth of its cost. */
function same(found: unknown, wanted: unknown): void {
  if (found !== wanted) expect(found).toBe(wanted);
}

function make(rows: number, edges: number) {
  const life = { flags: new Uint8Array(rows).fill(1), born: new Float64Array(rows).fill(1) };
  const regions = GraphRegions.create(new Memory(), { rows, edges, shards: 1 });
  return { life, regions, edges: new ShardEdges(regions, 0, life) };
}

type Key = readonly [source: number, target: number, kind: number];

/** Shapes in which rows come in life: what hashes badly, hashes badly in one of these. */
const SHAPES: ReadonlyArray<readonly [string, number, (i: number, random: (below: number) => number) => Key]> = [
  ['a path', 8000, (i) => [i, i + 1, 0]],
  ['a star', 8000, (i) => [7, i, 0]],
  ['a star from outside', 8000, (i) => [i, 7, 0]],
  ['a grid', 8000, (i) => [i >> 1, (i >> 1) + (i & 1 ? 1 : 141), 0]],
  ['two hubs by many kinds', 8000, (i) => [i & 1, 1 - (i & 1), i >> 1]],
  ['all pairs', 10_000, (i) => [i % 100, Math.floor(i / 100), 0]],
  ['every 4,096th row', 8000, (i) => [(i % 32) * 4096, Math.floor(i / 32) * 64, 0]],
  // Beyond 9 edges in 4,096 buckets: tags begin at another bit of the hash from there on.
  ['any rows', 45_000, (i, random) => [random(40_000), random(40_000), i & 3]],
];

test.each(SHAPES)(
  `the hash table finds every edge of %s, while it grows and while it empties (seed ${seed})`,
  (_, count, keyOf) => {
    const random = randomOf(seed);
    const { edges, regions } = make(140_000, count);
    const keys = new Map<string, Key>();
    for (let i = 0; keys.size < count; i++) {
      const key = keyOf(i, random);
      const [source, target, kind] = key;
      const isNew = !keys.has(key.join());
      same(edges.upsert(source, target, kind, i, i, i + 2), isNew);
      if (isNew) keys.set(key.join(), key);
      // At the sizes at which buckets get one bit more, and in between.
      if ([144, 145, 160, 1152, 1153, 2304, 18_432, 18_500].includes(keys.size)) expect(edges.verify()).toEqual([]);
    }
    expect(edges.count).toBe(count);
    expect(edges.verify()).toEqual([]);
    const { words, source, target, kind } = edges.views;
    expect(FIRST_BUCKETS + words[Word.split]!).toBe(Math.ceil(count / BUCKET_LOAD));
    // Chains are some: what the hash spreads evenly fills a fifth of the buckets' number beside them.
    expect(words[Word.bucketBump]).toBeGreaterThan(0);
    expect(words[Word.bucketBump]).toBeLessThan((0.3 * count) / BUCKET_LOAD);
    let left = count;
    for (const [s, t, k] of keys.values()) {
      const edge = edges.find(s, t, k);
      same(source[edge], s);
      same(target[edge], t);
      same(kind[edge], k);
      same(edges.find(s, t, k + 20_000), NO_ROW);
      if (random(3) === 0) continue;
      same(edges.remove(s, t, k), true);
      left--;
      same(edges.find(s, t, k), NO_ROW);
    }
    expect(edges.count).toBe(left);
    expect(edges.verify()).toEqual([]);
    for (const [s, t, k] of keys.values()) edges.remove(s, t, k);
    expect(edges.count).toBe(0);
    expect(edges.verify()).toEqual([]);
    expect(brokenCanariesWithin(regions.token)).toEqual([]);
  },
);

test('edges that meet in one bucket of an engine are spread in another: nobody can prepare them', () => {
  const mine = make(600, 200_000);
  for (let i = 0; i < 200_000; i++) mine.edges.upsert(i % 500, Math.floor(i / 500), 0, 1, 1, 2);
  // All edges of the buckets whose numbers agree in their low bits: in a smaller table they share one bucket.
  const { buckets, source, target } = mine.edges.views;
  const all = FIRST_BUCKETS + mine.edges.views.words[Word.split]!;
  const prepared: Key[] = [];
  for (let bucket = 5; bucket < all; bucket += 1024) {
    const count = buckets[bucket * BUCKET]! & (2 ** Bucket.countBits - 1);
    for (let slot = 0; slot < count; slot++) {
      const edge = buckets[bucket * BUCKET + Bucket.edges + slot]!;
      prepared.push([source[edge]!, target[edge]!, 0]);
    }
  }
  expect(prepared.length).toBeGreaterThan(100);
  const { edges } = make(600, 1000);
  for (const [s, t, k] of prepared) edges.upsert(s, t, k, 1, 1, 2);
  // 9 a bucket on average; all in one, or in two, where they were prepared well.
  const perBucket = new Map<number, number>();
  const there = FIRST_BUCKETS + edges.views.words[Word.split]!;
  for (let home = 0; home < there; home++) {
    let head = edges.views.buckets[home * BUCKET]!;
    let edgesOf = head & (2 ** Bucket.countBits - 1);
    while (head >>> Bucket.countBits !== 0) {
      head = edges.views.buckets[(head >>> Bucket.countBits) * BUCKET]!;
      edgesOf += head & (2 ** Bucket.countBits - 1);
    }
    perBucket.set(home, edgesOf);
  }
  expect([...perBucket.values()].reduce((sum, count) => sum + count, 0)).toBe(prepared.length);
  expect(Math.max(...perBucket.values())).toBeLessThan(40);
  // A shard that is rebuilt finds them as before.
  const before = edges.find(prepared[7]![0], prepared[7]![1], 0);
  for (let row = 0; row < 600; row++) edges.resetRow(row);
  edges.rebuild();
  expect(edges.verify()).toEqual([]);
  expect(edges.find(prepared[7]![0], prepared[7]![1], 0)).toBe(before);
});

test('rows are used again from the lowest on, and say whether they hold an edge', () => {
  const random = randomOf(seed);
  const count = 3000;
  const { edges } = make(4000, count);
  const { source } = edges.views;
  for (let i = 0; i < count; i++) edges.upsert(i, i + 1, 0, 1, 1, 2);
  expect(edges.end).toBe(count);
  const free = new Set<number>();
  for (let turn = 0; turn < 3000; turn++) {
    const row = random(count);
    if (free.has(row)) {
      const lowest = Math.min(...free);
      edges.upsert(lowest, lowest + 1, 0, 1, 1, 2);
      expect(edges.find(lowest, lowest + 1, 0)).toBe(lowest);
      free.delete(lowest);
    } else {
      edges.remove(row, row + 1, 0);
      free.add(row);
    }
    same(source[row] === FREE, free.has(row));
    same(edges.isLive(row), !free.has(row));
  }
  expect(edges.end).toBe(count);
  expect(edges.verify()).toEqual([]);
});

test('two hubs side by side: what is found, freed and counted is the same as for other nodes', () => {
  const count = 20_000;
  const { edges, life } = make(count + 2, 2 * count + 4);
  const [a, b] = [count, count + 1];
  for (let i = 0; i < count; i++) {
    edges.upsert(a, i, 0, i, 1, 2);
    edges.upsert(i, b, 0, i, 1, 2);
  }
  edges.upsert(a, b, 0, 5, 1, 2);
  edges.upsert(b, a, 1, 6, 1, 2);
  edges.upsert(a, a, 0, 7, 1, 2);
  expect([edges.degree(a, Out), edges.degree(a, In), edges.degree(b, Both)]).toEqual([count + 2, 2, count + 2]);
  expect(edges.views.weight[edges.find(a, b, 0)]).toBe(5);
  expect(edges.find(b, a, 0)).toBe(NO_ROW);
  const out = new Uint32Array(count + 2);
  expect(edges.neighborsInto(a, Out, 0, out, 0)).toBe(count + 2);
  expect(edges.neighborsInto(a, In, 1, out, 0)).toBe(1);
  // One by one, in another order than they came.
  for (let i = 0; i < count; i++) same(edges.remove(a, (i * 7919) % count, 0), true);
  expect([edges.degree(a, Out), edges.count]).toEqual([2, count + 3]);
  expect(edges.verify()).toEqual([]);
  // The other at once: its edges are ghosts until they are reclaimed, and the key may be used again before.
  expect(edges.dropNode(b)).toBe(count + 2);
  life.flags[b] = 0;
  expect(edges.waitsForReclaim(a)).toBe(false);
  // Of its edge to itself; the edges to and from the other are ghosts.
  expect(edges.degree(a, Both)).toBe(1);
  life.flags[b] = 1;
  life.born[b] = 3;
  for (let i = 0; i < 100; i++) edges.upsert(i, b, 0, -i, 3, 4);
  expect(edges.upsert(99, b, 0, -99, 3, 4)).toBe(false);
  expect(edges.views.weight[edges.find(99, b, 0)]).toBe(-99);
  expect(edges.waitsForReclaim(b)).toBe(true);
  expect(edges.degree(b, In)).toBe(100);
  expect(edges.verify()).toEqual([]);
  while (edges.reclaimStep(1000));
  expect(edges.count).toBe(101);
  expect(edges.waitsForReclaim(b)).toBe(false);
  expect(edges.verify()).toEqual([]);
});
