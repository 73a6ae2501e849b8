import { describe, expect, test } from 'vitest';
import { explore } from '../support/interleave.js';
import { lockModel } from './lock-model.js';

describe('lock model: every interleaving', () => {
  test('two readers and a writer: exclusion, phase-fairness, nobody is left asleep', () => {
    const { states, ends } = explore(lockModel({ readers: 2, readRounds: 2, writeRounds: 3, phases: 3 }));
    expect(ends).toBeGreaterThan(0);
    expect(states).toBeGreaterThan(10_000);
  });

  test('threads that never rest: each can always go in, with no more than two phases', () => {
    explore(lockModel({ readers: 2, readRounds: Infinity, writeRounds: Infinity, phases: 2 }));
  });

  test('three readers', () => {
    explore(lockModel({ readers: 3, readRounds: 1, writeRounds: 1, phases: 2 }));
  });

  test('waits that time out hold nothing and stop nobody', () => {
    explore(lockModel({ readers: 2, readRounds: 1, writeRounds: 2, phases: 2, timeouts: true }));
  });

  test('a reader that is lost at any step, then cleared', () => {
    explore(lockModel({ readers: 2, readRounds: 1, writeRounds: 2, phases: 2, loseReader: true }));
  });

  test('a writer that is lost at any step, and so is the one who takes over', () => {
    // Each lost writer may have used up a phase that nobody saw: with two phases the third would take the first's.
    explore(lockModel({ readers: 2, readRounds: 1, writeRounds: 1, phases: 4, writers: 3 }));
  });
});

describe('lock model: a mistake is found', () => {
  const small = { readers: 2, readRounds: 2, writeRounds: 2, phases: 3 };

  test('a reader that looks before it stores', () => {
    expect(() => explore(lockModel({ ...small, mistake: 'look before store' }))).toThrow('are both in');
  });
  test('a reader that does not say that it waits', () => {
    expect(() => explore(lockModel({ ...small, mistake: 'no WAITING' }))).toThrow('stuck');
  });
  test('a reader that wakes nobody when it begins to wait', () => {
    expect(() => explore(lockModel({ ...small, mistake: 'WAITING wakes nobody' }))).toThrow('stuck');
  });
  test('a lost reader that left and could not say so any more', () => {
    expect(() => explore(lockModel({ ...small, loseReader: true, mistake: 'only a set word is cleared' }))).toThrow(
      'stuck',
    );
  });
  test('a lost writer that left and could not say so any more', () => {
    const lost = { ...small, readRounds: 1, writeRounds: 1, writers: 2 };
    expect(() => explore(lockModel({ ...lost, mistake: 'nobody wakes for the lost' }))).toThrow('stuck');
  });
  test('sleepers that are not told of', () => {
    expect(() => explore(lockModel({ ...small, mistake: 'no bits' }))).toThrow('stuck');
  });
  test('a reader that asks again after its wait', () => {
    expect(() => explore(lockModel({ ...small, mistake: 'no entitlement' }))).toThrow('more than one write phase');
  });
  test('a wait that ends when the lost owner is replaced', () => {
    expect(() =>
      explore(
        lockModel({ readers: 1, readRounds: 1, writeRounds: 1, phases: 2, writers: 2, mistake: 'owner compared' }),
      ),
    ).toThrow('are both in');
  });
});
