import type { Engine, EngineEvent } from '../../index.js';
import { publishAll } from '../pace.js';
import { codeOf, firstLine } from '../problem.js';
import type { FileRecord } from './records.js';

/** Who is told what became of a record. */
export interface RecordFate {
  accepted(event: EngineEvent): void;
  bad(line: number, reason: string): void;
}

/** Publishes records together, waiting for room; those that are no events, or are refused, are bad, and the others go in. */
export async function publishRecords(engine: Engine, records: readonly FileRecord[], fate: RecordFate): Promise<void> {
  const events: EngineEvent[] = [];
  for (const record of records) {
    if ('event' in record) events.push(record.event);
    else fate.bad(record.line, record.reason);
  }
  try {
    await publishAll(engine, events);
    for (const event of events) fate.accepted(event);
  } catch (error) {
    if (!isBadEvent(error)) throw error;
    // The array was refused whole for one of its events: one by one, the good ones go in.
    for (const record of records) if ('event' in record) await publishOne(engine, record.line, record.event, fate);
  }
}

async function publishOne(engine: Engine, line: number, event: EngineEvent, fate: RecordFate): Promise<void> {
  try {
    await publishAll(engine, event);
    fate.accepted(event);
  } catch (error) {
    if (!isBadEvent(error)) throw error;
    fate.bad(line, firstLine(error));
  }
}

function isBadEvent(error: unknown): boolean {
  return ['ATHANOR_INVALID_EVENT', 'ATHANOR_PAYLOAD_TOO_LARGE', 'ATHANOR_UNSUPPORTED'].includes(codeOf(error));
}
