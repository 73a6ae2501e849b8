import type { NodeId } from '../../index.js';
import { Problem } from '../problem.js';
import { idOf } from './edge-lines.js';
import type { GraphRunOptions } from './source.js';

/** CDLP's rounds where none are given. */
const DEFAULT_ROUNDS = 10;

/** An algorithm that was asked for. */
export type Asked =
  | { algorithm: 'pageRank' | 'components' | 'strong' | 'triangles' | 'clustering' }
  | { algorithm: 'communities'; iterations: number }
  | { algorithm: 'bfs' | 'shortestPaths'; source: string }
  | { algorithm: 'path'; from: string; to: string };

/** In the order in which they are answered. @throws Problem for what contradicts itself. */
export function askedOf(options: GraphRunOptions): Asked[] {
  if (options.directed && options.undirected) throw new Problem('--directed and --undirected: one of them');
  const asked: Asked[] = [];
  if (options.pagerank) asked.push({ algorithm: 'pageRank' });
  if (options.components) asked.push({ algorithm: 'components' });
  if (options.strong) asked.push({ algorithm: 'strong' });
  if (options.communities !== undefined) {
    const iterations = options.communities === true ? DEFAULT_ROUNDS : options.communities;
    asked.push({ algorithm: 'communities', iterations });
  }
  if (options.clustering) asked.push({ algorithm: 'clustering' });
  if (options.triangles) asked.push({ algorithm: 'triangles' });
  if (options.bfs !== undefined) asked.push({ algorithm: 'bfs', source: options.bfs });
  if (options.shortestPaths !== undefined) asked.push({ algorithm: 'shortestPaths', source: options.shortestPaths });
  if (options.path !== undefined) asked.push({ algorithm: 'path', ...endsOf(options.path) });
  if (options.strong && options.undirected) {
    throw new Problem(
      '--strong asks for directions, which --undirected takes away: --components is what is left of it',
    );
  }
  if (options.out !== undefined && !asked.some(({ algorithm }) => algorithm !== 'triangles')) {
    throw new Problem('--out writes values of nodes: ask for an algorithm that has some, as --pagerank');
  }
  return asked;
}

function endsOf(text: string): { from: string; to: string } {
  const ends = text.split(',').map((id) => id.trim());
  const [from = '', to = ''] = ends;
  if (ends.length !== 2 || from === '' || to === '') throw new Problem(`--path ${text}: it is not FROM,TO`);
  return { from, to };
}

/** The node that was meant: a number where the id is written as one, unless only the string is there. @throws Problem */
export function nodeAsked(graph: { has(id: NodeId): boolean; name: string }, option: string, text: string): NodeId {
  const id = idOf(text);
  if (graph.has(id)) return id;
  if (typeof id === 'number' && graph.has(text)) return text;
  throw new Problem(`${option} ${text}: the graph has no such node`);
}
