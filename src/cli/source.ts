import type { Engine, EngineOptions } from '../index.js';
import type { Comparison } from './comparison.js';
import type { FileFormat } from './source-name.js';
import type { Questions } from './space/questions.js';

/** What a run was asked for, whatever its source. */
export interface RunOptions {
  source: string;
  workers?: number;
  shards?: number;
  json: boolean;
  check: boolean;
  quiet: boolean;
  /** Rows of the source: flights, records, lines, moves. */
  limit?: number;
  days?: number;
  nodes?: number;
  seconds?: number;
  seed?: number;
  id?: string;
  x?: string;
  y?: string;
  time?: string;
  kind?: string;
  z?: string;
  metric?: 'euclidean' | 'haversine';
  graph?: string;
  /** As written; may be empty. */
  within: readonly string[];
  nearest: readonly string[];
  zone: readonly string[];
  watch: boolean;
  detect?: string;
  strict: boolean;
  /** Of a source whose name does not say it. */
  format?: FileFormat;
  delimiter?: string;
  encoding?: string;
  out?: string;
  outFormat?: string;
}

/** A place that events come from, before the engine exists: its options are checked and its input can be opened. */
export interface Source {
  readonly name: string;
  readonly engineOptions: EngineOptions;
  /** Of all its graphs; undefined where each has its own. */
  readonly dimensions: 2 | 3 | undefined;
  /** Tells `questions` of each graph before its first event, and `questions.plain` of the moves once they are known. */
  start(engine: Engine, questions: Questions): SourceRun;
}

/** A source at work. */
export interface SourceRun {
  /** Publishes until the end or until `signal` is aborted; resolves when the last event has been accepted. */
  publish(signal: AbortSignal): Promise<void>;
  /** Share of the input that has been published, 0 to 1. */
  done(): number;
  /** Live counts and a sample query over what is applied now. */
  live(): string;
  /** What the applied state answers, after a flush. */
  answers(): Answers | Promise<Answers>;
  /** Recomputes the answers in plain JavaScript, and tells `questions.plain` where nodes are. Called after `answers()`. */
  check(comparison: Comparison): Promise<void>;
  /** What the reader of the answers should know about the data. */
  readonly notes: readonly string[];
  readonly badRows?: BadRows;
}

export interface Answers {
  /** For programs; documented in the README. */
  values: Record<string, unknown>;
  /** For people: a title and its lines. */
  sections: Array<{ title: string; lines: string[] }>;
}

export interface BadRow {
  line: number;
  reason: string;
}

/** Rows that could not become events: all are counted, the first few are kept. */
export class BadRows {
  static readonly KEPT = 5;
  count = 0;
  /** Rows that did become events. */
  good = 0;
  readonly first: BadRow[] = [];

  /** Whether there were rows, and none was any good. */
  get isAll(): boolean {
    return this.count > 0 && this.good === 0;
  }

  add(line: number, reason: string): void {
    this.count++;
    if (this.first.length < BadRows.KEPT) this.first.push({ line, reason });
  }
}
