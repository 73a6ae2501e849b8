import type { GraphTable } from './graph-table.js';
import type { KindTable } from './kinds.js';
import type { NodeTable } from './node-table.js';

const Op = { boundNode: 0, attention: 1, createdGraph: 2, removedGraph: 3, addedKind: 4 } as const;

/**
 * Main thread. What the events of one call have changed in the main thread's tables, so that it can be taken back when a
 * later event of the call is refused: an array of events is accepted whole or not at all.
 */
export class Transaction {
  readonly #nodes: NodeTable;
  readonly #graphs: GraphTable;
  readonly #kinds: KindTable;
  /** Triples: operation, subject, former value. */
  readonly #log: number[] = [];
  readonly #stamps: number[] = [];
  readonly #others: Array<() => void> = [];
  active = false;
  /** Rows of nodes and graphs that it has taken. */
  taken = 0;

  constructor(nodes: NodeTable, graphs: GraphTable, kinds: KindTable) {
    this.#nodes = nodes;
    this.#graphs = graphs;
    this.#kinds = kinds;
  }

  begin(): void {
    this.active = true;
    this.taken = 0;
    this.#log.length = 0;
    this.#stamps.length = 0;
    this.#others.length = 0;
  }

  commit(): void {
    this.active = false;
  }

  boundNode(row: number): void {
    if (!this.active) return;
    this.#log.push(Op.boundNode, row, 0);
    this.taken++;
  }

  /** The row's attention and removal stamp are about to change. */
  changesAttention(row: number): void {
    if (!this.active) return;
    this.#log.push(Op.attention, row, this.#nodes.attention[row]!);
    this.#stamps.push(this.#nodes.removals.stampOf(row));
  }

  createdGraph(graph: number): void {
    if (!this.active) return;
    this.#log.push(Op.createdGraph, graph, 0);
    this.taken++;
  }

  removedGraph(graph: number): void {
    if (this.active) this.#log.push(Op.removedGraph, graph, 0);
  }

  addedKind(kind: number): void {
    if (this.active) this.#log.push(Op.addedKind, kind, 0);
  }

  /** Something that no other table hangs on; `undo` takes it back. */
  also(undo: () => void): void {
    if (this.active) this.#others.push(undo);
  }

  /** Takes everything back, newest first. */
  rollback(): void {
    const log = this.#log;
    this.active = false;
    while (this.#others.length > 0) this.#others.pop()!();
    while (log.length > 0) {
      const before = log.pop()!;
      const subject = log.pop()!;
      switch (log.pop()) {
        case Op.boundNode:
          this.#nodes.uncreate(subject);
          break;
        case Op.attention:
          this.#nodes.restore(subject, before, this.#stamps.pop()!);
          break;
        case Op.createdGraph:
          this.#graphs.uncreate(subject);
          break;
        case Op.removedGraph:
          this.#graphs.unremove(subject);
          this.#nodes.graphUnremoved(subject);
          break;
        default:
          this.#kinds.dropLast();
      }
    }
  }
}
