import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CatalogRegions, FANOUT, LEAST, Word } from '../../dist/src/catalog/layout.js';
import { OrderedIndex } from '../../dist/src/catalog/ordered-index.js';
import { behindPrefix, NameOrder, TimeOrder } from '../../dist/src/catalog/orders.js';
import { verifyOrdered } from '../../dist/src/catalog/verify.js';
import { Interner } from '../../dist/src/memory/interner.js';
import { brokenCanariesWithin } from '../../dist/src/memory/region.js';
import { Memory } from '../../dist/src/memory/reserve.js';

const seed = Number(process.env.ATHANOR_SEED ?? 20_260_201);
const CAPACITY = 3000;

interface Range {
  from: number;
  to: number;
  most: number;
}

/** An index of times beside a sorted array. */
class Times {
  readonly regions = CatalogRegions.create(new Memory(), { graphs: CAPACITY, rows: 10, shards: 1 });
  readonly created = new Float64Array(CAPACITY);
  readonly born = new Float64Array(CAPACITY);
  readonly index = new OrderedIndex(
    CatalogRegions.attach(this.regions.token).times[0]!,
    new TimeOrder(this.created, this.born),
  );
  readonly rows: number[] = [];
  readonly #from = new TimeOrder(this.created, this.born);
  readonly #to = new TimeOrder(this.created, this.born);
  readonly #out = new Uint32Array(CAPACITY);
  readonly #free = Array.from({ length: CAPACITY }, (_, row) => row);
  #sequence = 0;

  insert(time: number): void {
    // Rows in no order: what decides is the time, and the sequence.
    const row = this.#free.splice((this.#sequence * 7) % this.#free.length, 1)[0]!;
    this.created[row] = time;
    this.born[row] = this.#sequence++;
    this.index.insert(row);
    let low = 0;
    let high = this.rows.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.created[this.rows[middle]!]! <= time) low = middle + 1;
      else high = middle;
    }
    this.rows.splice(low, 0, row);
  }

  remove(at: number): void {
    const [row] = this.rows.splice(at % this.rows.length, 1);
    if (row === undefined) return;
    this.index.remove(row);
    this.#free.push(row);
  }

  verify(): string[] {
    return verifyOrdered(this.index.views, this.rows, new TimeOrder(this.created, this.born));
  }

  check({ from, to, most }: Range): void {
    this.#from.aimAt(from, 0);
    this.#to.aimAt(to, Number.POSITIVE_INFINITY);
    const wanted = this.rows.filter((row) => this.created[row]! >= from && this.created[row]! <= to);
    const found = this.index.takeInto(this.#from, this.#to, most, this.#out);
    expect([...this.#out.subarray(0, found)]).toEqual(wanted.slice(0, most));
    const back = this.index.takeBackInto(this.#from, this.#to, most, this.#out);
    expect([...this.#out.subarray(0, back)]).toEqual(wanted.reverse().slice(0, most));
  }
}

type Step = (times: Times) => void;
const time = fc.oneof(fc.integer({ min: -3, max: 12 }), fc.constantFrom(-0, 0, -1e300, 1e300, 0.5));
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.tuple(time, fc.integer({ min: 1, max: 70 })).map(
      ([at, count]): Step =>
        (times) => {
          for (let i = 0; i < count; i++) times.insert(at);
        },
    ),
  },
  {
    weight: 3,
    arbitrary: fc.tuple(fc.nat(), fc.integer({ min: 1, max: 90 })).map(
      ([at, count]): Step =>
        (times) => {
          for (let i = 0; i < count && times.rows.length > 0; i++) times.remove(at + (i % 3));
        },
    ),
  },
  {
    weight: 2,
    // In order, as graphs are mostly created.
    arbitrary: fc.integer({ min: 1, max: 200 }).map(
      (count): Step =>
        (times) => {
          for (let i = 0; i < count; i++) times.insert(20 + i);
        },
    ),
  },
  {
    weight: 1,
    arbitrary: fc.nat(40).map(
      (left): Step =>
        (times) => {
          while (times.rows.length > left) times.remove(times.rows.length >>> 1);
        },
    ),
  },
);
const range: fc.Arbitrary<Range> = fc.record({
  from: fc.oneof(time, fc.constantFrom(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY)),
  to: fc.oneof(time, fc.integer({ min: 0, max: 300 }), fc.constant(Number.POSITIVE_INFINITY)),
  most: fc.oneof(fc.integer({ min: 1, max: 50 }), fc.constant(CAPACITY)),
});

describe('ordered index against a sorted array', () => {
  test(`times: ties, floods and removals (seed ${seed})`, () => {
    let highest = 0;
    let emptied = 0;
    fc.assert(
      fc.property(fc.array(fc.tuple(step, range), { minLength: 1, maxLength: 30, size: 'max' }), (steps) => {
        const times = new Times();
        for (const [apply, asked] of steps) {
          if (times.rows.length > CAPACITY - 200) break;
          apply(times);
          expect(times.verify()).toEqual([]);
          expect(times.index.size).toBe(times.rows.length);
          times.check(asked);
          highest = Math.max(highest, times.index.views.words[Word.height]!);
          if (times.rows.length === 0) emptied++;
        }
        while (times.rows.length > 0) times.remove(times.rows.length * 5);
        expect(times.verify()).toEqual([]);
        expect(times.index.views.words[Word.height]).toBe(0);
        expect(brokenCanariesWithin(times.regions.token)).toEqual([]);
      }),
      { seed, numRuns: 60 },
    );
    expect(highest).toBe(3);
    expect(emptied).toBeGreaterThan(0);
  });

  test('entries in order fill their leaves; the least fill that removals leave stays within the bound', () => {
    const times = new Times();
    for (let i = 0; i < CAPACITY; i++) times.insert(i);
    expect(times.index.views.words[Word.leafBump]).toBe(Math.ceil(CAPACITY / FANOUT));
    // All but one in four: the fewest entries for the leaves that there are.
    for (let at = 0; at < times.rows.length; at++) for (let i = 0; i < 3; i++) times.remove(at);
    expect(times.verify()).toEqual([]);
    times.check({ from: 0, to: CAPACITY, most: CAPACITY });
    let leaves = 0;
    const { leafNext, words } = times.index.views;
    for (let free = words[Word.leafFree]!; free !== 0; free = leafNext[free - 1]!) leaves++;
    expect(words[Word.leafBump]! - leaves).toBeLessThanOrEqual(times.rows.length / LEAST + 1);
  });

  test('it holds as many as there are rows, wherever they come', () => {
    for (const timeOf of [(i: number) => i, (i: number) => -i, (i: number) => (i * 1607) % CAPACITY, () => 5]) {
      const times = new Times();
      for (let i = 0; i < CAPACITY; i++) times.insert(timeOf(i));
      expect(times.verify()).toEqual([]);
      for (let i = 0; times.rows.length > 0; i++) times.remove(i % 2 === 0 ? 0 : times.rows.length - 1);
      expect(times.verify()).toEqual([]);
      expect(brokenCanariesWithin(times.regions.token)).toEqual([]);
    }
  });

  test('a fault is named', () => {
    const times = new Times();
    for (let i = 0; i < 100; i++) times.insert(i % 10);
    const { leafKey, leafRow, words } = times.index.views;
    [leafRow[3], leafRow[4]] = [leafRow[4]!, leafRow[3]!];
    expect(times.verify()).toContainEqual(expect.stringContaining('is not behind row'));
    [leafRow[3], leafRow[4]] = [leafRow[4]!, leafRow[3]!];
    leafKey[0]! += 0.5;
    expect(times.verify()).toContainEqual(expect.stringContaining('has another key'));
    leafKey[0]! -= 0.5;
    words[Word.size]!++;
    expect(times.verify()).toEqual(['101 entries counted, 100 there']);
    words[Word.size]!--;
    expect(verifyOrdered(times.index.views, times.rows.slice(1), new TimeOrder(times.created, times.born))).toEqual([
      expect.stringContaining('is no graph'),
      expect.stringContaining('99 there'),
    ]);
    expect(verifyOrdered(times.index.views, [...times.rows, 2999], new TimeOrder(times.created, times.born))).toEqual([
      '1 graphs are missing, row 2999 among them',
    ]);
  });
});

// ------------------------------------------------------------ names

const unit = fc.constantFrom('a', 'b', '-', '\u0000', 'z', '\u00fe', '\u00ff', '\u0100', '\ud800', '\udc00', '\uffff');
const name = fc.array(unit, { minLength: 1, maxLength: 9 }).map((units) => units.join(''));
const text = fc.oneof(
  fc.array(unit, { maxLength: 10 }).map((units) => units.join('')),
  fc.constantFrom('\uffff'.repeat(3), `a${'b'.repeat(300)}`, 'graph-'.repeat(50)),
);

describe('names against strings', () => {
  test(`order, prefixes and ranges are those of JavaScript strings (seed ${seed})`, () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(name, { minLength: 1, maxLength: 120, size: 'max' }),
        fc.array(fc.tuple(text, text), { minLength: 1, maxLength: 20 }),
        fc.boolean(),
        (names, questions, family) => {
          const regions = CatalogRegions.create(new Memory(), { graphs: 500, rows: 10, shards: 1 });
          const interner = Interner.create(new Memory(), { capacity: 500, heapBytes: 1 << 16 });
          const others = Interner.attach(interner.token);
          const index = new OrderedIndex(regions.names[0]!, new NameOrder(others));
          // A family of names: their keys are all the same.
          const all = family ? names.map((each) => `graph-${each}`) : names;
          all.forEach((each, row) => {
            expect(interner.bind(0, each, row)).toBe(true);
            index.insert(row);
          });
          const rows = all.map((_, row) => row);
          expect(verifyOrdered(index.views, rows, new NameOrder(interner))).toEqual([]);
          const from = new NameOrder(interner);
          const to = new NameOrder(interner);
          const out = new Uint32Array(500);
          const taken = (): string[] => {
            const found = index.takeInto(from, to, 500, out);
            return [...out.subarray(0, found)].map((row) => String(interner.idOf(row)));
          };
          const sorted = [...all].sort();
          for (const [a, b] of questions) {
            from.aimAt(a);
            to.aimAt(b);
            expect(taken()).toEqual(sorted.filter((each) => each >= a && each < b));
            const prefix = all[b.length % all.length]!.slice(0, a.length);
            for (const asked of [prefix, a]) {
              from.aimAt(asked);
              to.aimAt(behindPrefix(asked));
              expect(taken()).toEqual(sorted.filter((each) => each.startsWith(asked)));
            }
          }
          for (const row of rows) if (row % 3 !== 0) index.remove(row);
          from.aimAt('');
          to.aimAt(undefined);
          expect(taken()).toEqual(all.filter((_, row) => row % 3 === 0).sort());
          const left = rows.filter((row) => row % 3 === 0);
          expect(verifyOrdered(index.views, left, new NameOrder(interner))).toEqual([]);
        },
      ),
      { seed, numRuns: 150 },
    );
  });

  test(`families of names that come and go keep their keys (seed ${seed})`, () => {
    const count = 2500;
    const regions = CatalogRegions.create(new Memory(), { graphs: count, rows: 10, shards: 1 });
    const interner = Interner.create(new Memory(), { capacity: count, heapBytes: 1 << 20 });
    const index = new OrderedIndex(regions.names[0]!, new NameOrder(interner));
    const order = new NameOrder(interner);
    let state = seed;
    const random = (below: number): number => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return Math.floor((state / 2 ** 32) * below);
    };
    const families = [
      'graph-0000',
      'graph-',
      'https://example.com/maps/漢字/',
      'https://example.com/maps/',
      '',
      'x'.repeat(200),
    ];
    const names: string[] = [];
    for (let row = 0; row < count; row++) {
      names[row] = `${families[random(families.length)]}${random(1e6).toString(36)}-${row}`;
      interner.bind(0, names[row]!, row);
    }
    const present = new Set<number>();
    let saved = 0;
    for (let round = 0; round < 40; round++) {
      // Mostly growing, then mostly shrinking; in order of names, or in none.
      const grows = round % 20 < 12;
      const rows = Array.from({ length: 250 }, () => random(count));
      if (round % 4 === 0) rows.sort((a, b) => (names[a]! < names[b]! ? -1 : 1));
      for (const row of rows) {
        if (present.has(row) && !grows) {
          index.remove(row);
          present.delete(row);
        } else if (!present.has(row) && grows) {
          index.insert(row);
          present.add(row);
        }
      }
      expect(verifyOrdered(index.views, [...present], order), `round ${round}`).toEqual([]);
      const { leafSkip, leafCount, words } = index.views;
      for (let leaf = 0; leaf < words[Word.leafBump]!; leaf++) if (leafCount[leaf]! > 0 && leafSkip[leaf]! > 5) saved++;
    }
    // Keys leave out what names share.
    expect(saved).toBeGreaterThan(100);
    for (const row of [...present]) index.remove(row);
    expect(verifyOrdered(index.views, [], order)).toEqual([]);
    expect(brokenCanariesWithin(regions.token)).toEqual([]);
  });

  test('names of the greatest length, and probes beyond it', () => {
    const regions = CatalogRegions.create(new Memory(), { graphs: 50, rows: 10, shards: 1 });
    const interner = Interner.create(new Memory(), { capacity: 50, heapBytes: 1 << 16 });
    const index = new OrderedIndex(regions.names[0]!, new NameOrder(interner));
    const names = ['x'.repeat(256), 'x'.repeat(255), `${'x'.repeat(255)}y`, 'x'];
    names.forEach((each, row) => {
      interner.bind(0, each, row);
      index.insert(row);
    });
    const [from, to] = [new NameOrder(interner), new NameOrder(interner)];
    const out = new Uint32Array(50);
    to.aimAt(undefined);
    for (const [asked, rows] of [
      ['x', [3, 1, 0, 2]],
      ['x'.repeat(255), [1, 0, 2]],
      ['x'.repeat(256), [0, 2]],
      ['x'.repeat(257), [2]],
      ['x'.repeat(100_000), [2]],
      [`${'x'.repeat(255)}z`, []],
    ] as const) {
      from.aimAt(asked);
      expect([...out.subarray(0, index.takeInto(from, to, 50, out))]).toEqual(rows);
    }
    expect(index.takeInto(from, to, 50, out)).toBe(0);
  });
});
