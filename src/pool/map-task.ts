import type { MessagePort } from 'node:worker_threads';
import type { RegionToken } from '../memory/region.js';

/*
 * Both sides of `graphs.map`. The main thread cuts the graphs into chunks, and lets so many of them be claimed as may be
 * ahead of what was taken; workers claim them on a board, call the user's function for each graph and send the results.
 *
 *   worker   claim ─▶ graph, graph, … ─▶ batch ─┐                       words in shared memory:
 *                                               │ port                  rows       DEADLY: the graph ends its workers
 *   main     settle the chunk ◀─ received ◀─────┘                       received   results of a chunk that are here
 *            take ─▶ raise the number that may be claimed               current    graph + 1 that a thread is at
 *                                                                       begun      1 once a participant may see rows
 *
 * The main thread is the only one that calls a chunk done: when all of its results are here. A chunk that a worker gave back
 * or had when it was lost is gone on with at `received`; what comes twice all the same is dropped, so that each graph has
 * one result.
 */

/** In `current`: the thread is loading the module, or waits for it. */
export const LOADING = -1;

/** A bit of a graph's row, set when its workers were lost too often. Rows are below it. */
export const DEADLY = 0x80000000;

/** What the main thread asks of a worker: to map graphs until no chunk is to be had. Arrays are over shared memory. */
export interface MapTask {
  /** One a call of `graphs.map`. */
  readonly id: number;
  readonly board: RegionToken;
  /** The user's module, as a file: URL. */
  readonly module: string;
  /** Number of the kind of edges that readers see; -1 = all, and one that no edge has where nothing has that kind. */
  readonly kind: number;
  /** By graph: its row, and the generation it has to be of. */
  readonly rows: Uint32Array;
  readonly generations: Uint32Array;
  /** Graphs of chunk c: from `starts[c]` to `starts[c + 1]`. */
  readonly starts: Uint32Array;
  /** By chunk. Written by the main thread. */
  readonly received: Uint32Array;
  /** By thread slot: graph + 1, LOADING, or 0. Written by the thread, for who looks why it was lost. */
  readonly current: Int32Array;
  /** By seat: 1 once the participant copies graphs, so that rows have to be held for it. Written by its thread. */
  readonly begun: Int32Array;
  /** This participant's place in `begun`. */
  readonly seat: number;
  /** Whether others may apply what this thread leaves ready. */
  readonly alone: boolean;
  readonly port: MessagePort;
}

/** A batch's outcomes: a result stands in `values`, or says why there is none. */
export const Outcome = {
  result: 0,
  /** The graph was removed before its turn. */
  gone: 1,
  /** The function threw, or its result cannot be cloned: a MapFailure. */
  failed: 2,
  /** Workers were lost again and again while they were at this graph. */
  deadly: 3,
} as const;

/** Results of some graphs of a chunk, in order. */
export interface MapBatch {
  readonly chunk: number;
  /** Of the first, in the chunk. */
  readonly from: number;
  readonly names: readonly string[];
  /** Outcome of each; undefined when all are results. */
  readonly outcomes: readonly number[] | undefined;
  readonly values: readonly unknown[];
}

export interface MapFailure {
  /** What was thrown, or as much of it as can be cloned. */
  readonly cause: unknown;
  /** Of an error, where it has one: cloning loses it. */
  readonly code: unknown;
  /** Likewise, where it is a class of the user's. */
  readonly name: unknown;
  readonly message: string;
}

/** What a function left behind threw after its graph's outcome was sent. */
export interface MapStray {
  /** undefined: nobody knows whose it is. */
  readonly graph: string | undefined;
  readonly failure: MapFailure;
}

/**
 * From a worker: a batch, or a stray error; its wish for `data`; that it leaves shards ready that others may apply; that it
 * needs no rows held any more; or that it waits for a promise, so that its thread may take one of the tasks that wait.
 */
export type MapMessage = MapBatch | MapStray | 'data' | 'ready' | 'rows' | 'open';

/** To a worker. */
export interface MapData {
  readonly data: unknown;
}

/**
 * Why a worker gave its thread back: no chunk was to be had; the job is over; another participant of the same job waits in
 * this thread; others wait for the thread; or the module cannot be used. `chunk` is one that it has not done, or -1.
 */
export type MapEnd =
  | { readonly why: 'idle' | 'over' | 'crowded' }
  | { readonly why: 'yield'; readonly chunk: number }
  | { readonly why: 'module'; readonly failure: MapFailure };
