import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { alive, allStarted } from '../support/alive-workers.js';
import { happenings, ZoneModel } from '../support/zone-model.js';

const { AthanorError, createEngine } = await import('../../dist/src/index.js');

const SEED = Number(process.env.ATHANOR_SEED ?? 20_261_204);
const GRAPHS = 4;

test(`workers killed again and again: watchers are told everything once (seed ${SEED})`, async () => {
  let state = SEED >>> 0;
  const random = (below: number): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
  const log = happenings(random, 8000, GRAPHS);
  const model = new ZoneModel([3], 0);
  for (const event of log) model.apply(event);
  const engine = await createEngine({
    workers: 2,
    shards: 4,
    capacity: { graphs: 100, nodes: 10_000, edges: 1000 },
    clock: () => 0,
  });
  const read = async <T>(watcher: AsyncIterable<T>): Promise<T[]> => {
    const events: T[] = [];
    for await (const event of watcher) events.push(event);
    return events;
  };
  const names = Array.from({ length: GRAPHS }, (_, g) => `g${g}`);
  const told = names.map((name) => read(engine.graph(name).watch({ detect: ['enter', 'exit', 'inside', 'cross'] })));
  const roamed = names.map((name) => read(engine.graph(name).watchRoaming({ radius: 3 })));
  const killAt = new Set(Array.from({ length: 12 }, () => random(log.length)));
  for (let i = 0; i < log.length; i++) {
    const event = log[i]!;
    for (;;) {
      try {
        if (event.type === 'zone.set') engine.graph(event.graph).setZone(event.zone, event.shape);
        else if (event.type === 'zone.removed') engine.graph(event.graph).removeZone(event.zone);
        else engine.publish(event);
        break;
      } catch (error) {
        if (!(error instanceof AthanorError) || error.code !== 'ATHANOR_BACKPRESSURE') throw error;
        await engine.drained();
      }
    }
    if (i % 500 === 0) await pause(random(3));
    if (!killAt.has(i)) continue;
    // Not while it starts: Node itself does not survive that.
    await allStarted(engine);
    const victims = [...alive];
    void victims[random(victims.length)]?.terminate();
  }
  await engine.flush();
  expect((await engine.verify()).problems).toEqual([]);
  await engine.close();
  for (let g = 0; g < GRAPHS; g++) {
    const of = <T extends { graph: string }>(list: T[]) =>
      list.filter(({ graph }) => graph === names[g]).map(({ graph: _, ...event }) => event);
    expect(await told[g]).toEqual(of(model.told));
    expect(await roamed[g]).toEqual(of(model.roamed).map(({ radius: _, ...event }) => event));
  }
});
