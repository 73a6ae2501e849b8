import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect } from 'vitest';
import { createEngine, type EngineEvent, type Graph, type NodeValues } from '../../dist/src/index.js';
import { onData } from '../support/on-data.js';

/*
 * The example and test graphs of the LDBC Graphalytics benchmark, with their reference answers and its rules of comparison:
 * BFS and CDLP exact, WCC the same partition, PR, LCC and SSSP within a relative 1e-4.
 */

type Row = readonly [id: number, value: string];

const folder = 'graphalytics';
/** Its word for a node that a breadth-first search does not reach. */
const UNREACHED = '9223372036854775807';

const ANSWERS: Record<string, readonly string[]> = {
  example: ['BFS', 'CDLP', 'LCC', 'PR', 'SSSP', 'WCC'],
  'test-bfs': ['BFS'],
  'test-cdlp': ['CDLP'],
  'test-lcc': ['LCC'],
  'test-pr': ['PR'],
  'test-sssp': ['SSSP'],
  'test-wcc': ['WCC'],
};

function rows(path: string): string[][] {
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => line.trim().split(/\s+/));
}

/** `graph.NAME.bfs.source-vertex = 1` as ['bfs.source-vertex', '1']. */
function properties(path: string, name: string): Map<string, string> {
  const lines = readFileSync(path, 'utf8').split('\n');
  const pairs = lines.flatMap((line) => {
    const match = new RegExp(`^graph\\.${name}\\.(\\S+)\\s*=\\s*(.*?)\\s*$`).exec(line);
    return match === null ? [] : [[match[1]!, match[2]!] as const];
  });
  return new Map(pairs);
}

async function load(graph: Graph, publish: (events: EngineEvent[]) => void, base: string): Promise<void> {
  const nodes = rows(`${base}.v`).map(([id]): EngineEvent => {
    return { type: 'node.upserted', graph: graph.name, node: Number(id) };
  });
  const edges = rows(`${base}.e`).map(([source, target, weight]): EngineEvent => {
    const ends = { source: Number(source), target: Number(target) };
    const edge: EngineEvent = { type: 'edge.upserted', graph: graph.name, ...ends };
    return weight === undefined ? edge : { ...edge, weight: Number(weight) };
  });
  publish(nodes);
  publish(edges);
}

async function run(graph: Graph, algorithm: string, asked: Map<string, string>): Promise<NodeValues> {
  const direction = asked.get('directed') === 'true' ? 'out' : 'both';
  const of = (property: string): number => {
    const text = asked.get(`${algorithm.toLowerCase()}.${property}`);
    if (text === undefined) throw new Error(`${algorithm} has no ${property}`);
    return Number(text);
  };
  switch (algorithm) {
    case 'BFS':
      return graph.bfs(of('source-vertex'), { direction });
    case 'CDLP':
      return graph.communities({ iterations: of('max-iterations'), direction });
    case 'LCC':
      return graph.localClustering({ direction });
    case 'PR': {
      const damping = of('damping-factor');
      return graph.pageRank({ damping, tolerance: 0, maxIterations: of('num-iterations'), direction });
    }
    case 'SSSP':
      return graph.shortestPaths(of('source-vertex'), { direction });
    default:
      return graph.weaklyConnectedComponents();
  }
}

/** Groups of ids that have the same value, in one order. */
function partition(values: Iterable<readonly [id: number, value: unknown]>): string[] {
  const groups = new Map<unknown, number[]>();
  for (const [id, value] of values) groups.set(value, [...(groups.get(value) ?? []), id]);
  return [...groups.values()].map((ids) => ids.sort((a, b) => a - b).join(' ')).sort();
}

function compare(algorithm: string, graph: Graph, values: NodeValues, expected: readonly Row[]): void {
  expect(values.length).toBe(expected.length);
  if (algorithm === 'WCC') {
    const ours = expected.map(([id]) => [id, values.get(id)] as const);
    expect(partition(ours)).toEqual(partition(expected));
    return;
  }
  for (const [id, text] of expected) {
    const value = values.get(id)!;
    const what = `${algorithm} of ${id}`;
    if (algorithm === 'BFS') {
      expect(value, what).toBe(text === UNREACHED ? Number.POSITIVE_INFINITY : Number(text));
    } else if (algorithm === 'CDLP') {
      expect(graph.id(value), what).toBe(Number(text));
    } else if (text === 'infinity') {
      expect(value, what).toBe(Number.POSITIVE_INFINITY);
    } else {
      expect(Math.abs(value - Number(text)), what).toBeLessThanOrEqual(1e-4 * Math.abs(Number(text)));
    }
  }
}

for (const [prefix, algorithms] of Object.entries(ANSWERS)) {
  for (const nature of ['directed', 'undirected']) {
    const name = `${prefix}-${nature}`;
    onData(`${folder}/${name}.e`, `Graphalytics: ${name}, ${algorithms.join(', ')}`, async (path) => {
      const base = join(dirname(path), name);
      const asked = properties(`${base}.properties`, name);
      await using engine = await createEngine({ workers: 2, capacity: { graphs: 4, nodes: 1000, edges: 1000 } });
      const graph = engine.graph(name);
      await load(graph, (events) => engine.publish(events), base);
      await engine.flush();
      expect([graph.order, graph.size]).toEqual([Number(asked.get('meta.vertices')), Number(asked.get('meta.edges'))]);
      for (const algorithm of algorithms) {
        const expected = rows(`${base}-${algorithm}`).map(([id, value]): Row => [Number(id), value!]);
        compare(algorithm, graph, await run(graph, algorithm, asked), expected);
      }
    });
  }
}
