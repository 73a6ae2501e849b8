import { createWriteStream } from 'node:fs';
import { access, constants, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import type { Graph } from '../../index.js';
import { codeOf, firstLine, Problem } from '../problem.js';
import type { Column } from './answers.js';

/** Characters that are written at once. */
const CHUNK = 1 << 16;

const REASONS: Record<string, string> = {
  ENOENT: 'its folder is not there',
  ENOTDIR: 'its folder is none',
  EACCES: 'permission denied',
  EISDIR: 'it is a folder',
};

/** Fails before anything is loaded, rather than when all has been computed. */
export async function checkOut(path: string): Promise<void> {
  try {
    const there = await stat(path).catch(() => undefined);
    if (there?.isDirectory()) throw Object.assign(new Error(), { code: 'EISDIR' });
    await access(there === undefined || there.isFile() ? dirname(path) : path, constants.W_OK);
  } catch (error) {
    throw unwritable(path, error);
  }
}

/**
 * A row a node, by handle, with a column for each answer that has one; comma-separated, with a header, packed where the name
 * ends in .gz. Written beside the file and put in its place when whole. Resolves with the number of rows.
 */
export async function writeOut(path: string, graph: Graph, columns: readonly Column[]): Promise<number> {
  const handles = handlesOf(graph, columns);
  const regular = (await stat(path).catch(() => undefined))?.isFile() ?? true;
  const target = regular ? `${path}.${process.pid}.tmp` : path;
  try {
    const text = Readable.from(linesOf(graph, handles, columns));
    const file = createWriteStream(target);
    if (path.endsWith('.gz')) await pipeline(text, createGzip(), file);
    else await pipeline(text, file);
    if (regular) await rename(target, path);
  } catch (error) {
    if (regular) await rm(target, { force: true });
    throw unwritable(path, error);
  }
  return handles.length;
}

/** Of all nodes, ascending. */
function handlesOf(graph: Graph, columns: readonly Column[]): Uint32Array {
  const whole = columns.find(({ handles }) => handles.length === graph.order);
  return whole?.handles ?? Uint32Array.from(graph.nodes(), ({ handle }) => handle).sort();
}

function* linesOf(graph: Graph, handles: Uint32Array, columns: readonly Column[]): Generator<string> {
  let text = `${['id', ...columns.map(({ name }) => name)].join(',')}\n`;
  // Handles ascend in every column: one cursor each.
  const cursors = columns.map(() => 0);
  for (const handle of handles) {
    text += field(graph.id(handle));
    columns.forEach((column, c) => {
      let at = cursors[c]!;
      while (at < column.handles.length && column.handles[at]! < handle) at++;
      cursors[c] = at;
      text += `,${column.handles[at] === handle ? field(column.cell(at)) : ''}`;
    });
    text += '\n';
    if (text.length < CHUNK) continue;
    yield text;
    text = '';
  }
  yield text;
}

/** Quoted where a reader would take it for something else. */
function field(value: string | number | undefined): string {
  if (typeof value !== 'string') return value === undefined ? '' : String(value);
  return /[",\r\n]|^\s|\s$/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
}

function unwritable(path: string, error: unknown): Problem {
  return new Problem(`cannot write ${path}: ${REASONS[codeOf(error)] ?? firstLine(error)}`);
}
