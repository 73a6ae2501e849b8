import { types } from 'node:util';
import { abortOf, type Ending, unlessEnded } from '../base/ending.js';
import { AthanorError, show } from '../base/errors.js';
import { isSignal, readOptions, unreadable } from '../base/option-names.js';
import type { EngineEvent, IngestOptions } from '../base/types.js';
import type { EngineCore } from './core.js';
import { Turns } from './turns.js';

/** Events between two calls of `onProgress`. */
const PROGRESS_EVENTS = 512;

type Source = Iterator<unknown> | AsyncIterator<unknown>;

/** Publishes all that the source gives; see `Engine.ingest`. */
export async function ingest(
  core: EngineCore,
  drained: () => Promise<void>,
  events: Iterable<EngineEvent> | AsyncIterable<EngineEvent>,
  options: IngestOptions,
): Promise<number> {
  const { signal, onProgress } = checkOptions(options);
  core.publisher.assertOpen();
  const source = iteratorOf(events);
  const abort = signal && abortOf(signal);
  const run = publishAll(core, drained, source, abort, onProgress);
  try {
    // One wait for all of it: one for each event would cost as much as the event.
    return await unlessEnded(run, [core.closing, abort]);
  } catch (error) {
    leave(source);
    throw error;
  }
}

/** Whoever waits for it may have gone when the signal is aborted or the engine closed: then it publishes no more. */
async function publishAll(
  core: EngineCore,
  drained: () => Promise<void>,
  source: Source,
  abort: Ending | undefined,
  onProgress: ((published: number) => void) | undefined,
): Promise<number> {
  const { publisher, host, closing } = core;
  let published = 0;
  const turns = new Turns(host);
  for (;;) {
    if (abort?.ended) throw abort.error;
    // An iterator that answers at once is not waited for: a turn of the microtask queue would cost more than the event.
    let next: unknown = source.next();
    let done: boolean | undefined;
    let value: EngineEvent;
    try {
      if (isThenable(next)) {
        next = await next;
        if (closing.ended) throw closing.error;
        if (abort?.ended) throw abort.error;
      }
      if (typeof next !== 'object' || next === null) {
        throw new AthanorError('ATHANOR_INVALID_EVENT', `events: its iterator gave ${show(next)}, not an object`);
      }
      ({ done, value } = next as IteratorResult<EngineEvent>);
    } catch (error) {
      throw types.isProxy(next) ? unreadable('ATHANOR_INVALID_EVENT', 'events', error) : error;
    }
    if (done) break;
    while (!accepted(core, value)) {
      await drained();
      if (abort?.ended) throw abort.error;
    }
    published++;
    if (!publisher.hasRoom) await drained();
    if (published % PROGRESS_EVENTS === 0) onProgress?.(published);
    // A source that answers without waiting for anything never leaves the microtask queue by itself.
    if (turns.isDue) await turns.take();
  }
  if (published % PROGRESS_EVENTS !== 0) onProgress?.(published);
  return published;
}

/** As leaving a for-of loop does; what the source answers to that is of no use to anybody. */
function leave(source: Source): void {
  try {
    Promise.resolve(source.return?.()).catch(() => undefined);
  } catch {
    // The error that it is left for counts.
  }
}

/** False when there is no room; whatever else is wrong with the event is thrown. */
function accepted({ publisher }: EngineCore, event: EngineEvent): boolean {
  try {
    publisher.publish(event);
    return true;
  } catch (error) {
    if (error instanceof AthanorError && error.code === 'ATHANOR_BACKPRESSURE') return false;
    throw error;
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}

function iteratorOf(events: unknown): Source {
  let iterator: unknown;
  try {
    const source = events as Partial<Iterable<unknown> & AsyncIterable<unknown>> | null | undefined;
    const make = source?.[Symbol.asyncIterator] ?? source?.[Symbol.iterator];
    if (typeof make !== 'function') {
      throw new AthanorError('ATHANOR_INVALID_EVENT', `events: ${show(events)} is neither iterable nor async iterable`);
    }
    iterator = (make as (this: unknown) => unknown).call(source);
    if (typeof iterator === 'object' && iterator !== null && typeof (iterator as Source).next === 'function') {
      return iterator as Source;
    }
  } catch (error) {
    throw types.isProxy(events) ? unreadable('ATHANOR_INVALID_EVENT', 'events', error) : error;
  }
  throw new AthanorError('ATHANOR_INVALID_EVENT', `events: its iterator is ${show(iterator)}, and has no method next`);
}

function checkOptions(options: unknown): IngestOptions {
  const read = readOptions('ATHANOR_INVALID_OPTION', options as IngestOptions, ['signal', 'onProgress']);
  const { signal, onProgress } = read;
  checkSignal(signal);
  if (onProgress !== undefined && typeof onProgress !== 'function') {
    throw new AthanorError('ATHANOR_INVALID_OPTION', `onProgress: ${show(onProgress)} is not a function`);
  }
  return read;
}

export function checkSignal(signal: unknown): void {
  if (signal === undefined || isSignal(signal)) return;
  throw new AthanorError('ATHANOR_INVALID_OPTION', `signal: ${show(signal)} is not an AbortSignal`);
}
