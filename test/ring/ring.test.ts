import { describe, expect, test } from 'vitest';
import { Memory } from '../../dist/src/memory/reserve.js';
import { FrameRing } from '../../dist/src/ring/ring.js';
import { FrameFormat } from '../../dist/src/schema/frame.js';

const format = new FrameFormat(4, 16);

function rings(slots: number, startPosition = 0): [FrameRing, FrameRing] {
  const producer = FrameRing.create(new Memory(), { slots, format, startPosition });
  return [producer, FrameRing.attach(producer.token)];
}

describe('FrameRing', () => {
  test('full is a return value, and nothing of what is in the ring is touched', () => {
    const [producer, consumer] = rings(2);
    for (let i = 0; i < 2; i++) {
      producer.claim(0)!.count = i + 1;
      producer.publish(1);
    }
    expect(producer.claim(0)).toBeUndefined();
    expect(consumer.peek()!.count).toBe(1);
    consumer.release();
    expect(producer.claim(0)).toBeDefined();
    expect(producer.claim(1)).toBeUndefined();
  });

  test('claimed frames are private until they are handed over, and then come together', () => {
    const [producer, consumer] = rings(4);
    for (let ahead = 0; ahead < 3; ahead++) producer.claim(ahead)!.count = ahead + 1;
    expect(consumer.peek()).toBeUndefined();
    expect(consumer.isEmpty()).toBe(true);
    producer.publish(3);
    for (let i = 0; i < 3; i++) {
      expect(consumer.peek()!.count).toBe(i + 1);
      consumer.release();
    }
    expect(consumer.isEmpty()).toBe(true);
  });

  test('what was claimed and given up can be claimed again', () => {
    const [producer, consumer] = rings(2);
    producer.claim(0)!.count = 7;
    producer.claim(1)!.count = 8;
    producer.claim(0)!.count = 9;
    producer.publish(1);
    expect(consumer.peek()!.count).toBe(9);
    expect(producer.inFlight()).toBe(1);
  });

  test.each([0, 0xfffe, 0x7fffffff, 0xffffffff])('from position %i: events applied survive their applier', (start) => {
    const [producer, first] = rings(2, start);
    for (let round = 0; round < 3; round++) {
      producer.claim(0)!.count = 4;
      producer.publish(1);
      expect(first.eventsApplied).toBe(0);
      first.peek();
      first.eventsApplied = 3;
      const second = FrameRing.attach(producer.token);
      expect(second.eventsApplied).toBe(3);
      second.eventsApplied = 4;
      expect(second.eventsApplied).toBe(4);
      second.release();
      expect([first.eventsApplied, second.eventsApplied]).toEqual([0, 0]);
      expect(first.appliedPosition()).toBe((start + round + 1) >>> 0);
    }
  });

  test('a producer may attach as well, before and after slots were used', () => {
    const [, other] = rings(2);
    const third = FrameRing.attach(other.token);
    other.claim(0)!.count = 3;
    other.publish(1);
    expect(third.peek()!.count).toBe(3);
    expect(FrameRing.attach(other.token).claim(0)).toBeDefined();
  });

  test('a ring that could not work is our own mistake', () => {
    for (const slots of [0, 3, -2, 2 ** 31]) {
      expect(() => FrameRing.create(new Memory(), { slots, format }), `${slots} slots`).toThrow('invariant');
    }
    const large = new FrameFormat(65_536, 0);
    expect(() => FrameRing.create(new Memory(), { slots: 2, format: large })).toThrow('frames of 65536 events');
  });

  test('memory stays untouched until a slot is used', () => {
    const [producer] = rings(8);
    const bytes = new Uint8Array(producer.token.buffers[0]!);
    const used = (): number => bytes.reduce((sum, byte) => sum + (byte === 0 ? 0 : 1), 0);
    const before = used();
    producer.claim(0);
    const one = used() - before;
    producer.publish(1);
    producer.claim(0);
    expect(used() - before).toBeLessThanOrEqual(2 * one + 1);
  });
});
