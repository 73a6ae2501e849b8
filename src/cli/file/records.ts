import type { EngineEvent, GraphOptions } from '../../index.js';
import { firstLine } from '../problem.js';
import type { Input } from './input.js';
import { LineCutter, NOT_UTF8, OVERLONG } from './lines.js';

/** A row of a file: the event it became, or why it became none. */
export type FileRecord = { line: number; event: EngineEvent } | { line: number; reason: string };

/** Reads the records of a file one after the other, many at a time, until its end or until `signal` is aborted. */
export type RecordReader = (input: Input, signal?: AbortSignal) => AsyncGenerator<readonly FileRecord[]>;

/** One event of the public surface a line, as JSON; empty lines are skipped. The engine itself refuses what is no event. */
export function ndjsonReader(metric?: GraphOptions['metric']): RecordReader {
  return async function* read(input, signal) {
    let records: FileRecord[] = [];
    const lines: LineCutter = new LineCutter(
      (bytes, from, to) => {
        if (isEmpty(bytes, from, to)) return;
        if (!lines.isUtf8(bytes, from, to)) records.push({ line: lines.number, reason: NOT_UTF8 });
        else records.push(jsonRecord(lines.number, bytes.toString('utf8', from, to), metric));
      },
      () => records.push({ line: lines.number, reason: OVERLONG }),
    );
    const taken = (): FileRecord[] => {
      const all = records;
      records = [];
      return all;
    };
    for await (const chunk of input.chunks(signal)) {
      lines.push(chunk);
      yield taken();
    }
    if (signal?.aborted === true) return;
    lines.end();
    yield taken();
  };
}

const BLANK = 32;
const TAB = 9;

function isEmpty(bytes: Buffer, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if (bytes[at] !== BLANK && bytes[at] !== TAB) return false;
  return true;
}

function jsonRecord(line: number, text: string, metric: GraphOptions['metric']): FileRecord {
  try {
    const event: unknown = JSON.parse(text);
    if (typeof event !== 'object' || event === null || Array.isArray(event))
      return { line, reason: 'not a JSON object' };
    return { line, event: measured(event as EngineEvent, metric) };
  } catch (error) {
    return { line, reason: `not JSON: ${firstLine(error)}` };
  }
}

/** A graph that is created without a metric gets the one asked for. */
function measured(event: EngineEvent, metric: GraphOptions['metric']): EngineEvent {
  if (metric === undefined || event.type !== 'graph.created' || event.options?.metric !== undefined) return event;
  return { ...event, options: { ...event.options, metric } };
}
