import type { Breathe } from '../base/kernel.js';
import { Out, type ShardEdges } from '../graph/shard-edges.js';
import { GraphState } from '../project/graph-columns.js';
import { NodeFlag } from '../project/node-columns.js';
import { GraphCopy } from '../query/graph-copy.js';
import { Word } from '../schedule/control.js';
import type { EngineMemory } from './engine-memory.js';
import { letGo } from './still.js';

/** Nodes and edges copied in one hold of the shard's read lock: some 30 microseconds. */
const HOLD_WORK = 4096;
/** A node with more edges is copied while the shard stands still: its list is walked in one go. */
const HUB_EDGES = 16_384;
/** A reader waits a quantum. One that waits for longer than this gives way: a lost writer's shard has to be recovered. */
const LOCK_MS = 20;
/** A graph that changes while it is copied is copied anew so often; then its shard stands still. */
const TRIES = 3;
/** Between two looks at a shard that another thread has. */
const LOOK_MS = 0.05;
/** Arrays of graphs larger than this are not kept for the next. */
const KEPT_BYTES = 2 ** 24;

const ANY_COORDINATE = NodeFlag.x | NodeFlag.y | NodeFlag.z;

/** `gone`: there is no such graph any more. `over`: the job is over. */
export type Copied = 'copied' | 'gone' | 'over';

type Slice = 'more' | 'done' | 'changed' | 'hub';

/**
 * Worker thread. Copies whole graphs, each of one moment: a small one in one hold of the shard's read lock; a larger one in
 * several, and again when the graph's version is another in the end than in the beginning; at last, and at once when it has
 * a hub, while no event is applied to its shard. It walks the graph's nodes, never the whole shard.
 */
export class GraphCopier {
  readonly copy = new GraphCopy();
  readonly #memory: EngineMemory;
  readonly #thread: number;
  readonly #breathe: Breathe;
  /** Kind of the edges that are copied; -1 = all. */
  readonly #kind: number;
  readonly #edges: ShardEdges[] = [];
  readonly #visits: Array<(edge: number, neighbour: number) => void> = [];
  /** Of the copy under way: the next node's row + 1, and edges so far. */
  #next = 0;
  #size = 0;

  constructor(memory: EngineMemory, thread: number, kind: number, breathe: Breathe) {
    this.#memory = memory;
    this.#thread = thread;
    this.#kind = kind;
    this.#breathe = breathe;
  }

  /** Into `copy`. */
  take(graph: number, generation: number): Copied {
    for (let tries = 0; tries < TRIES; tries++) {
      const end = this.#reading(graph, generation);
      if (end === 'hub') break;
      if (end !== 'changed') return end;
    }
    return this.#standingStill(graph, generation);
  }

  /** The graph that was copied is not needed any more. */
  done(): void {
    this.copy.trim(KEPT_BYTES);
  }

  #isThere(graph: number, generation: number): boolean {
    const { graphs, graphBook } = this.#memory;
    return graphs.state[graph] === GraphState.alive && graphBook.generation[graph] === generation;
  }

  #begin(graph: number): void {
    // Of a graph that is there, so that its row is bound to its name.
    this.copy.begin(this.#memory.names.idOf(graph) as string);
    this.#next = this.#memory.nodeBook.first[graph]!;
    this.#size = 0;
  }

  #reading(graph: number, generation: number): Copied | 'changed' | 'hub' {
    const { lock, graphs, shards } = this.#memory;
    const shard = graph % shards;
    for (let sequence = Number.NaN; ; ) {
      if (!lock.acquireRead(shard, this.#thread, LOCK_MS)) {
        if (this.#breathe()) continue;
        return 'over';
      }
      let slice: Slice;
      try {
        if (!this.#isThere(graph, generation)) return 'gone';
        if (Number.isNaN(sequence)) {
          sequence = graphs.sequence[graph]!;
          this.#begin(graph);
        } else if (graphs.sequence[graph] !== sequence) {
          // Looked at in each hold: the graph of the last one is the graph of the first.
          return 'changed';
        }
        slice = this.#slice(graph, HUB_EDGES);
      } finally {
        lock.releaseRead(shard, this.#thread);
      }
      if (slice === 'done') return 'copied';
      if (slice !== 'more') return slice;
      if (!this.#breathe()) return 'over';
    }
  }

  /** As the owner of the shard, so that no event is applied; readers go on. */
  #standingStill(graph: number, generation: number): Copied {
    const { control, shards } = this.#memory;
    const shard = graph % shards;
    // As a task that waits does: appliers give their shards back.
    control.taskSubmitted();
    try {
      while (!control.claimAny(shard, this.#thread)) {
        if (!this.#breathe()) return 'over';
        // A pause: the word is any that seldom changes.
        Atomics.wait(control.engine, Word.flags, Atomics.load(control.engine, Word.flags), LOOK_MS);
      }
    } finally {
      control.taskBegun();
    }
    try {
      if (!this.#isThere(graph, generation)) return 'gone';
      this.#begin(graph);
      for (;;) {
        const slice = this.#slice(graph, Number.POSITIVE_INFINITY);
        if (slice === 'done') return 'copied';
        // The main thread took a row out of the graph's list and gave it to another: rows rest a second, so that is rare.
        if (slice === 'changed') this.#begin(graph);
        // Other shards are applied meanwhile.
        if (!this.#breathe()) return 'over';
      }
    } finally {
      letGo(this.#memory, shard);
    }
  }

  /** Some of the nodes with their edges. Nothing of the graph changes meanwhile but the book of its rows. */
  #slice(graph: number, hubEdges: number): Slice {
    const { nodeBook, nodes } = this.#memory;
    const { copy } = this;
    const edges = this.#edgesOf(graph % this.#memory.shards);
    const visit = this.#visits[graph % this.#memory.shards]!;
    let next = this.#next;
    let { order } = copy;
    let work = 0;
    while (next !== 0) {
      const row = next - 1;
      const flags = nodes.flags[row]!;
      if ((flags & NodeFlag.alive) !== 0) {
        if (nodeBook.graph[row] !== graph + 1) return 'changed';
        const degree = edges.degree(row, Out);
        if (degree > hubEdges) return 'hub';
        if (order === copy.rows.length) copy.growNodes();
        copy.rows[order] = row;
        if ((flags & ANY_COORDINATE) !== 0) this.#place(order, row, flags);
        else if (copy.placed) copy.x[order] = copy.y[order] = copy.z[order] = Number.NaN;
        if (degree > 0) {
          if (this.#size + degree > copy.targets.length) copy.growEdges(this.#size + degree);
          edges.each(row, Out, visit);
          work += degree;
        }
        copy.ends[order++] = this.#size;
        copy.order = order;
      }
      // Last: a row that is taken out of the list meanwhile keeps its own `next`.
      next = nodeBook.next[row]!;
      if (++work >= HOLD_WORK) break;
    }
    this.#next = next;
    copy.size = this.#size;
    return next === 0 ? 'done' : 'more';
  }

  #place(node: number, row: number, flags: number): void {
    const { copy } = this;
    const { x, y, z } = this.#memory.nodes;
    if (!copy.placed) {
      copy.placed = true;
      for (const column of [copy.x, copy.y, copy.z]) column.fill(Number.NaN, 0, node);
    }
    copy.x[node] = (flags & NodeFlag.x) === 0 ? Number.NaN : x[row]!;
    copy.y[node] = (flags & NodeFlag.y) === 0 ? Number.NaN : y[row]!;
    copy.z[node] = (flags & NodeFlag.z) === 0 ? Number.NaN : z[row]!;
  }

  #edgesOf(shard: number): ShardEdges {
    const known = this.#edges[shard];
    if (known !== undefined) return known;
    const edges = this.#memory.edgesOf(shard);
    const { copy } = this;
    const wanted = this.#kind;
    const { kind: kinds, weight: weights } = edges.views;
    this.#visits[shard] = (edge, neighbour) => {
      const kind = kinds[edge]!;
      if (wanted !== -1 && kind !== wanted) return;
      const at = this.#size++;
      copy.targets[at] = neighbour;
      copy.kinds[at] = kind;
      copy.weights[at] = weights[edge]!;
    };
    this.#edges[shard] = edges;
    return edges;
  }
}
