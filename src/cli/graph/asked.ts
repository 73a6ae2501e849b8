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

/** Two ids and a comma; one with a comma in it, or with quotes, is written in quotes. */
function endsOf(text: string): { from: string; to: string } {
  const id = '\\s*("(?:[^"]|"")*"|[^,"]*?)\\s*';
  const [, from = '', to = ''] = new RegExp(`^${id},${id}$`, 's').exec(text) ?? [];
  if (from === '' || to === '')
    throw new Problem(`--path ${text}: it is not FROM,TO; an id with a comma is put in quotes`);
  return { from, to };
}

/** The node that was meant: a number where the id is written as one, unless only the string is there; in quotes it is text. @throws Problem */
export function nodeAsked(graph: { has(id: NodeId): boolean; name: string }, option: string, text: string): NodeId {
  const quoted = /^"((?:[^"]|"")*)"$/s.exec(text)?.[1]?.replaceAll('""', '"');
  if (quoted !== undefined && graph.has(quoted)) return quoted;
  const id = idOf(text);
  if (graph.has(id)) return id;
  if (typeof id === 'number' && graph.has(text)) return text;
  throw new Problem(`${option} ${text}: the graph has no such node`);
}

/** As `--bfs` and `--path` would have it: text that looks like a number is in quotes. */
export function idText(id: NodeId): string {
  return typeof id === 'string' && typeof idOf(id) === 'number' ? `"${id}"` : String(id);
}
