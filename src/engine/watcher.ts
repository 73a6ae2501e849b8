import type { RoamEvent, ZoneEvent } from '../base/types.js';
import type { GraphRef } from '../publish/graph-refs.js';
import type { EventQueue } from './event-queue.js';

/* What the main thread keeps of those who watch graphs. */

export interface Watcher {
  readonly graph: string;
  /** Events published after this one are told. */
  since: number;
  readonly waits: boolean;
  readonly queue: EventQueue<ZoneEvent> | EventQueue<RoamEvent>;
}

export interface ZoneWatcher extends Watcher {
  readonly bits: number;
  readonly zones: ReadonlySet<string> | undefined;
  readonly queue: EventQueue<ZoneEvent>;
  /** Who is inside already is still to be told: see `#tellInitial`. */
  awaitsInitial: boolean;
}

export interface RoamWatcher extends Watcher {
  readonly slot: number;
  readonly queue: EventQueue<RoamEvent>;
}

/** All watchers of one graph name. */
export interface Group {
  readonly id: number;
  readonly ref: GraphRef;
  /** Graph rows of that name whose events may still be told: the live one, and removed ones. */
  readonly rows: Set<number>;
  readonly zones: Set<ZoneWatcher>;
  readonly roaming: Set<RoamWatcher>;
}

/** What stops the draining of a shard's outbox. */
export interface Stall {
  readonly watcher: Watcher;
  taken: number;
  sinceMs: number;
}
