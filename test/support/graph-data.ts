import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { test } from 'vitest';
import type { GraphCsr } from '../../dist/src/csr/csr.js';
import { graphCsrOf, type TestEdge } from './csr.js';

const DATA = process.env.ATHANOR_DATA;

/** A test on a file or folder of ATHANOR_DATA, skipped with its reason where that is missing. */
export function onData(file: string, what: string, task: (path: string) => void): void {
  const path = DATA === undefined ? undefined : join(DATA, file);
  if (path !== undefined && existsSync(path)) test(what, () => task(path));
  else test.skip(`${what} (${file} is not there: set ATHANOR_DATA)`, () => undefined);
}

export interface NamedGraph {
  readonly graph: Required<GraphCsr>;
  /** By compact index; indexes are in the order of the file, not of ids. */
  readonly ids: readonly number[];
  /** Compact index of each handle. */
  readonly indexOf: ReadonlyMap<number, number>;
}

/** Rows of numbers: separated by blanks, '#' begins a comment. */
export function rowsOf(path: string): number[][] {
  const bytes = readFileSync(path);
  const text = (path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString();
  const lines = text.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('#'));
  return lines.map((line) => line.trim().split(/\s+/).map(Number));
}

/** A graph of edges between ids, and of nodes that have none. */
export function namedGraph(edges: readonly number[][], nodes: readonly number[] = []): NamedGraph {
  const index = new Map<number, number>();
  const indexFor = (id: number): number => {
    if (!index.has(id)) index.set(id, index.size);
    return index.get(id)!;
  };
  const pairs = edges.map(([source, target, weight]): TestEdge => [indexFor(source!), indexFor(target!), weight]);
  nodes.forEach(indexFor);
  const ids = [...index.keys()];
  const rank: number[] = [];
  [...ids]
    .sort((a, b) => a - b)
    .forEach((id, place) => {
      rank[index.get(id)!] = place;
    });
  const graph = graphCsrOf(ids.length, pairs, { rank });
  return { graph, ids, indexOf: new Map([...graph.handles].map((handle, i) => [handle, i])) };
}
