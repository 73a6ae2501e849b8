import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { BfsKernel } from '../../dist/src/algorithms/bfs.js';
import { bfsTask } from '../../dist/src/algorithms/bfs-task.js';
import { ShortestPathKernel, shortestPathResult, shortestPathTask } from '../../dist/src/algorithms/shortest-path.js';
import { SsspKernel } from '../../dist/src/algorithms/sssp.js';
import { ssspTask } from '../../dist/src/algorithms/sssp-task.js';
import { Memory } from '../../dist/src/memory/reserve.js';
import { type NamedGraph, namedGraph, onData, rowsOf } from '../support/graph-data.js';
import { runKernel } from '../support/run-kernel.js';

interface Reference {
  readonly named: NamedGraph;
  readonly direction: 'out' | 'both';
  /** Compact index of the source. */
  readonly source: number;
  /** By compact index. */
  readonly wanted: number[];
}

const sides = ({ named: { graph }, direction }: Reference) => ({
  forward: graph[direction]!,
  backward: (direction === 'both' ? graph.both : graph.in)!,
});

function hops(reference: Reference): Float64Array {
  const { forward, backward } = sides(reference);
  const { task, first } = bfsTask(new Memory(), forward, backward, { source: reference.source, heavyArcs: 4 });
  runKernel((breathe) => new BfsKernel(task, breathe), first);
  return task.values;
}

function distances(reference: Reference): Float64Array {
  const { task, first } = ssspTask(new Memory(), sides(reference).forward, { source: reference.source, heavyArcs: 4 });
  runKernel((breathe) => new SsspKernel(task, breathe), first);
  return task.values;
}

function pathLength(reference: Reference, target: number): number {
  const { source, named } = reference;
  const parts = { ...sides(reference), rank: named.graph.rank! };
  const { task, first } = shortestPathTask(new Memory(), parts, { source, target });
  runKernel((breathe) => new ShortestPathKernel(task, breathe), first);
  return shortestPathResult(task)?.length ?? Number.POSITIVE_INFINITY;
}

/** Answers as the suite writes them: BFS tells what is not reached by the largest 64-bit number, SSSP by 'infinity'. */
function answersOf(path: string): Map<number, number> {
  const lines = readFileSync(path, 'utf8').trim().split('\n');
  return new Map(
    lines.map((line) => {
      const [id, value] = line.trim().split(/\s+/) as [string, string];
      return [Number(id), /^inf/i.test(value) || value === '9223372036854775807' ? Infinity : Number(value)];
    }),
  );
}

function references(folder: string, answer: 'BFS' | 'SSSP'): Map<string, Reference> {
  const names = readdirSync(folder).flatMap((file) =>
    file.endsWith(`-${answer}`) ? [file.slice(0, -answer.length - 1)] : [],
  );
  return new Map(
    names.map((name) => {
      const properties = readFileSync(join(folder, `${name}.properties`), 'utf8');
      const property = (key: string) =>
        properties.match(new RegExp(`^graph\\.${name}\\.${key} = (.*)$`, 'm'))?.[1]?.trim();
      const vertices = rowsOf(join(folder, `${name}.v`)).map(([id]) => id!);
      const named = namedGraph(rowsOf(join(folder, `${name}.e`)), vertices);
      const source = named.ids.indexOf(Number(property(`${answer.toLowerCase()}.source-vertex`)));
      expect(source, name).toBeGreaterThanOrEqual(0);
      const direction = property('directed') === 'true' ? 'out' : 'both';
      const answers = answersOf(join(folder, `${name}-${answer}`));
      expect(answers.size, name).toBe(vertices.length);
      const wanted = named.ids.map((id) => answers.get(id)!);
      return [name, { named, direction, source, wanted }];
    }),
  );
}

describe('LDBC Graphalytics, reference answers', () => {
  onData('graphalytics', 'hops', (folder) => {
    const all = references(folder, 'BFS');
    expect(all.size).toBe(4);
    for (const [name, reference] of all) expect([...hops(reference)], name).toEqual(reference.wanted);
  });

  onData('graphalytics', 'distances, and the length of the path to each node', (folder) => {
    const all = references(folder, 'SSSP');
    expect(all.size).toBe(4);
    for (const [name, reference] of all) {
      const found = distances(reference);
      reference.wanted.forEach((wanted, node) => {
        // The suite itself allows a part of 10,000; the files were made by adding in another order.
        if (wanted === Infinity) expect(found[node], name).toBe(Infinity);
        else expect(Math.abs(found[node]! - wanted), name).toBeLessThanOrEqual(1e-12 * wanted);
        expect(pathLength(reference, node), name).toBe(found[node]);
      });
    }
  });
});
