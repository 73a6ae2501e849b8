import { NO_ROW } from '../base/limits.js';
import type { Handle, NodeId } from '../base/types.js';
import type { EdgeViews } from '../graph/layout.js';
import { In, Out } from '../graph/shard-edges.js';
import { NodeFlag } from '../project/node-columns.js';
import { decodeData } from '../schema/data-decoder.js';
import type { EngineCore } from './core.js';
import { NodeWalk } from './node-walk.js';

/** A node as it was when it was read. */
export interface NodeView {
  /** As it was published. */
  id: NodeId;
  /** Valid until the node is removed. */
  handle: Handle;
  /** NaN where never set. */
  x: number;
  /** As `x`. */
  y: number;
  /** As `x`; in graphs of 3 dimensions. */
  z: number;
  /** As `x`. */
  w: number;
  /** `''` where it has none. */
  kind: string;
  /** Of the event that wrote it last. */
  time: number;
  /** A copy; undefined where it has none. */
  data: unknown;
  /** Edges that leave it. */
  outDegree: number;
  /** Edges that reach it. */
  inDegree: number;
}

/** An edge as it was when it was read. */
export interface EdgeView {
  /** Node that it leaves. */
  source: NodeId;
  /** Node that it reaches. */
  target: NodeId;
  /** `''` where it has none. */
  kind: string;
  /** 1 where none was given. */
  weight: number;
  /** Of the event that wrote it last. */
  time: number;
}

/** The node in a row, or undefined when it is none (any more). */
export function nodeView(core: EngineCore, graph: number, row: number): NodeView | undefined {
  const { nodes, heaps, ids } = core.memory;
  const reader = core.readerOf(graph);
  let view: NodeView;
  let encoded: Uint8Array<ArrayBuffer> | undefined;
  reader.lock();
  try {
    const flags = nodes.flags[row]!;
    if ((flags & NodeFlag.alive) === 0) return undefined;
    const ref = nodes.data[row]!;
    if (ref !== 0) {
      const heap = heaps[core.shardOf(graph)]!;
      const start = heap.startOf(ref - 1);
      // A copy: the block may be reused once the lock is gone.
      encoded = heap.bytes.slice(start, start + heap.lengthOf(ref - 1));
    }
    view = {
      id: ids.idOf(row)!,
      handle: row,
      x: (flags & NodeFlag.x) !== 0 ? nodes.x[row]! : Number.NaN,
      y: (flags & NodeFlag.y) !== 0 ? nodes.y[row]! : Number.NaN,
      z: (flags & NodeFlag.z) !== 0 ? nodes.z[row]! : Number.NaN,
      w: (flags & NodeFlag.w) !== 0 ? nodes.w[row]! : Number.NaN,
      kind: core.publisher.kinds.nameOf(nodes.kind[row]!),
      time: nodes.time[row]!,
      data: undefined,
      outDegree: reader.edges.degree(row, Out),
      inDegree: reader.edges.degree(row, In),
    };
  } finally {
    reader.unlock();
  }
  if (encoded !== undefined) view.data = decodeData(encoded);
  return view;
}

export function nodeViews(core: EngineCore, graph: number): IterableIterator<NodeView> {
  // Here, and not at the first step, which may come when the row is another graph's.
  return nodesOf(core, graph === NO_ROW ? undefined : new NodeWalk(core, graph));
}

function* nodesOf(core: EngineCore, walk: NodeWalk | undefined): IterableIterator<NodeView> {
  if (walk === undefined) return;
  for (let row = walk.next(); row !== NO_ROW; row = walk.next()) {
    const view = nodeView(core, walk.graph, row);
    if (view !== undefined) yield view;
  }
}

/** Edges that are read in one hold of the lock: some microseconds. */
const EDGES_AT_ONCE = 128;

/** Columns of some edges, copied in loops whose loads do not wait for each other, and the lock is gone. */
class EdgePart {
  readonly targets = new Uint32Array(EDGES_AT_ONCE);
  readonly kinds = new Uint16Array(EDGES_AT_ONCE);
  readonly weights = new Float64Array(EDGES_AT_ONCE);
  readonly times = new Float64Array(EDGES_AT_ONCE);

  copy({ target, kind, weight, time }: EdgeViews, rows: Uint32Array, from: number, to: number): void {
    for (let i = from; i < to; i++) this.targets[i - from] = target[rows[i]!]!;
    for (let i = from; i < to; i++) this.kinds[i - from] = kind[rows[i]!]!;
    for (let i = from; i < to; i++) this.weights[i - from] = weight[rows[i]!]!;
    for (let i = from; i < to; i++) this.times[i - from] = time[rows[i]!]!;
  }
}

export function edgeViews(core: EngineCore, graph: number): IterableIterator<EdgeView> {
  return edgesOf(core, graph === NO_ROW ? undefined : new NodeWalk(core, graph));
}

function* edgesOf(core: EngineCore, walk: NodeWalk | undefined): IterableIterator<EdgeView> {
  if (walk === undefined) return;
  const { ids, nodes } = core.memory;
  const reader = core.readerOf(walk.graph);
  const { edges } = reader;
  const { kinds } = core.publisher;
  const part = new EdgePart();
  let rows = new Uint32Array(EDGES_AT_ONCE);
  for (let row = walk.next(); row !== NO_ROW; row = walk.next()) {
    if ((nodes.flags[row]! & NodeFlag.alive) === 0) continue;
    let found = 0;
    let born = 0;
    // A hub's are read in parts. A row that was freed meanwhile may hold another edge: if it is one of the node's, it counts.
    for (let from = 0; from === 0 || from < found; from += EDGES_AT_ONCE) {
      let count = 0;
      reader.lock();
      try {
        if (from === 0) {
          born = nodes.born[row]!;
          const most = edges.degree(row, Out);
          if (most > rows.length) rows = new Uint32Array(2 * most);
          found = edges.edgesInto(row, Out, rows);
          count = Math.min(found, EDGES_AT_ONCE);
        } else if (!walk.isThere || nodes.born[row] !== born) {
          // The node is gone, and its row may be another's.
          found = 0;
        } else {
          const { source } = edges.views;
          for (let i = from; i < found && i < from + EDGES_AT_ONCE; i++) {
            const edge = rows[i]!;
            if (source[edge] === row && edges.isLive(edge)) rows[from + count++] = edge;
          }
        }
        part.copy(edges.views, rows, from, from + count);
      } finally {
        reader.unlock();
      }
      const views: EdgeView[] = [];
      // Ids stay for a second after a node is gone.
      for (let i = 0; i < count; i++) {
        views.push({
          source: ids.idOf(row)!,
          target: ids.idOf(part.targets[i]!)!,
          kind: kinds.nameOf(part.kinds[i]!),
          weight: part.weights[i]!,
          time: part.times[i]!,
        });
      }
      yield* views;
    }
  }
}
