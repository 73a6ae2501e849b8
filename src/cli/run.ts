import { createEngine, type EngineOptions } from '../index.js';
import { Comparison } from './comparison.js';
import { fileSource } from './file/source.js';
import { flightsSource } from './flights/source.js';
import { fitted } from './format.js';
import { INTERRUPTED, Interrupts } from './interrupts.js';
import { refuseForeignOptions } from './option-owners.js';
import { POSITION_FORMATS, writePositions } from './out/positions.js';
import { isStandardOutput, targetOf } from './out/target.js';
import { Problem } from './problem.js';
import { liveOf, Progress } from './progress.js';
import type { Answers, RunOptions, Source } from './source.js';
import { kindOf } from './source-name.js';
import { askedOf } from './space/asked.js';
import { Questions } from './space/questions.js';
import { ZoneLines } from './space/zone-lines.js';
import { type Outcome, toJson, toText } from './summary.js';
import { swarmSource } from './swarm.js';

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
  if (options.out === undefined && options.outFormat !== undefined) throw new Problem('--out-format needs --out');
  const source = await openSource(options);
  const asked = askedOf(options, source.dimensions);
  const out = options.out === undefined ? undefined : await targetOf(options.out, POSITION_FORMATS, options.outFormat);
  const engineOptions: EngineOptions = { ...source.engineOptions };
  if (options.workers !== undefined) engineOptions.workers = options.workers;
  if (options.shards !== undefined) engineOptions.shards = options.shards;
  const engine = await createEngine(engineOptions);
  let progress: Progress | undefined;
  const interrupts = new Interrupts(
    () => write(progress, options.quiet ? '' : INTERRUPTED),
    () => progress?.abandon(),
  );
  try {
    const lines = options.quiet ? undefined : new ZoneLines((text) => write(progress, text));
    const questions = new Questions(engine, asked, {
      check: options.check,
      tell: (graph, event) => lines?.tell(graph, event),
    });
    const work = source.start(engine, questions);
    progress = options.quiet ? undefined : new Progress(() => work.done(), liveOf(engine, work));
    const startedMs = performance.now();
    try {
      await work.publish(interrupts.signal);
      await engine.flush();
      await questions.settle();
      lines?.end();
    } catch (error) {
      progress?.abandon();
      progress = undefined;
      throw error;
    }
    const seconds = (performance.now() - startedMs) / 1000;
    const stats = engine.stats();
    progress?.stop();
    progress = undefined;
    const answers = joined(await work.answers(), questions.answers());
    const comparison = options.check ? new Comparison() : undefined;
    if (comparison !== undefined) {
      await work.check(comparison);
      questions.check(comparison);
    }
    const written =
      out === undefined ? undefined : { path: out.path, rows: await writePositions(out, engine, questions.spaces) };
    const outcome: Outcome = {
      source: source.name,
      seconds,
      stats,
      answers,
      notes: [...work.notes, ...questions.notes],
      badRows: work.badRows,
      comparison,
      out: written,
      interrupted: interrupts.signal.aborted,
    };
    // The rows have the standard output to themselves.
    const stream = out !== undefined && isStandardOutput(out.path) ? process.stderr : process.stdout;
    stream.write(`${options.json ? toJson(outcome) : fitted(toText(outcome, stream), stream)}\n`);
    if (interrupts.signal.aborted) return interrupts.exitCode;
    return comparison?.ok === false || work.badRows?.isAll === true ? 1 : 0;
  } finally {
    interrupts.end();
    await engine.close();
  }
}
