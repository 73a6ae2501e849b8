/** Codes are stable: programs may switch on them. */
export const ERROR_CODES = [
  'ATHANOR_INVALID_OPTION',
  'ATHANOR_UNSUPPORTED',
  'ATHANOR_INVALID_EVENT',
  'ATHANOR_INVALID_QUERY',
  'ATHANOR_BACKPRESSURE',
  'ATHANOR_CAPACITY',
  'ATHANOR_STALE_HANDLE',
  'ATHANOR_SLOW_CONSUMER',
  'ATHANOR_SHARD_BUSY',
  'ATHANOR_JOURNAL_IO',
  'ATHANOR_PAYLOAD_TOO_LARGE',
  'ATHANOR_UNKNOWN_GRAPH',
  'ATHANOR_UNKNOWN_NODE',
  'ATHANOR_CLOSED',
  'ATHANOR_ABORTED',
  'ATHANOR_PROJECTION_FAILED',
  'ATHANOR_MAP_FAILED',
  'ATHANOR_WORKER_LOST',
  'ATHANOR_CORRUPT_JOURNAL',
  'ATHANOR_INCOMPATIBLE_SNAPSHOT',
] as const;

/** One of `ERROR_CODES`. */
export type ErrorCode = (typeof ERROR_CODES)[number];

/**
 * What the library throws on purpose. `code` is stable; the message names the option or field, its value and the limit.
 * An {@link InvariantError} is the other family: a fault of the library itself.
 */
export class AthanorError extends Error {
  /** Stable: programs may switch on it. */
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'AthanorError';
    this.code = code;
  }
}

/**
 * ATHANOR_MAP_FAILED: the function of `graphs.map` failed for a graph. `cause` is what it threw, as far as it can be cloned.
 * Under `onError: 'collect'` one such error at the end names no graph and holds those of all graphs in `errors`.
 */
export class MapError extends AthanorError {
  /** Name of the graph; undefined for the error that holds those of all graphs. */
  readonly graph: string | undefined;
  /** Under `onError: 'collect'`, the errors of all graphs; empty otherwise. */
  readonly errors: readonly MapError[];

  constructor(message: string, graph: string | undefined, errors: readonly MapError[], options?: ErrorOptions) {
    super('ATHANOR_MAP_FAILED', message, options);
    this.name = 'MapError';
    this.graph = graph;
    this.errors = errors;
  }
}

/** A broken promise inside the library: please report it. Never caused by bad input alone. */
export class InvariantError extends Error {
  constructor(message: string) {
    super(`athanor: broken invariant: ${message}`);
    this.name = 'InvariantError';
  }
}

/** States a relation that the surrounding code relies on. */
export function invariant(condition: boolean, message: string): asserts condition {
  if (!condition) throw new InvariantError(message);
}

/** Characters of a user's text that a message shows. */
const SHOWN = 60;

/** A text of at most `most` characters: a longer one is cut in its middle, since paths and ids differ at their ends. */
export function shortened(text: string, most = SHOWN): string {
  if (text.length <= most) return text;
  const head = Math.floor((most - 1) / 2);
  return `${text.slice(0, head)}…${text.slice(text.length - (most - 1 - head))}`;
}

/** A user's value as it stands in a message: short, on one line, and never throwing. */
export function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(shortened(value));
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'function') return 'a function';
  if (typeof value === 'symbol') return 'a symbol';
  if (Object.is(value, -0)) return '-0';
  if (typeof value === 'object' && value !== null) return showObject(value);
  return String(value);
}

function showObject(value: object): string {
  try {
    return Array.isArray(value) ? `an array of ${Number(value.length)}` : 'an object';
  } catch {
    return 'a revoked proxy';
  }
}
