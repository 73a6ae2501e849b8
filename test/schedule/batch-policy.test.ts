import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type BatchLimits, decideBatch } from '../../dist/src/schedule/batch-policy.js';

const seed = Number(process.env.ATHANOR_SEED ?? 20_261_121);

const limits: fc.Arbitrary<BatchLimits> = fc
  .record({
    minEvents: fc.integer({ min: 1, max: 100 }),
    more: fc.nat(5000),
    timeoutMs: fc.double({ min: 0.01, max: 1000, noNaN: true }),
    targetLatencyMs: fc.double({ min: 0.01, max: 1000, noNaN: true }),
    adaptive: fc.boolean(),
  })
  .map(({ minEvents, more, ...rest }) => ({ minEvents, maxEvents: minEvents + more, ...rest }));
const signals = fc.record({
  depthFrames: fc.nat(64),
  eventsPerMs: fc.oneof(fc.constant(0), fc.double({ min: 0, max: 1e6, noNaN: true })),
  latencyMs: fc.oneof(fc.constant(0), fc.double({ min: 0, max: 1e5, noNaN: true })),
});

test('never leaves its limits', () => {
  fc.assert(
    fc.property(limits, signals, (given, seen) => {
      const { sizeEvents, delayMs } = decideBatch(given, seen);
      expect(Number.isInteger(sizeEvents)).toBe(true);
      expect(sizeEvents).toBeGreaterThanOrEqual(given.minEvents);
      expect(sizeEvents).toBeLessThanOrEqual(given.maxEvents);
      expect(delayMs).toBeGreaterThan(0);
      expect(delayMs).toBeLessThanOrEqual(given.timeoutMs);
      if (!given.adaptive) expect([sizeEvents, delayMs]).toEqual([given.maxEvents, given.timeoutMs]);
    }),
    { seed },
  );
});

test('more events a millisecond never make a frame smaller, nor does a deeper queue', () => {
  fc.assert(
    fc.property(
      limits,
      signals,
      fc.double({ min: 0, max: 1e6, noNaN: true }),
      fc.nat(64),
      (given, seen, faster, deeper) => {
        const size = decideBatch(given, seen).sizeEvents;
        expect(
          decideBatch(given, { ...seen, eventsPerMs: seen.eventsPerMs + faster }).sizeEvents,
        ).toBeGreaterThanOrEqual(size);
        expect(
          decideBatch(given, { ...seen, depthFrames: seen.depthFrames + deeper }).sizeEvents,
        ).toBeGreaterThanOrEqual(size);
      },
    ),
    { seed },
  );
});

test('latency above its target, with nothing waiting, makes frames smaller and sooner', () => {
  fc.assert(
    fc.property(limits, signals, (given, seen) => {
      const adaptive = { ...given, adaptive: true };
      const calm = decideBatch(adaptive, { ...seen, depthFrames: 0, latencyMs: 0 });
      const late = decideBatch(adaptive, { ...seen, depthFrames: 0, latencyMs: adaptive.targetLatencyMs * 2 });
      expect(late.sizeEvents).toBeLessThanOrEqual(calm.sizeEvents);
      expect(late.delayMs).toBeLessThan(calm.delayMs);
    }),
    { seed },
  );
});

test('a steady stream settles: the same signals give the same decision, with no memory between', () => {
  const given = { minEvents: 10, maxEvents: 512, timeoutMs: 10, targetLatencyMs: 5, adaptive: true };
  const steady = { depthFrames: 1, eventsPerMs: 100, latencyMs: 1 };
  expect(decideBatch(given, steady)).toEqual({ sizeEvents: 125, delayMs: 1.25 });
  expect(decideBatch(given, { ...steady, depthFrames: 3 })).toEqual({ sizeEvents: 512, delayMs: 1.25 });
  expect(decideBatch(given, { ...steady, eventsPerMs: 0 })).toEqual({ sizeEvents: 10, delayMs: 1.25 });
  expect(decideBatch(given, { ...steady, latencyMs: 6 })).toEqual({ sizeEvents: 63, delayMs: 0.625 });
});
