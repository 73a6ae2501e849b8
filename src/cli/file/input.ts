import { createReadStream, type ReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { pipeline, type Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { codeOf, firstLine, Problem } from '../problem.js';

const REASONS: Record<string, string> = {
  ENOENT: 'no such file',
  EACCES: 'permission denied',
  EISDIR: 'it is a folder',
  Z_DATA_ERROR: 'it is not gzip, or damaged',
  Z_BUF_ERROR: 'the gzip data ends too early',
};

const CHUNK_BYTES = 1 << 16;

/** A file of bytes, unpacked where its name ends in .gz. */
export class Input {
  readonly path: string;
  readonly bytes: number;
  #file: ReadStream | undefined;

  private constructor(path: string, bytes: number) {
    this.path = path;
    this.bytes = bytes;
  }

  /** Fails now, in one line, rather than when the engine has been started. */
  static async open(path: string): Promise<Input> {
    try {
      const found = await stat(path);
      if (found.isDirectory()) throw Object.assign(new Error(), { code: 'EISDIR' });
      // A pipe that is opened and closed has lost its writer.
      if (found.isFile()) await (await open(path)).close();
      return new Input(path, found.size);
    } catch (error) {
      throw unreadable(path, error);
    }
  }

  /** Share of the file that has been read. */
  get done(): number {
    return this.#file === undefined || this.bytes === 0 ? 0 : this.#file.bytesRead / this.bytes;
  }

  /** Whether it is unpacked on the way. */
  get packed(): boolean {
    return this.path.endsWith('.gz');
  }

  stream(): Readable {
    const file = createReadStream(this.path, { highWaterMark: CHUNK_BYTES });
    this.#file = file;
    // An error of either stream ends the other and is thrown by whoever iterates the last.
    return this.packed ? pipeline(file, createGunzip({ chunkSize: CHUNK_BYTES }), () => {}) : file;
  }
}

export function unreadable(path: string, error: unknown): Problem {
  if (error instanceof Problem) return error;
  return new Problem(`cannot read ${path}: ${REASONS[codeOf(error)] ?? firstLine(error)}`);
}
