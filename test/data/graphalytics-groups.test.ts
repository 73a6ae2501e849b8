import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ClusteringKernel, clusteringTask } from '../../dist/src/algorithms/clustering.js';
import { CommunitiesKernel, communitiesTask } from '../../dist/src/algorithms/communities.js';
import { StrongComponentsKernel, strongComponentsTask } from '../../dist/src/algorithms/strong-components.js';
import { TrianglesKernel, trianglesTask } from '../../dist/src/algorithms/triangles.js';
import { Memory } from '../../dist/src/memory/reserve.js';
import { type NamedGraph, namedGraph, onData, rowsOf } from '../support/graph-data.js';
import { runKernel } from '../support/run-kernel.js';

type Direction = 'out' | 'both';

function clustering({ graph }: NamedGraph, direction: Direction): Float64Array {
  const { task, first } = clusteringTask(new Memory(), graph, { direction });
  runKernel((breathe) => new ClusteringKernel(task, breathe), first);
  return task.values;
}

function triangles({ graph }: NamedGraph): number {
  const { task, first } = trianglesTask(new Memory(), graph);
  runKernel((breathe) => new TrianglesKernel(task, breathe), first);
  return task.total[0]!;
}

/** Labels as ids. */
function communities({ graph, ids, indexOf }: NamedGraph, direction: Direction, iterations: number): number[] {
  const { task, first } = communitiesTask(new Memory(), graph, { direction, iterations });
  runKernel((breathe) => new CommunitiesKernel(task, breathe), first);
  return [...task.values].map((handle) => ids[indexOf.get(handle)!]!);
}

const mean = (values: Float64Array): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/** The graph of a reference answer: its properties, and the answer by id. */
function referenceOf(folder: string, name: string, answer: string) {
  const properties = readFileSync(join(folder, `${name}.properties`), 'utf8');
  const property = (key: string): string | undefined =>
    properties.match(new RegExp(`^graph\\.${name}\\.${key} = (.*)$`, 'm'))?.[1]?.trim();
  const vertices = rowsOf(join(folder, `${name}.v`)).map(([id]) => id!);
  const named = namedGraph(rowsOf(join(folder, `${name}.e`)), vertices);
  const direction: Direction = property('directed') === 'true' ? 'out' : 'both';
  const wanted = new Map(rowsOf(join(folder, `${name}-${answer}`)).map(([id, value]) => [id!, value!]));
  expect(wanted.size).toBe(vertices.length);
  return { named, direction, wanted, property };
}

const answersIn = (folder: string, ending: string): string[] =>
  readdirSync(folder).flatMap((file) => (file.endsWith(ending) ? [file.slice(0, -ending.length)] : []));

describe('LDBC Graphalytics, reference answers', () => {
  onData('graphalytics', 'communities', (folder) => {
    const names = answersIn(folder, '-CDLP');
    expect(names.length).toBe(4);
    for (const name of names) {
      const { named, direction, wanted, property } = referenceOf(folder, name, 'CDLP');
      const found = communities(named, direction, Number(property('cdlp.max-iterations')));
      expect(new Map(found.map((label, i) => [named.ids[i]!, label])), name).toEqual(new Map(wanted));
    }
  });

  onData('graphalytics', 'local clustering', (folder) => {
    const names = answersIn(folder, '-LCC');
    expect(names.length).toBe(4);
    for (const name of names) {
      const { named, direction, wanted } = referenceOf(folder, name, 'LCC');
      clustering(named, direction).forEach((value, i) => {
        expect(value, `${name}, node ${named.ids[i]}`).toBeCloseTo(wanted.get(named.ids[i]!)!, 9);
      });
    }
  });
});

describe('published figures', () => {
  const published = [
    { file: 'snap/wiki-Vote.txt.gz', triangles: 608_389, clustering: 0.1409 },
    { file: 'snap/facebook_combined.txt.gz', triangles: 1_612_010, clustering: 0.6055 },
  ];
  for (const { file, ...figures } of published) {
    onData(file, `triangles and mean clustering: ${file}`, (path) => {
      const named = namedGraph(rowsOf(path));
      expect(triangles(named)).toBe(figures.triangles);
      expect(mean(clustering(named, 'both'))).toBeCloseTo(figures.clustering, 4);
    });
  }
});

describe('strong components', () => {
  for (const serialWork of [0, 1e9]) {
    onData('snap/wiki-Vote.txt.gz', `the largest of wiki-Vote has 1,300 nodes (serial up to ${serialWork})`, (path) => {
      const { graph } = namedGraph(rowsOf(path));
      const { task, first } = strongComponentsTask(new Memory(), graph, { serialWork });
      runKernel((breathe) => new StrongComponentsKernel(task, breathe), first);
      const sizes = new Map<number, number>();
      for (const value of task.values) sizes.set(value, (sizes.get(value) ?? 0) + 1);
      expect(Math.max(...sizes.values())).toBe(1300);
      // As many as there are in all, each named after one of its own.
      for (const handle of sizes.keys()) expect(task.values[graph.handles.indexOf(handle)]).toBe(handle);
    });
  }
});

test('a graph of ids read backwards: ranks and handles are not indexes', () => {
  const named = namedGraph([
    [9, 7],
    [7, 8],
    [8, 9],
    [3, 9],
  ]);
  expect(named.ids).toEqual([9, 7, 8, 3]);
  expect(communities(named, 'both', 1)).toEqual([3, 8, 7, 9]);
  expect(triangles(named)).toBe(1);
});
