import type { Engine, EngineOptions, GraphOptions } from '../../index.js';
import type { BadRows } from '../source.js';

/** What `athanor graph` was asked for. */
export interface GraphRunOptions {
  source: string;
  pagerank: boolean;
  components: boolean;
  strong: boolean;
  triangles: boolean;
  clustering: boolean;
  /** Rounds; true where the option stands without a number. */
  communities?: number | true;
  /** Ids as written. */
  bfs?: string;
  shortestPaths?: string;
  /** `FROM,TO` as written. */
  path?: string;
  directed: boolean;
  undirected: boolean;
  kind?: string;
  graph?: string;
  format?: 'edges' | 'ndjson';
  encoding?: string;
  /** False: the third column is passed over. */
  weights: boolean;
  nodesCapacity?: number;
  edgesCapacity?: number;
  workers?: number;
  strict: boolean;
  json: boolean;
  out?: string;
  outFormat?: string;
  top: number;
  quiet: boolean;
}

/** A place that a graph comes from. Its input has been found, and can be opened. */
export interface GraphSource {
  readonly name: string;
  /** Name of the graph that is asked, once it is loaded. */
  readonly graph: string;
  /** Of the graph, where the source gives it some. */
  readonly graphOptions: GraphOptions | undefined;
  /** Nodes and edges that the source may hold, where that is known or can be guessed. */
  readonly capacity: EngineOptions['capacity'];
  /** What the reader of the answers should know about the data. */
  readonly notes: readonly string[];
  readonly badRows: BadRows;
  /** Rows read, and edges among them that were accepted. */
  readonly rows: number;
  readonly edges: number;
  /** Publishes until the end or until `signal` is aborted; resolves when the last event has been accepted. */
  load(engine: Engine, signal: AbortSignal): Promise<void>;
  /** Share of the input that has been read, 0 to 1. */
  done(): number;
}
