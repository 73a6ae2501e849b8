import { behind, behindPrefix } from '../catalog/orders.js';
import type { MapModule } from '../map/modules.js';
import { CatalogReader } from '../query/catalog-reader.js';
import { CountWalk, type Found, NameEnds, NameWalk, TimeWalk, type Walk } from '../query/catalog-walk.js';
import { checkCount, checkFlag, checkNumber, checkText } from '../query/check.js';
import { readQuery } from '../query/fields.js';
import type { EngineCore } from './core.js';
import { type MapResults, mapGraphs } from './map.js';
import type { MapOptions } from './map-options.js';

/** A graph of the catalogue, as applied when it was read. */
export interface GraphSummary {
  /** Name of the graph. */
  name: string;
  /** Milliseconds since the Unix epoch: the `time` of the event that created it. */
  createdAt: number;
  /** Nodes that it has. */
  nodes: number;
  /** Edges that it has. */
  edges: number;
}

/** Counts over all graphs. */
export interface GraphTotals {
  /** Graphs that there are. */
  graphs: number;
  /** Nodes of all of them. */
  nodes: number;
  /** Edges of all of them. */
  edges: number;
}

/** How many, and from which end. */
export interface PageOptions {
  /** Default: all. */
  limit?: number;
  /** The same answer from its other end: the last first. Default false. */
  descending?: boolean;
}

/** Options of `byName`. */
export interface NamePageOptions extends PageOptions {
  /** Names that begin with it. */
  prefix?: string;
  /** Names from here on, and up to here: both ends included. */
  from?: string;
  /** As `from`: the last name. */
  to?: string;
}

/**
 * The graphs of an engine, as applied: by name, by time of creation and by number of nodes, each in O(log n) and O(1) more for
 * each graph of the answer. Each summary is of one moment, between two events, and so is what an answer takes of one shard,
 * as long as it is no more than 128 graphs. A longer answer is read in parts of 128, between which events are applied: a
 * graph that is there all the while, and whose name, time or count is in the range all the while and stays as it is, stands
 * in it exactly once. One that is created or removed meanwhile, or whose count changes, may be missing, or stand in the place
 * that it had when it was met; by count no graph stands there twice, a graph removed and created again may. Methods throw
 * ATHANOR_INVALID_QUERY, and ATHANOR_SHARD_BUSY as other reads.
 */
export class GraphCatalog {
  readonly #core: EngineCore;
  #made: CatalogReader | undefined;
  #nameEnds: NameEnds | undefined;

  /** @internal */
  constructor(core: EngineCore) {
    this.#core = core;
  }

  /** Made when it is first asked: who has no use for it pays nothing. */
  #reader(): CatalogReader {
    const { memory } = this.#core;
    this.#core.assertReadable();
    this.#made ??= new CatalogReader({
      shards: memory.rings.map((_, shard) => ({
        lock: this.#core.lockOf(shard),
        catalog: memory.catalogOf(shard),
      })),
      names: memory.names,
      graphBook: memory.graphBook,
      graphs: memory.graphs,
    });
    return this.#made;
  }

  /** Graphs, and nodes and edges of all of them: of each shard between two events. O(1). */
  get totals(): GraphTotals {
    return this.#reader().totals();
  }

  /** The graph of that name, or undefined. O(1). */
  get(name: string): GraphSummary | undefined {
    checkText('name', name);
    const found = this.#reader().find(name);
    return found === undefined ? undefined : summaryOf(found);
  }

  /** See `mapGraphs`. */
  map<R, Data = unknown>(module: MapModule<R, Data> | string, options: MapOptions<Data> = {}): MapResults<R> {
    return mapGraphs<R>(this.#core, module, options);
  }

  /** Ascending by name: by UTF-16 code unit, as strings compare in JavaScript. */
  byName(given: NamePageOptions = {}): GraphSummary[] {
    const options = readQuery(given, ['limit', 'descending', 'prefix', 'from', 'to'], 'options');
    const { prefix = '', from = '', to } = options;
    checkText('prefix', prefix);
    checkText('from', from);
    if (to !== undefined) checkText('to', to);
    const lower = prefix > from ? prefix : from;
    const afterTo = to === undefined ? undefined : behind(to);
    const afterPrefix = behindPrefix(prefix);
    const upper = afterTo === undefined || (afterPrefix !== undefined && afterPrefix < afterTo) ? afterPrefix : afterTo;
    this.#nameEnds ??= new NameEnds(this.#core.memory.names);
    return this.#page(new NameWalk(this.#nameEnds, lower, upper, isDescending(options)), options);
  }

  /**
   * Ascending by time of creation, graphs of one time in the order in which they were published; both ends included. A
   * `from` above `to` is an empty range.
   */
  createdBetween(from: number, to: number, given: PageOptions = {}): GraphSummary[] {
    checkNumber('from', from);
    checkNumber('to', to);
    const options = readQuery(given, ['limit', 'descending'], 'options');
    return this.#page(new TimeWalk(this.#core.memory.graphs, from, to, isDescending(options)), options);
  }

  /**
   * Ascending by number of nodes, graphs of one number in no order (with `limit`, any of those with the last number); both
   * ends included. A `min` above `max` is an empty range.
   */
  nodeCountBetween(min: number, max: number, given: PageOptions = {}): GraphSummary[] {
    checkNumber('min', min);
    checkNumber('max', max);
    const options = readQuery(given, ['limit', 'descending'], 'options');
    const from = Math.max(0, Math.ceil(min));
    return this.#page(new CountWalk(this.#core.memory.graphs, from, Math.floor(max), isDescending(options)), options);
  }

  #page(walk: Walk, { limit = Number.POSITIVE_INFINITY }: PageOptions): GraphSummary[] {
    if (limit !== Number.POSITIVE_INFINITY) checkCount('limit', limit);
    return this.#reader().take(walk, limit).map(summaryOf);
  }
}

function isDescending({ descending = false }: PageOptions): boolean {
  checkFlag('descending', descending);
  return descending;
}

function summaryOf({ name, createdAt, nodes, edges }: Found): GraphSummary {
  return { name, createdAt, nodes, edges };
}
