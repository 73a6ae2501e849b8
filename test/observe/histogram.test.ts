import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Memory } from '../../dist/src/memory/reserve.js';
import { BUCKETS, bucketOf, bucketTop, Histogram } from '../../dist/src/observe/histogram.js';
import { LatencyBook } from '../../dist/src/observe/latency.js';

const seed = Number(process.env.ATHANOR_SEED ?? 20_261_121);

test('every number falls into the one bucket that ends at or above it', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 31 - 1 }), (value) => {
      const bucket = bucketOf(value);
      expect(bucket).toBeLessThan(BUCKETS);
      expect(bucketTop(bucket)).toBeGreaterThanOrEqual(value);
      if (bucket > 0) expect(bucketTop(bucket - 1)).toBeLessThan(value);
      expect(bucketTop(bucket) - value).toBeLessThanOrEqual(value / 32);
    }),
    { seed, numRuns: 1000 },
  );
  expect(bucketOf(-5)).toBe(0);
  expect(bucketOf(1e300)).toBe(BUCKETS - 1);
});

test('quantiles are those of the sorted numbers, to a thirty-second', () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.nat(100), fc.nat(10 ** 6), fc.nat(2 ** 31 - 1)), { minLength: 1, maxLength: 200 }),
      fc.constantFrom(0, 0.01, 0.5, 0.95, 0.99, 0.999, 1),
      (values, share) => {
        const histogram = new Histogram();
        for (const value of values) histogram.record(value);
        const sorted = [...values].sort((a, b) => a - b);
        const exact = sorted[Math.max(1, Math.ceil(share * sorted.length)) - 1]!;
        expect(histogram.quantile(share)).toBeGreaterThanOrEqual(exact);
        expect(histogram.quantile(share)).toBeLessThanOrEqual(exact * (1 + 1 / 32));
        expect(histogram.max).toBe(sorted.at(-1));
        expect(histogram.mean).toBeCloseTo(values.reduce((a, b) => a + b, 0) / values.length, 3);
      },
    ),
    { seed },
  );
  expect(new Histogram().quantile(0.5)).toBe(0);
});

test('the last ten seconds of all threads, and nothing older', () => {
  const book = LatencyBook.create(new Memory());
  book.start(1, 0);
  book.record(1, 500, 1, 10);
  book.record(2, 900, 3, 30);
  book.record(1, 5_500, 2, 60);
  expect(book.recent(6_000).total).toBe(100);
  expect(book.recent(6_000).max).toBe(3_000);
  expect(LatencyBook.attach(book.token).recent(6_000).total).toBe(100);
  expect(book.recent(12_000).total).toBe(60);
  expect(book.recent(12_000).max).toBe(2_000);
  expect(book.recent(60_000).total).toBe(0);
  // The window of a second long gone is used again.
  book.record(1, 12_500, 4, 1);
  expect(book.recent(13_000).total).toBe(61);
  book.work(1, 250, 70);
  expect(book.workOf(1, 1_000, 0)).toEqual({ busyRatio: 0.25, applied: 70 });
  // A stretch of a user's code counts while it lasts, but for the time that its event loop is idle.
  book.stretch(1, 1_000, 40);
  expect(book.workOf(1, 2_000, 40).busyRatio).toBe(1250 / 2000);
  expect(book.workOf(1, 2_000, 540).busyRatio).toBe(750 / 2000);
  // What is counted during it is a part of it.
  book.work(1, 100, 0);
  expect(book.workOf(1, 2_000, 540).busyRatio).toBe(750 / 2000);
  book.stretch(1, 2_000, 540);
  expect(book.workOf(1, 2_500, 1_040).busyRatio).toBe(750 / 2500);
  book.endStretch(1, 2_500, 1_040);
  expect(book.workOf(1, 5_000, 1_040).busyRatio).toBe(750 / 5000);
});
