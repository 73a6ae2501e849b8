import { AthanorError, show } from '../base/errors.js';
import { NO_ROW } from '../base/limits.js';
import { GraphOption, Space, spaceOf } from '../base/space.js';
import { EARTH_RADIUS_M } from '../base/sphere.js';
import type { GraphOptions } from '../base/types.js';
import { type GraphTable, GraphUse } from './graph-table.js';

/** A graph by name, with its row as last seen. Shared by all who write to that name. */
export interface GraphRef {
  readonly name: string;
  /** Row as published, or NO_ROW; right while the row is live and of this generation. */
  row: number;
  generation: number;
  shard: number;
  /** Space of the graph's positions; right while the row is. */
  space: number;
}

/** Refs kept by name; names beyond are looked up again. */
const KEPT_REFS = 65_536;
/** Options that are kept for names without a live graph: of more the oldest are forgotten. */
const KEPT_OPTIONS = 65_536;

/** Options as the `kind` column of a `graph.created` event carries them. */
export function optionBits(options: GraphOptions): number {
  return (
    (options.late === 'ignore' ? GraphOption.lateIgnore : 0) |
    (options.dimensions === 3 ? GraphOption.solid : 0) |
    (options.metric === 'haversine' ? GraphOption.sphere : 0)
  );
}

/** Radius of the graph's sphere, in metres; 0 where there is none. The event carries it in its `w` column. */
export function sphereRadius(options: GraphOptions): number {
  return options.metric === 'haversine' ? (options.earthRadiusM ?? EARTH_RADIUS_M) : 0;
}

/** Every option as it holds, with its default: what two declarations of a graph have to agree in. */
function settled(bits: number, radius: number): Record<string, unknown> {
  return {
    dimensions: (bits & GraphOption.solid) === 0 ? 2 : 3,
    metric: (bits & GraphOption.sphere) === 0 ? 'euclidean' : 'haversine',
    earthRadiusM: radius,
    late: (bits & GraphOption.lateIgnore) === 0 ? 'apply' : 'ignore',
  };
}

/** Main thread. Refs by name, and the options that were declared for names. */
export class GraphRefs {
  readonly #graphs: GraphTable;
  readonly #refs = new Map<string, GraphRef>();
  readonly #declared = new Map<string, GraphOptions>();
  /** Names whose graph was removed after its options were declared: they hold until others are. */
  readonly #released = new Set<string>();
  /** Names with options and without a live graph, in the order in which they came to be so. */
  readonly #idle = new Set<string>();
  #last: GraphRef | undefined;

  constructor(graphs: GraphTable) {
    this.#graphs = graphs;
  }

  of(name: string): GraphRef {
    const last = this.#last;
    if (last !== undefined && last.name === name) return last;
    let ref = this.#refs.get(name);
    if (ref === undefined) {
      ref = { name, row: NO_ROW, generation: 0, shard: 0, space: Space.plane };
      if (this.#refs.size >= KEPT_REFS) this.#refs.clear();
      this.#refs.set(name, ref);
    }
    this.#last = ref;
    return ref;
  }

  /** Looks the row up again; NO_ROW when there is no live graph of the name. */
  refresh(ref: GraphRef): number {
    const row = this.#graphs.find(ref.name);
    ref.space = this.spaceOf(ref.name);
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
   * Options for the graph, whenever it is created, from `readGraphOptions`. What is returned takes them back.
   * @throws AthanorError when it lives with others, or others were declared since it was removed.
   */
  declare(ref: GraphRef, options: GraphOptions, code: 'ATHANOR_INVALID_OPTION' | 'ATHANOR_INVALID_EVENT'): () => void {
    if (Object.keys(options).length === 0) return () => undefined;
    const before = this.#declared.get(ref.name);
    const isLive = this.refresh(ref) !== NO_ROW;
    if (!isLive && (before === undefined || this.#released.has(ref.name))) {
      this.#released.delete(ref.name);
      this.#declared.set(ref.name, options);
      this.#rest(ref.name);
      ref.space = this.spaceOf(ref.name);
      return () => {
        if (before === undefined) this.#forget(ref.name);
        else {
          this.#declared.set(ref.name, before);
          this.#released.add(ref.name);
        }
        ref.space = this.spaceOf(ref.name);
      };
    }
    // Options are kept while the graph lives: it has the defaults where there are none. (Those of its row as applied may still
    // be its former graph's.)
    const has = before === undefined ? settled(0, 0) : settled(optionBits(before), sphereRadius(before));
    const asked = settled(optionBits(options), sphereRadius(options));
    for (const name of Object.keys(options)) {
      if (has[name] === asked[name]) continue;
      throw new AthanorError(
        code,
        `options.${name}: graph '${ref.name}' has ${show(has[name])}, not ${show(asked[name])}`,
      );
    }
    return () => undefined;
  }

  /** Space of the graph that the ref stands for, whether it exists or not. There may be two refs of one name: see KEPT_REFS. */
  spaceOfRef(ref: GraphRef): number {
    const { row } = ref;
    const graphs = this.#graphs;
    const isLive = row !== NO_ROW && graphs.use[row] === GraphUse.live && graphs.generationOf(row) === ref.generation;
    if (!isLive) this.refresh(ref);
    return ref.space;
  }

  /** Space that was declared for a name. */
  spaceOf(name: string): number {
    const declared = this.#declared.get(name);
    return declared === undefined ? Space.plane : spaceOf(optionBits(declared));
  }

  optionsOf(ref: GraphRef): GraphOptions {
    return this.#declared.get(ref.name) ?? {};
  }

  /** The graph in this row was removed: other options may be declared for its name. What is returned takes it back. */
  removed(name: string, row: number): () => void {
    const isNew = this.#declared.has(name) && !this.#released.has(name);
    if (isNew) this.#released.add(name);
    if (this.#declared.has(name)) this.#rest(name);
    if (this.#last?.row === row) this.#last = undefined;
    return () => {
      if (isNew) this.#released.delete(name);
      this.#idle.delete(name);
    };
  }

  /** A graph of the name was created: its options are kept for as long as it lives. What is returned takes it back. */
  created(name: string): () => void {
    const wasIdle = this.#idle.delete(name);
    return () => {
      if (wasIdle) this.#idle.add(name);
    };
  }

  /** There is no live graph of the name: its options are the last to be forgotten. */
  #rest(name: string): void {
    this.#idle.delete(name);
    this.#idle.add(name);
    if (this.#idle.size <= KEPT_OPTIONS) return;
    for (const oldest of this.#idle) {
      this.#forget(oldest);
      return;
    }
  }

  #forget(name: string): void {
    this.#idle.delete(name);
    this.#declared.delete(name);
    this.#released.delete(name);
  }
}
