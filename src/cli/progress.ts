import { SingleBar } from 'cli-progress';
import type { Engine } from '../index.js';
import { formatCount, formatMs, formatRate } from './format.js';
import { codeOf } from './problem.js';
import type { SourceRun } from './source.js';

/** Between two updates on a terminal, and between two lines where there is none. */
const TERMINAL_MS = 250;
const LINE_MS = 2000;
const BAR_STEPS = 1000;

/** What is told beside the bar, or on a line of its own. */
export type Live = (terminal: boolean) => string;

/** Shows a run on the standard error while it goes on: a bar on a terminal, else a line now and then. */
export class Progress {
  readonly #done: () => number;
  readonly #live: Live;
  readonly #bar: SingleBar | undefined;
  readonly #timer: NodeJS.Timeout;

  /** `done` is a share, 0 to 1. */
  constructor(done: () => number, live: Live) {
    this.#done = done;
    this.#live = live;
    const terminal = process.stderr.isTTY === true;
    if (terminal) {
      this.#bar = new SingleBar({
        format: ' {bar} {percentage}%  {live}',
        stream: process.stderr,
        hideCursor: true,
        barCompleteChar: '█',
        barIncompleteChar: '░',
        barsize: 30,
      });
      this.#bar.start(BAR_STEPS, 0, { live: '' });
    }
    this.#timer = setInterval(() => this.#show(), terminal ? TERMINAL_MS : LINE_MS);
    this.#timer.unref();
  }

  #show(): void {
    const done = this.#done();
    if (this.#bar !== undefined) {
      this.#bar.update(Math.round(done * BAR_STEPS), { live: this.#live(true) });
      return;
    }
    process.stderr.write(`${(done * 100).toFixed(0).padStart(3)} %  ${this.#live(false)}\n`);
  }

  /** Whole lines, above the bar: it is drawn again with the next update. */
  write(text: string): void {
    process.stderr.write(this.#bar === undefined ? text : `\r\u001b[K${text}`);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#bar?.update(Math.round(this.#done() * BAR_STEPS));
    this.#bar?.stop();
  }
}

/** Of a run that publishes: how fast, how late, and what the source says. */
export function liveOf(engine: Engine, run: SourceRun): Live {
  let lastPublished = 0;
  let lastMs = performance.now();
  return (terminal) => {
    const { published, latencyMs } = engine.stats();
    const now = performance.now();
    const rate = formatRate(((published - lastPublished) * 1000) / (now - lastMs));
    lastPublished = published;
    lastMs = now;
    const events = terminal ? '' : `${formatCount(published)} events  `;
    return `${events}${rate}  p50 ${formatMs(latencyMs.p50)}  p99 ${formatMs(latencyMs.p99)}  ${glimpse(run)}`;
  };
}

/** A shard so busy that the query timed out costs a glimpse, not the run. */
function glimpse(run: SourceRun): string {
  try {
    return run.live();
  } catch (error) {
    if (codeOf(error) === 'ATHANOR_SHARD_BUSY') return 'busy';
    throw error;
  }
}
