import { attachRegion, createRegion, defineRegion, type RegionToken, type Views } from './region.js';
import type { Memory } from './reserve.js';

/*
 * What the main thread decides about a node's row and other threads may read. Written by the main thread alone.
 *
 *   graph  u32 [rows]    graph row + 1 that the row is bound to; 0 = free
 *   next   u32 [rows]    next row + 1 of the same graph, in order of binding; 0 = last
 *   prev   u32 [rows]    previous row + 1; 0 = first
 *   first  u32 [graphs]  first row + 1 of a graph; 0 = none
 *   last   u32 [graphs]  last row + 1
 *
 * A row becomes a node when a worker applies its first event: the flags of the node columns tell, not this book. The
 * store of a frame's ring position publishes every word written here before it.
 */
const layout = defineRegion({
  name: 'node-book',
  version: 1,
  buffers: 'column',
  params: ['rows', 'graphs'],
  fields: ({ rows, graphs }) => ({
    graph: ['u32', rows],
    next: ['u32', rows],
    prev: ['u32', rows],
    first: ['u32', graphs],
    last: ['u32', graphs],
  }),
});

type Fields = ReturnType<typeof layout.fields>;

export class NodeBook {
  readonly token: RegionToken;
  /** Graph row + 1 by node row. */
  readonly graph: Uint32Array;
  readonly next: Uint32Array;
  readonly prev: Uint32Array;
  readonly first: Uint32Array;
  readonly last: Uint32Array;

  private constructor(views: Views<Fields>, token: RegionToken) {
    this.token = token;
    this.graph = views.graph;
    this.next = views.next;
    this.prev = views.prev;
    this.first = views.first;
    this.last = views.last;
  }

  static create(memory: Memory, params: { rows: number; graphs: number }): NodeBook {
    const region = createRegion(memory, layout, params);
    return new NodeBook(region.views, region.token);
  }

  static attach(token: RegionToken): NodeBook {
    return new NodeBook(attachRegion(layout, token).views, token);
  }

  /** Main thread: the row belongs to the graph from here on, last in its list. */
  link(row: number, graph: number): void {
    const last = this.last[graph]!;
    this.graph[row] = graph + 1;
    this.prev[row] = last;
    this.next[row] = 0;
    if (last === 0) this.first[graph] = row + 1;
    else this.next[last - 1] = row + 1;
    this.last[graph] = row + 1;
  }

  /** Main thread: the row is free; its own `next` stays, so that a reader who stands on it finds its way on. */
  unlink(row: number): void {
    const graph = this.graph[row]! - 1;
    const prev = this.prev[row]!;
    const next = this.next[row]!;
    if (prev === 0) this.first[graph] = next;
    else this.next[prev - 1] = next;
    if (next === 0) this.last[graph] = prev;
    else this.prev[next - 1] = prev;
    this.graph[row] = 0;
  }
}
