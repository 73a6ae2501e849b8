import { createWriteStream } from 'node:fs';
import { access, constants, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { didYouMean } from '../did-you-mean.js';
import { codeOf, firstLine, Problem } from '../problem.js';

/** Characters that are written at once. */
const CHUNK = 1 << 16;

const REASONS: Record<string, string> = {
  ENOENT: 'its folder is not there',
  ENOTDIR: 'its folder is none',
  EACCES: 'permission denied',
  EISDIR: 'it is a folder',
};

/** Where `--out` writes, and what. */
export interface Target<Format extends string> {
  /** '-': the standard output. */
  readonly path: string;
  readonly format: Format;
}

export function isStandardOutput(path: string): boolean {
  return path === '-' || path === '/dev/stdout';
}

/**
 * Fails before anything is loaded, rather than when all has been computed. The format is that of the name's ending, .gz aside,
 * or `asked`; csv where the name has no such ending. `formats`: by ending. @throws Problem
 */
export async function targetOf<Format extends string>(
  path: string,
  formats: Readonly<Record<string, Format>>,
  asked: string | undefined,
): Promise<Target<Format>> {
  const names = [...new Set(Object.values(formats))];
  const format = asked ?? formats[/\.([a-z]+)(\.gz)?$/i.exec(path)?.[1]?.toLowerCase() ?? ''] ?? names[0]!;
  if (!names.includes(format as Format)) {
    throw new Problem(`--out-format "${format}": it is none of ${names.join(', ')}${didYouMean(format, names)}`);
  }
  if (!isStandardOutput(path)) await checkWritable(path);
  return { path, format: format as Format };
}

async function checkWritable(path: string): Promise<void> {
  try {
    const there = await stat(path).catch(() => undefined);
    if (there?.isDirectory()) throw Object.assign(new Error(), { code: 'EISDIR' });
    await access(there === undefined || there.isFile() ? dirname(path) : path, constants.W_OK);
  } catch (error) {
    throw unwritable(path, error);
  }
}

/** Written beside the file and put in its place when whole; packed where the name ends in .gz. @throws Problem */
export async function writeTo(path: string, lines: Iterable<string>): Promise<void> {
  const text = Readable.from(inChunks(lines));
  if (isStandardOutput(path)) {
    await pipeline(text, process.stdout, { end: false }).catch((error) => {
      // Whoever reads may have read enough.
      if (codeOf(error) !== 'EPIPE') throw unwritable(path, error);
    });
    return;
  }
  const regular = (await stat(path).catch(() => undefined))?.isFile() ?? true;
  const target = regular ? `${path}.${process.pid}.tmp` : path;
  try {
    const file = createWriteStream(target);
    if (path.endsWith('.gz')) await pipeline(text, createGzip(), file);
    else await pipeline(text, file);
    if (regular) await rename(target, path);
  } catch (error) {
    if (regular) await rm(target, { force: true });
    throw codeOf(error).startsWith('ATHANOR') ? error : unwritable(path, error);
  }
}

function* inChunks(lines: Iterable<string>): Generator<string> {
  let text = '';
  for (const line of lines) {
    text += line;
    if (text.length < CHUNK) continue;
    yield text;
    text = '';
  }
  if (text !== '') yield text;
}

function unwritable(path: string, error: unknown): Problem {
  return new Problem(`cannot write ${path}: ${REASONS[codeOf(error)] ?? firstLine(error)}`);
}

/** Of a row of csv: quoted where a reader would take it for something else. */
export function csvField(value: string | number | undefined): string {
  if (typeof value !== 'string') return value === undefined ? '' : String(value);
  return /[",\r\n]|^\s|\s$/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
}
