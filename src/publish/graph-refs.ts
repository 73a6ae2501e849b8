import { AthanorError } from '../base/errors.js';
import { NO_ROW } from '../base/limits.js';
import type { GraphOptions } from '../base/types.js';
import { checkGraphOptions } from './check.js';
import { type GraphTable, GraphUse } from './graph-table.js';

/** A graph by name, with its row as last seen. Shared by all who write to that name. */
export interface GraphRef {
  readonly name: string;
  /** Row as published, or NO_ROW; right while the row is live and of this generation. */
  row: number;
  generation: number;
  shard: number;
}

/** Refs kept by name; names beyond are looked up again. */
const KEPT_REFS = 65_536;

const LATE_IGNORE = 1;

/** Options as the `kind` column of a `graph.created` event carries them; see GraphOption of the graph columns. */
export function optionBits(options: GraphOptions): number {
  return options.late === 'ignore' ? LATE_IGNORE : 0;
}

/** Main thread. Refs by name, and the options that were declared for names. */
export class GraphRefs {
  readonly #graphs: GraphTable;
  readonly #refs = new Map<string, GraphRef>();
  readonly #declared = new Map<string, GraphOptions>();
  /** Options of the live row by name, where they are not the defaults. */
  readonly #live: (row: number) => number;
  #last: GraphRef | undefined;

  /** `liveOptions` answers the option bits of a row as applied. */
  constructor(graphs: GraphTable, liveOptions: (row: number) => number) {
    this.#graphs = graphs;
    this.#live = liveOptions;
  }

  of(name: string): GraphRef {
    const last = this.#last;
    if (last !== undefined && last.name === name) return last;
    let ref = this.#refs.get(name);
    if (ref === undefined) {
      ref = { name, row: NO_ROW, generation: 0, shard: 0 };
      if (this.#refs.size >= KEPT_REFS) this.#refs.clear();
      this.#refs.set(name, ref);
    }
    this.#last = ref;
    return ref;
  }

  /** Looks the row up again; NO_ROW when there is no live graph of the name. */
  refresh(ref: GraphRef): number {
    const row = this.#graphs.find(ref.name);
    if (row === NO_ROW || this.#graphs.use[row] !== GraphUse.live) {
      ref.row = NO_ROW;
      return NO_ROW;
    }
    ref.row = row;
    ref.generation = this.#graphs.generationOf(row);
    ref.shard = this.#graphs.shardOf(row);
    return row;
  }

  /**
   * Options for the graph, whenever it is created.
   * @throws AthanorError when others were declared, or it lives with others.
   */
  declare(ref: GraphRef, options: GraphOptions, code: 'ATHANOR_INVALID_OPTION' | 'ATHANOR_INVALID_EVENT'): void {
    checkGraphOptions(options, code);
    if (Object.keys(options).length === 0) return;
    const declared = this.#declared.get(ref.name);
    const live = this.refresh(ref) !== NO_ROW;
    const bits = declared !== undefined ? optionBits(declared) : live ? this.#live(ref.row) : optionBits(options);
    if (bits !== optionBits(options)) {
      throw new AthanorError(
        code,
        `options: graph '${ref.name}' has late: '${bits === LATE_IGNORE ? 'ignore' : 'apply'}', not '${options.late ?? 'apply'}'`,
      );
    }
    this.#declared.set(ref.name, { ...options });
  }

  optionsOf(ref: GraphRef): GraphOptions {
    return this.#declared.get(ref.name) ?? {};
  }

  /** The graph in this row was removed. */
  removed(row: number): void {
    if (this.#last?.row === row) this.#last = undefined;
  }
}
