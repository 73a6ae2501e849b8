import { createEngine, type EngineOptions } from '../index.js';
import { Comparison } from './comparison.js';
import { fileSource } from './file/source.js';
import { flightsSource } from './flights/source.js';
import { refuseForeignOptions } from './option-owners.js';
import { liveOf, Progress } from './progress.js';
import type { Answers, RunOptions, Source } from './source.js';
import { kindOf } from './source-name.js';
import { askedOf } from './space/asked.js';
import { Questions } from './space/questions.js';
import { ZoneLines } from './space/zone-lines.js';
import { toJson, toText } from './summary.js';
import { swarmSource } from './swarm.js';

/** What a shell expects of a program that an interrupt ended. */
export const INTERRUPTED = 130;

function openSource(options: RunOptions): Promise<Source> | Source {
  const kind = kindOf(options);
  if (kind !== undefined) refuseForeignOptions(options, kind);
  if (kind === 'flights') return flightsSource(options);
  if (kind === 'swarm') return swarmSource(options);
  return fileSource(options);
}

/** Above the bar, where there is one. */
function write(progress: Progress | undefined, text: string): void {
  if (progress === undefined) process.stderr.write(text);
  else progress.write(text);
}

function joined(a: Answers, b: Answers): Answers {
  return { values: { ...a.values, ...b.values }, sections: [...a.sections, ...b.sections] };
}

/** `athanor run`: publishes a source, shows it as it goes, and says what came out. Resolves with the exit code. */
export async function run(options: RunOptions): Promise<number> {
  const source = await openSource(options);
  const asked = askedOf(options, source.dimensions);
  const engineOptions: EngineOptions = { ...source.engineOptions };
  if (options.workers !== undefined) engineOptions.workers = options.workers;
  if (options.shards !== undefined) engineOptions.shards = options.shards;
  const engine = await createEngine(engineOptions);
  const stop = new AbortController();
  const interrupt = (): void => stop.abort();
  process.once('SIGINT', interrupt);
  try {
    let progress: Progress | undefined;
    const lines = options.quiet ? undefined : new ZoneLines((text) => write(progress, text));
    const questions = new Questions(engine, asked, {
      check: options.check,
      tell: (graph, event) => lines?.tell(graph, event),
    });
    const work = source.start(engine, questions);
    progress = options.quiet ? undefined : new Progress(() => work.done(), liveOf(engine, work));
    const startedMs = performance.now();
    try {
      await work.publish(stop.signal);
      await engine.flush();
      await questions.settle();
      lines?.end();
    } finally {
      progress?.stop();
    }
    const seconds = (performance.now() - startedMs) / 1000;
    const stats = engine.stats();
    const answers = joined(await work.answers(), questions.answers());
    const comparison = options.check ? new Comparison() : undefined;
    if (comparison !== undefined) {
      await work.check(comparison);
      questions.check(comparison);
    }
    const outcome = {
      source: source.name,
      seconds,
      stats,
      answers,
      notes: [...work.notes, ...questions.notes],
      badRows: work.badRows,
      comparison,
      interrupted: stop.signal.aborted,
    };
    process.stdout.write(`${options.json ? toJson(outcome) : toText(outcome)}\n`);
    if (stop.signal.aborted) return INTERRUPTED;
    return comparison?.ok === false ? 1 : 0;
  } finally {
    process.off('SIGINT', interrupt);
    await engine.close();
  }
}
