import { SingleBar } from 'cli-progress';
import type { Engine } from '../index.js';
import { formatCount, formatMs, formatRate } from './format.js';
import { codeOf } from './problem.js';
import type { SourceRun } from './source.js';

/** Between two updates on a terminal, and between two lines where there is none. */
const TERMINAL_MS = 250;
const LINE_MS = 2000;
const BAR_STEPS = 1000;

/** Shows a run on the standard error while it goes on: a bar on a terminal, else a line now and then. */
export class Progress {
  readonly #engine: Engine;
  readonly #run: SourceRun;
  readonly #bar: SingleBar | undefined;
  readonly #timer: NodeJS.Timeout;
  #lastPublished = 0;
  #lastMs = performance.now();

  constructor(engine: Engine, run: SourceRun) {
    this.#engine = engine;
    this.#run = run;
    const terminal = process.stderr.isTTY === true;
    if (terminal) {
      this.#bar = new SingleBar({
        format: ' {bar} {percentage}%  {rate}  p50 {p50}  p99 {p99}  {live}',
        stream: process.stderr,
        hideCursor: true,
        barCompleteChar: '█',
        barIncompleteChar: '░',
        barsize: 30,
      });
      this.#bar.start(BAR_STEPS, 0, { rate: '', p50: '', p99: '', live: '' });
    }
    this.#timer = setInterval(() => this.#show(), terminal ? TERMINAL_MS : LINE_MS);
    this.#timer.unref();
  }

  #show(): void {
    const stats = this.#engine.stats();
    const now = performance.now();
    const rate = formatRate(((stats.published - this.#lastPublished) * 1000) / (now - this.#lastMs));
    this.#lastPublished = stats.published;
    this.#lastMs = now;
    const { p50, p99 } = stats.latencyMs;
    const live = this.#live();
    const done = this.#run.done();
    if (this.#bar !== undefined) {
      this.#bar.update(Math.round(done * BAR_STEPS), { rate, p50: formatMs(p50), p99: formatMs(p99), live });
      return;
    }
    const events = formatCount(stats.published);
    process.stderr.write(
      `${(done * 100).toFixed(0).padStart(3)} %  ${events} events  ${rate}  p50 ${formatMs(p50)}  p99 ${formatMs(p99)}  ${live}\n`,
    );
  }

  /** A shard so busy that the query timed out costs a glimpse, not the run. */
  #live(): string {
    try {
      return this.#run.live();
    } catch (error) {
      if (codeOf(error) === 'ATHANOR_SHARD_BUSY') return 'busy';
      throw error;
    }
  }

  /** Whole lines, above the bar: it is drawn again with the next update. */
  write(text: string): void {
    process.stderr.write(this.#bar === undefined ? text : `\r\u001b[K${text}`);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#bar?.update(Math.round(this.#run.done() * BAR_STEPS));
    this.#bar?.stop();
  }
}
