import type { Engine } from '../index.js';
import { formatCount, formatMs, formatRate, printable } from './format.js';
import { codeOf } from './problem.js';
import type { SourceRun } from './source.js';
import { StatusLine, type Terminal } from './status-line.js';

/** Between two updates on a terminal, and between two lines where there is none. */
const TERMINAL_MS = 250;
const LINE_MS = 2000;
/** Columns of the bar: a third of a narrow terminal, and of one that is narrower still none. */
const BAR = 30;
const LEAST_BAR = 10;

/** What is told beside the bar, or on a line of its own. */
export type Live = (terminal: boolean) => string;

/** Shows a run on the standard error while it goes on: a bar on a terminal, else a line now and then. */
export class Progress {
  readonly #done: () => number;
  readonly #live: Live;
  readonly #stream: Terminal;
  readonly #line: StatusLine | undefined;
  readonly #timer: NodeJS.Timeout;

  /** `done` is a share, 0 to 1. */
  constructor(done: () => number, live: Live, stream: Terminal & { isTTY?: boolean } = process.stderr) {
    this.#done = done;
    this.#live = live;
    this.#stream = stream;
    const terminal = stream.isTTY === true;
    if (terminal) this.#line = new StatusLine(stream);
    this.#timer = setInterval(() => this.#show(), terminal ? TERMINAL_MS : LINE_MS);
    this.#timer.unref();
  }

  #show(): void {
    if (this.#line === undefined) {
      this.#stream.write(`${percent(this.#done())}  ${printable(this.#live(false))}\n`);
      return;
    }
    const width = Math.min(BAR, Math.floor(this.#line.columns / 3));
    const bar = width < LEAST_BAR ? '' : `${barOf(this.#done(), width)} `;
    this.#line.show(` ${bar}${percent(this.#done())}  ${printable(this.#live(true))}`);
  }

  /** Whole lines, above the bar. */
  write(text: string): void {
    if (this.#line === undefined) this.#stream.write(text);
    else this.#line.above(text);
  }

  /** Draws the last state, and leaves the cursor below it. */
  stop(): void {
    clearInterval(this.#timer);
    if (this.#line === undefined) return;
    this.#show();
    this.#line.end();
  }

  /** As `stop`, without a look at what may be in any state. */
  abandon(): void {
    clearInterval(this.#timer);
    this.#line?.end();
  }
}

function percent(share: number): string {
  return `${(share * 100).toFixed(0).padStart(3)} %`;
}

function barOf(share: number, width: number): string {
  const full = Math.round(share * width);
  return '█'.repeat(full) + '░'.repeat(width - full);
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
