import { AthanorError, show } from '../base/errors.js';
import { NO_ROW } from '../base/limits.js';
import type { Memory } from '../memory/reserve.js';
import { GraphState } from '../project/graph-columns.js';
import type { EngineCore } from './core.js';

/** Nodes and edges of a chunk, about a millisecond of a quick function's work; a graph counts as some by itself. */
const CHUNK_WORK = 16_384;
const GRAPH_WORK = 16;
/** Graphs of a chunk, at most; and chunks for each worker, at least, where there are few graphs: functions may be slow. */
const CHUNK_GRAPHS = 512;
const CHUNKS_EACH = 64;
/** Chunks for each worker that are ahead of what was taken, at least. */
const AHEAD_EACH = 4;
/** Graphs that are looked at in one turn of the event loop: a millisecond or two, before the loops are compiled. */
const LISTED_AT_ONCE = 8_192;

/** Rows of graphs, and their generations at that time. */
export interface GraphList {
  readonly rows: Uint32Array;
  readonly generations: Uint32Array;
}

/** Graphs in chunks: those of chunk c from `starts[c]` to `starts[c + 1]`. Over shared memory. */
export interface GraphChunks extends GraphList {
  readonly starts: Uint32Array;
  /** Chunks that may be ahead of what was taken. */
  readonly window: number;
}

/** @throws AthanorError ATHANOR_UNKNOWN_GRAPH for the first name that is not there. */
export function namedGraphs(core: EngineCore, names: readonly string[]): GraphList {
  const { generation } = core.memory.graphBook;
  const { refs } = core.publisher;
  const rows = new Uint32Array(names.length);
  const generations = new Uint32Array(names.length);
  for (let i = 0; i < names.length; i++) {
    const row = core.readRow(refs.of(names[i]!));
    if (row === NO_ROW) {
      throw new AthanorError('ATHANOR_UNKNOWN_GRAPH', `graphs[${i}]: there is no graph ${show(names[i])}`);
    }
    rows[i] = row;
    generations[i] = generation[row]!;
  }
  return { rows, generations };
}

/** Every graph there is. Other things of the event loop have their turns meanwhile. */
export async function allGraphs(core: EngineCore): Promise<GraphList> {
  const { graphs, graphBook } = core.memory;
  const end = core.publisher.graphs.highWater;
  let rows = new Uint32Array(Math.min(end, LISTED_AT_ONCE));
  let generations = new Uint32Array(rows.length);
  let count = 0;
  for (let row = 0; row < end; row++) {
    if (row % LISTED_AT_ONCE === LISTED_AT_ONCE - 1) await turnOf(core);
    if (graphs.state[row] !== GraphState.alive) continue;
    if (count === rows.length) {
      rows = larger(rows);
      generations = larger(generations);
    }
    rows[count] = row;
    generations[count] = graphBook.generation[row]!;
    count++;
  }
  return { rows: rows.subarray(0, count), generations: generations.subarray(0, count) };
}

function turnOf(core: EngineCore): Promise<void> {
  return new Promise((resolve) => core.host.endOfTick(resolve));
}

function larger(array: Uint32Array<ArrayBuffer>): Uint32Array<ArrayBuffer> {
  const grown = new Uint32Array(2 * array.length);
  grown.set(array);
  return grown;
}

/**
 * Cuts graphs into chunks of about the same work, in shared memory. Those that fill a chunk alone come first, so that none
 * is begun when the others are done; the rest stand in their order. `window` chunks hold at most `ahead` graphs. As above,
 * other things have their turns meanwhile.
 */
export async function chunksOf(core: EngineCore, memory: Memory, list: GraphList, ahead: number): Promise<GraphChunks> {
  const { order, size } = core.memory.graphs;
  const graphs = list.rows.length;
  const rows = memory.u32('map.rows', graphs);
  const generations = memory.u32('map.generations', graphs);
  const { workers } = core.options;
  const fine = Math.min(Math.ceil(graphs / (workers * CHUNKS_EACH)), Math.floor(ahead / (workers * AHEAD_EACH)));
  const most = Math.max(1, Math.min(CHUNK_GRAPHS, fine));
  const starts: number[] = [0];
  let count = 0;
  const add = (i: number): void => {
    rows[count] = list.rows[i]!;
    generations[count++] = list.generations[i]!;
  };
  const workOf = (i: number): number => GRAPH_WORK + order[list.rows[i]!]! + size[list.rows[i]!]!;
  const isDue = (i: number): boolean => i % LISTED_AT_ONCE === LISTED_AT_ONCE - 1;
  const isLarge = new Uint8Array(graphs);
  for (let i = 0; i < graphs; i++) {
    if (isDue(i)) await turnOf(core);
    if (workOf(i) <= CHUNK_WORK / 2) continue;
    isLarge[i] = 1;
    add(i);
    starts.push(count);
  }
  let work = 0;
  for (let i = 0; i < graphs; i++) {
    if (isDue(i)) await turnOf(core);
    if (isLarge[i] === 1) continue;
    const more = workOf(i);
    if (count > starts.at(-1)! && (work + more > CHUNK_WORK || count - starts.at(-1)! >= most)) {
      starts.push(count);
      work = 0;
    }
    add(i);
    work += more;
  }
  if (count > starts.at(-1)!) starts.push(count);
  const ends = memory.u32('map.starts', starts.length);
  ends.set(starts);
  return { rows, generations, starts: ends, window: Math.floor(ahead / most) };
}
