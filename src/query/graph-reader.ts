import { AthanorError, show } from '../base/errors.js';
import type { NodeId } from '../base/types.js';
import { type CompactCsr, compactCsr } from './compact-csr.js';
import { CompactIndex } from './compact-index.js';
import type { GraphCopy } from './graph-copy.js';

/** Where a reader finds its graph; empty when the function that it was given to is over. */
export interface CopyHolder {
  copy: GraphCopy | undefined;
  /** Ids of its nodes, of the first of them or of all: once rows may be used again, while a promise is awaited for long. */
  ids?: NodeId[] | undefined;
}

/**
 * What a module of `graphs.map` sees: one graph as it was at one moment, read-only, inside the worker. Nodes are numbered
 * from 0 by ascending handle (the compact index). Every array is the caller's own copy, made when it is first asked for, and
 * may be kept; the reader itself answers until the function has returned or its promise is settled.
 */
export class GraphReader {
  /** Name of the graph. */
  readonly name: string;
  /** Nodes, and edges: those of the option `kind` alone where it was given. */
  readonly order: number;
  /** Edges of the graph. */
  readonly size: number;
  readonly #ids: { idOf(row: number): NodeId | undefined };
  readonly #holder: CopyHolder;
  #index: CompactIndex | undefined;
  #csr: CompactCsr | undefined;
  #x: Float64Array | undefined;
  #y: Float64Array | undefined;
  #z: Float64Array | undefined;

  /** @internal */
  constructor(holder: CopyHolder & { copy: GraphCopy }, ids: { idOf(row: number): NodeId | undefined }) {
    const { copy } = holder;
    this.name = copy.name;
    this.order = copy.order;
    this.size = copy.size;
    this.#holder = holder;
    this.#ids = ids;
  }

  /**
   * The graph's out-edges, `size` of them: node i's out-neighbours are `targets.subarray(offsets[i], offsets[i + 1])`,
   * ascending, with their weights beside them. Edges of several kinds from a node to another are several entries. The same
   * arrays each time. O(nodes + edges) on the first call.
   */
  csr(): CompactCsr {
    this.#csr ??= compactCsr(this.#open(), this.#indexed());
    return this.#csr;
  }

  /** Coordinates by compact index, NaN where a node has none. The same array each time. */
  get x(): Float64Array {
    this.#x ??= this.#coordinates(this.#open().x);
    return this.#x;
  }

  /** As `x`. */
  get y(): Float64Array {
    this.#y ??= this.#coordinates(this.#open().y);
    return this.#y;
  }

  /** As `x`; in graphs of 3 dimensions. */
  get z(): Float64Array {
    this.#z ??= this.#coordinates(this.#open().z);
    return this.#z;
  }

  /**
   * Id of the node at an index.
   * @throws AthanorError ATHANOR_INVALID_QUERY for an index that is none.
   */
  id(index: number): NodeId {
    const copy = this.#open();
    if (!Number.isInteger(index) || index < 0 || index >= this.order) {
      throw new AthanorError(
        'ATHANOR_INVALID_QUERY',
        `index: ${show(index)} is not a whole number from 0 to below ${this.order}, the order of graph ${show(this.name)}`,
      );
    }
    const { places } = this.#indexed();
    const place = places === undefined ? index : places[index]!;
    return this.#holder.ids?.[place] ?? this.#ids.idOf(copy.rows[place]!)!;
  }

  #open(): GraphCopy {
    const { copy } = this.#holder;
    if (copy !== undefined) return copy;
    throw new AthanorError(
      'ATHANOR_CLOSED',
      `graph ${show(this.name)}: its reader ended with the function that it was given to`,
    );
  }

  #indexed(): CompactIndex {
    this.#index ??= new CompactIndex(this.#open());
    return this.#index;
  }

  #coordinates(column: Float64Array): Float64Array {
    const { order } = this;
    if (!this.#open().placed) return new Float64Array(order).fill(Number.NaN);
    const { places } = this.#indexed();
    if (places === undefined) return column.slice(0, order);
    return Float64Array.from(places, (place) => column[place]!);
  }
}
