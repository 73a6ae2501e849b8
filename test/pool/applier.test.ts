import { expect, test } from 'vitest';
import { Applier } from '../../dist/src/pool/applier.js';
import type { EngineMemory } from '../../dist/src/pool/engine-memory.js';
import { ShardState } from '../../dist/src/schedule/control.js';

test('the thread is told of an error that applying threw: it must not go on with a shard in the middle of an event', () => {
  const defect = new Error('a broken invariant');
  const memory = {
    latency: { start: () => undefined },
    control: {
      shards: 1,
      stateOf: () => ShardState.ready,
      claim: () => {
        throw defect;
      },
    },
  } as unknown as EngineMemory;
  const told: unknown[] = [];
  const applier = new Applier(
    memory,
    1,
    () => 0,
    (error) => told.push(error),
  );
  expect(() => applier.step()).toThrow(defect);
  expect(told).toEqual([defect]);
});
