import type { Readable } from 'node:stream';

/**
 * What a stream brings, until it ends or `signal` is aborted. An abort ends the wait for a pipe that brings nothing too, which
 * the stream itself would end with what it brings next.
 *
 * One listener for the whole stream: a race with a promise that lives as long as the stream would keep every chunk, each in a
 * reaction of that promise.
 */
export async function* untilAborted(stream: Readable, signal?: AbortSignal): AsyncGenerator<Buffer> {
  const chunks = stream[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  let stop: (end: IteratorResult<Buffer>) => void = () => {};
  const abort = (): void => stop({ done: true, value: undefined });
  signal?.addEventListener('abort', abort, { once: true });
  try {
    while (signal?.aborted !== true) {
      const { done, value } = await new Promise<IteratorResult<Buffer>>((resolve, reject) => {
        stop = resolve;
        chunks.next().then(resolve, reject);
      });
      if (done === true) return;
      yield value;
    }
  } finally {
    stop = () => {};
    signal?.removeEventListener('abort', abort);
    // Of a stream that has ended it does nothing.
    stream.destroy();
  }
}
