import { expect } from 'vitest';
import type { Engine } from '../../dist/src/engine/engine.js';
import { AthanorError } from '../../dist/src/index.js';
import type { Crashes } from './crashes.js';
import type { Simulation } from './simulation.js';

/** 'right' when the job's answer was found right, or the code it failed with. */
export function told(job: Promise<void>): Promise<string> {
  return job.then(
    () => 'right',
    (error: unknown) => (error instanceof AthanorError ? error.code : `${(error as Error).stack}`),
  );
}

/** How jobs ended, over many simulations. */
export class JobEnds {
  readonly #ends = new Map<string, number>();
  #lost = 0;

  /** Waits for the jobs, now and then beside the engine's end, and ends the simulation. */
  async take(
    simulation: Simulation,
    engine: Engine,
    crashes: Crashes,
    running: ReadonlyArray<Promise<string>>,
  ): Promise<void> {
    const ends = this.#ends;
    crashes.in(Number.POSITIVE_INFINITY);
    const closing = simulation.random(4) === 0 ? engine.close() : undefined;
    for (const end of await simulation.until(Promise.all(running))) ends.set(end, (ends.get(end) ?? 0) + 1);
    if (closing === undefined) {
      await simulation.until(engine.flush());
      expect(await simulation.until(engine.verify())).toEqual({ ok: true, problems: [] });
    }
    await simulation.until(closing ?? engine.close());
    await simulation.quiesce();
    this.#lost += simulation.crashes;
  }

  /** The test is worth something only when jobs are done although threads are lost, and some are ended early. */
  expect(runs: number): void {
    const known = ['right', 'ATHANOR_ABORTED', 'ATHANOR_CLOSED'];
    expect([...this.#ends.keys()].filter((end) => !known.includes(end))).toEqual([]);
    expect(this.#ends.get('right')).toBeGreaterThan(runs);
    expect(this.#ends.get('ATHANOR_ABORTED')).toBeGreaterThan(0);
    expect(this.#lost).toBeGreaterThan(runs / 2);
  }
}
