import { createReadStream, fstatSync, type ReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { codeOf, firstLine, Problem } from '../problem.js';
import { untilAborted } from './until-aborted.js';

const REASONS: Record<string, string> = {
  ENOENT: 'no such file',
  EACCES: 'permission denied',
  EISDIR: 'it is a folder',
  Z_DATA_ERROR: 'it is not gzip, or damaged',
  Z_BUF_ERROR: 'the gzip data ends too early',
};

const CHUNK_BYTES = 1 << 16;
/** Marks at the beginning: gzip, and those of the Unicode encodings. */
const GZIP = Buffer.from([0x1f, 0x8b]);
const MARKS = [
  { mark: Buffer.from([0xef, 0xbb, 0xbf]), encoding: 'utf-8' },
  { mark: Buffer.from([0xff, 0xfe]), encoding: 'utf-16le' },
  { mark: Buffer.from([0xfe, 0xff]), encoding: 'utf-16be' },
];
const MARK_BYTES = 3;

/** Whether a source is the standard input, by its name. */
export function isStandardInput(path: string): boolean {
  return path === '-' || path === '/dev/stdin';
}

/** A file of bytes or the standard input: unpacked where it is gzip, and as UTF-8 whatever it was written in. */
export class Input {
  /** As errors name it. */
  readonly path: string;
  /** 0 where that is not known: of a pipe. */
  readonly bytes: number;
  /** Whether it is unpacked on the way; of a pipe that is not known before it is read. */
  readonly packed: boolean;
  readonly #encoding: string | undefined;
  #file: { bytesRead: number } | undefined;

  private constructor(path: string, bytes: number, packed: boolean, encoding: string | undefined) {
    this.path = path;
    this.bytes = bytes;
    this.packed = packed;
    this.#encoding = encoding;
  }

  /** Fails now, in one line, rather than when the engine has been started. `encoding`: where it is not UTF-8. @throws Problem */
  static async open(path: string, encoding?: string): Promise<Input> {
    checkEncoding(encoding);
    try {
      if (isStandardInput(path)) {
        const found = fstatSync(0);
        return new Input('standard input', found.isFile() ? found.size : 0, false, encoding);
      }
      const found = await stat(path);
      if (found.isDirectory()) throw Object.assign(new Error(), { code: 'EISDIR' });
      // A pipe that is opened and closed has lost its writer.
      const packed = found.isFile() ? await beginsWith(path, GZIP) : false;
      return new Input(path, found.size, packed || path.endsWith('.gz'), encoding);
    } catch (error) {
      throw unreadable(path, error);
    }
  }

  /** Share of the file that has been read. */
  get done(): number {
    return this.#file === undefined || this.bytes === 0 ? 0 : Math.min(1, this.#file.bytesRead / this.bytes);
  }

  /** The bytes as UTF-8, without a mark, until the end or until `signal` is aborted: that ends the wait for a silent pipe too. */
  async *chunks(signal?: AbortSignal): AsyncGenerator<Buffer> {
    const standard = this.path === 'standard input';
    const file = standard ? process.stdin : createReadStream(this.path, { highWaterMark: CHUNK_BYTES });
    this.#file = file as unknown as ReadStream;
    const begun = await begin(untilAborted(file, signal), GZIP.length);
    let bytes = begun.all;
    if (this.packed || startsWith(begun.head, GZIP)) {
      // An error of either stream ends the other and is thrown by whoever iterates the last.
      bytes = untilAborted(
        pipeline(Readable.from(begun.all), createGunzip({ chunkSize: CHUNK_BYTES }), () => {}),
        signal,
      );
    }
    const { head, all } = await begin(bytes, MARK_BYTES);
    const marked = MARKS.find(({ mark }) => startsWith(head, mark));
    const encoding = marked?.encoding ?? this.#encoding ?? 'utf-8';
    yield* isUtf8Label(encoding) ? withoutMark(all, marked?.mark.length ?? 0) : asUtf8(all, encoding);
  }
}

export function unreadable(path: string, error: unknown): Problem {
  if (error instanceof Problem) return error;
  return new Problem(`cannot read ${path}: ${REASONS[codeOf(error)] ?? firstLine(error)}`);
}

function checkEncoding(encoding: string | undefined): void {
  if (encoding === undefined) return;
  try {
    new TextDecoder(encoding);
  } catch {
    throw new Problem(
      `--encoding "${encoding}": it is none of utf-8, utf-16le, latin1, windows-1252, shift_jis, gb18030 …`,
    );
  }
}

function isUtf8Label(encoding: string): boolean {
  return new TextDecoder(encoding).encoding === 'utf-8';
}

function startsWith(bytes: Buffer, mark: Buffer): boolean {
  return bytes.length >= mark.length && bytes.subarray(0, mark.length).equals(mark);
}

async function beginsWith(path: string, mark: Buffer): Promise<boolean> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(mark.length), 0, mark.length, 0);
    return bytesRead === mark.length && buffer.equals(mark);
  } finally {
    await file.close();
  }
}

/** The first `count` bytes, or all where there are fewer, and the whole again. */
async function begin(
  chunks: AsyncIterable<Buffer>,
  count: number,
): Promise<{ head: Buffer; all: AsyncGenerator<Buffer> }> {
  const iterator = chunks[Symbol.asyncIterator]();
  let head: Buffer = Buffer.alloc(0);
  while (head.length < count) {
    const { done, value } = await iterator.next();
    if (done === true) break;
    head = head.length === 0 ? value : Buffer.concat([head, value]);
  }
  async function* all(): AsyncGenerator<Buffer> {
    try {
      if (head.length > 0) yield head;
      for (;;) {
        const { done, value } = await iterator.next();
        if (done === true) return;
        yield value;
      }
    } finally {
      await iterator.return?.();
    }
  }
  return { head, all: all() };
}

async function* withoutMark(chunks: AsyncIterable<Buffer>, mark: number): AsyncGenerator<Buffer> {
  let skip = mark;
  for await (const chunk of chunks) {
    yield skip === 0 ? chunk : chunk.subarray(skip);
    skip = 0;
  }
}

async function* asUtf8(chunks: AsyncIterable<Buffer>, encoding: string): AsyncGenerator<Buffer> {
  const decoder = new TextDecoder(encoding);
  for await (const chunk of chunks) {
    const text = decoder.decode(chunk, { stream: true });
    if (text !== '') yield Buffer.from(text);
  }
  const rest = decoder.decode();
  if (rest !== '') yield Buffer.from(rest);
}
