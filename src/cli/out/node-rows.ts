import type { Graph, NodeId } from '../../index.js';
import type { Column } from '../graph/answers.js';
import { csvField, type Target, writeTo } from './target.js';

/** By ending. */
export const NODE_FORMATS = { csv: 'csv', json: 'json', ndjson: 'ndjson', jsonl: 'ndjson' } as const;
export type NodeFormat = (typeof NODE_FORMATS)[keyof typeof NODE_FORMATS];

/**
 * A row a node, by handle, with a column for each answer that has one: comma-separated with a header, an array of JSON objects,
 * or an object a line. Resolves with the number of rows.
 */
export async function writeNodes(
  target: Target<NodeFormat>,
  graph: Graph,
  columns: readonly Column[],
): Promise<number> {
  const handles = handlesOf(graph, columns);
  await writeTo(target.path, linesOf[target.format](columns, rowsOf(graph, handles, columns)));
  return handles.length;
}

type Cell = string | number | undefined;

const linesOf: Record<NodeFormat, (columns: readonly Column[], rows: Iterable<Cell[]>) => Generator<string>> = {
  csv: function* csv(columns, rows) {
    yield `${['id', ...columns.map(({ name }) => name)].join(',')}\n`;
    for (const row of rows) yield `${row.map(idField).join(',')}\n`;
  },
  ndjson: function* ndjson(columns, rows) {
    for (const row of rows) yield `${objectOf(columns, row)}\n`;
  },
  json: function* json(columns, rows) {
    let before = '[\n';
    for (const row of rows) {
      yield before + objectOf(columns, row);
      before = ',\n';
    }
    yield before === '[\n' ? '[]\n' : '\n]\n';
  },
};

/** What a node has no value for is null. */
function objectOf(columns: readonly Column[], [id, ...cells]: Cell[]): string {
  return JSON.stringify({ id, ...Object.fromEntries(columns.map(({ name }, i) => [name, cells[i] ?? null])) });
}

/** Of all nodes, ascending. */
function handlesOf(graph: Graph, columns: readonly Column[]): Uint32Array {
  const whole = columns.find(({ handles }) => handles.length === graph.order);
  return whole?.handles ?? Uint32Array.from(graph.nodes(), ({ handle }) => handle).sort();
}

function* rowsOf(graph: Graph, handles: Uint32Array, columns: readonly Column[]): Generator<Cell[]> {
  // Handles ascend in every column: one cursor each.
  const cursors = columns.map(() => 0);
  for (const handle of handles) {
    const cells = columns.map((column, c): NodeId | undefined => {
      let at = cursors[c]!;
      while (at < column.handles.length && column.handles[at]! < handle) at++;
      cursors[c] = at;
      return column.handles[at] === handle ? column.cell(at) : undefined;
    });
    yield [graph.id(handle), ...cells];
  }
}

/** '17' is another node than 17: in quotes, as edge lists have it. */
function idField(value: Cell): string {
  return typeof value === 'string' && /^-?\d+$/.test(value) ? `"${value}"` : csvField(value);
}
