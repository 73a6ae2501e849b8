import { availableParallelism } from 'node:os';
import { AthanorError, show } from '../base/errors.js';
import { MAX_CAPACITY, MAX_THREADS, MAX_ZONES } from '../base/limits.js';
import { suggestion, unreadable } from '../base/option-names.js';
import type { EngineOptions } from '../base/types.js';
import { DECLARATION_BYTES } from '../publish/event-writer.js';
import type { BatchLimits } from '../schedule/batch-policy.js';
import { FrameFormat } from '../schema/frame.js';

/** What an engine has room for; `dataBytes` in each shard. */
export interface Capacity {
  readonly graphs: number;
  readonly nodes: number;
  readonly edges: number;
  readonly dataBytes: number;
  readonly zones: number;
}

/** Options with their defaults, checked. */
export interface ResolvedOptions {
  readonly workers: number;
  readonly shards: number;
  readonly capacity: Capacity;
  /** Of `capacity`, what the caller named; the rest may be made to fit the machine. */
  readonly named: ReadonlySet<keyof Capacity>;
  readonly resourceLimits: { readonly maxOldGenerationSizeMb?: number; readonly stackSizeMb?: number };
  readonly batch: BatchLimits;
  readonly slots: number;
  readonly clock: () => number;
  readonly maxPayloadBytes: number;
  readonly readTimeoutMs: number;
}

/** Threads but the main one; half the slots are kept for replacements of lost workers and attached threads. */
const MAX_WORKERS = MAX_THREADS / 2;
const MAX_SHARDS = 256;
const MAX_FRAME_EVENTS = 32_768;
const MAX_SLOTS = 4_096;
const MAX_PAYLOAD_BYTES = 2 ** 23;
/** A ring is one array of bytes, and Node.js 20 knows none beyond 2^32; less a page for the ring's own words. */
const MAX_RING_BYTES = 2 ** 32 - 4096;
/** A timer that is set for longer goes off at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;
/**
 * Node.js ends the whole process when a thread has too little stack to start with: 0.2 MB does that, 0.25 ends the thread,
 * 0.26 runs every job; twice that leaves room for a module's own calls. What is mapped for a thread is bounded by the system.
 */
const STACK_MB = { least: 0.5, most: 1_024 } as const;
/** With 8 MB a thread runs out of memory while it starts, with 10 every job runs. Numbers beyond a tebibyte mean nothing. */
const HEAP_MB = { least: 16, most: 1_048_576 } as const;

/** Default capacities of graphs and edges do not fall below this, however few nodes are named. */
const LEAST_DEFAULT = 65_536;
/** Edges a node, where few nodes are named. */
const EDGES_A_NODE = 64;
/** For the data of a shard's nodes. The longest array of Node.js 20 bounds it. */
const DATA_BYTES = { least: 2 ** 16, most: 2 ** 32 - 8 } as const;

/** Room for the largest data of each node, from 16 MiB to 2 GiB; a block of a heap wastes at most a fifth. */
function dataBytesOf(nodes: number, maxPayloadBytes: number): number {
  return Math.min(2 ** 31, Math.max(2 ** 24, Math.ceil(nodes * maxPayloadBytes * 1.25)));
}

const KNOWN = {
  options: ['workers', 'shards', 'capacity', 'resourceLimits', 'batch', 'clock', 'maxPayloadBytes', 'readTimeoutMs'],
  capacity: ['graphs', 'nodes', 'edges', 'dataBytes', 'zones'],
  batch: ['minEvents', 'maxEvents', 'timeoutMs', 'targetLatencyMs', 'adaptive', 'maxInFlight'],
  resourceLimits: ['maxOldGenerationSizeMb', 'stackSizeMb'],
} as const;

/** Every option by its path. */
export const OPTION_PATHS: readonly string[] = [
  ...KNOWN.options.filter((name) => !(name in KNOWN)),
  ...(['capacity', 'batch', 'resourceLimits'] as const).flatMap((of) => KNOWN[of].map((name) => `${of}.${name}`)),
];

function refuse(name: string, value: unknown, limit: string): never {
  throw new AthanorError('ATHANOR_INVALID_OPTION', `${name}: ${show(value)} is not ${limit}`);
}

function group(name: keyof typeof KNOWN, value: unknown): Record<string, unknown> {
  if (value === undefined) return {};
  if (typeof value !== 'object' || value === null) refuse(name, value, 'an object');
  let read: Record<string, unknown>;
  try {
    // Each option is read once: what is checked is what is used.
    read = { ...value };
  } catch (error) {
    throw unreadable('ATHANOR_INVALID_OPTION', name, error);
  }
  const known: readonly string[] = KNOWN[name];
  for (const key of Object.keys(read)) {
    const path = name === 'options' ? key : `${name}.${key}`;
    if (path === 'journal' || path === 'projections') {
      throw new AthanorError('ATHANOR_UNSUPPORTED', `option ${path} is not built yet`);
    }
    if (!known.includes(key)) {
      throw new AthanorError('ATHANOR_INVALID_OPTION', `${path}: there is no such option; ${suggestion(key, known)}`);
    }
  }
  return read;
}

function whole(name: string, value: unknown, least: number, most: number, byDefault: number): number {
  if (value === undefined) return byDefault;
  if (!Number.isSafeInteger(value) || (value as number) < least || (value as number) > most) {
    refuse(name, value, `a whole number from ${least} to ${most}`);
  }
  return value as number;
}

function milliseconds(name: string, value: unknown, byDefault: number): number {
  if (value === undefined) return byDefault;
  if (typeof value !== 'number' || !(value > 0 && value <= MAX_TIMER_MS)) {
    refuse(name, value, `a number of milliseconds above 0, at most ${MAX_TIMER_MS}`);
  }
  return value;
}

function megabytes(name: string, value: unknown, range: { least: number; most: number }): number | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== 'number' || !(value >= range.least && value <= range.most)) {
    refuse(name, value, `a number of megabytes from ${range.least} to ${range.most}`);
  }
  return value;
}

/** @throws AthanorError ATHANOR_INVALID_OPTION when a shard's ring of such frames is larger than an array of bytes can be. */
function checkRing(slots: number, maxEvents: number, maxPayloadBytes: number): void {
  const bytes = slots * new FrameFormat(maxEvents, maxPayloadBytes + DECLARATION_BYTES).slotBytes;
  if (bytes <= MAX_RING_BYTES) return;
  const each = `${maxEvents} events (batch.maxEvents) and ${maxPayloadBytes} bytes of data (maxPayloadBytes)`;
  throw new AthanorError(
    'ATHANOR_INVALID_OPTION',
    `batch.maxInFlight: ${slots} frames of ${each} make a ring of ${bytes} bytes, and a shard's ring has at most ${MAX_RING_BYTES}: lower one of the three`,
  );
}

function powerOfTwo(least: number): number {
  return 2 ** Math.ceil(Math.log2(least));
}

/** @throws AthanorError ATHANOR_INVALID_OPTION or ATHANOR_UNSUPPORTED. */
export function resolveOptions(options: EngineOptions = {}): ResolvedOptions {
  const given = group('options', options);
  const capacity = group('capacity', given.capacity);
  const batch = group('batch', given.batch);
  const limits = group('resourceLimits', given.resourceLimits);
  const automatic = Math.min(MAX_WORKERS, Math.max(1, availableParallelism() - 1));
  const workers = given.workers === 'auto' ? automatic : whole('workers', given.workers, 1, MAX_WORKERS, automatic);
  const maxEvents = whole('batch.maxEvents', batch.maxEvents, 1, MAX_FRAME_EVENTS, 512);
  const minEvents = whole('batch.minEvents', batch.minEvents, 1, MAX_FRAME_EVENTS, Math.min(10, maxEvents));
  if (minEvents > maxEvents) refuse('batch.minEvents', minEvents, `at most batch.maxEvents (${maxEvents})`);
  if (batch.adaptive !== undefined && typeof batch.adaptive !== 'boolean')
    refuse('batch.adaptive', batch.adaptive, 'a boolean');
  if (given.clock !== undefined && typeof given.clock !== 'function') refuse('clock', given.clock, 'a function');
  const heapMb = megabytes('resourceLimits.maxOldGenerationSizeMb', limits.maxOldGenerationSizeMb, HEAP_MB);
  const stackMb = megabytes('resourceLimits.stackSizeMb', limits.stackSizeMb, STACK_MB);
  const maxPayloadBytes = whole('maxPayloadBytes', given.maxPayloadBytes, 1, MAX_PAYLOAD_BYTES, 65_536);
  const slots = powerOfTwo(whole('batch.maxInFlight', batch.maxInFlight, 2, MAX_SLOTS, 64));
  checkRing(slots, maxEvents, maxPayloadBytes);
  const nodes = whole('capacity.nodes', capacity.nodes, 1, MAX_CAPACITY, 4_194_304);
  // Who names few nodes gets room for graphs and edges to match.
  const graphs = Math.min(1_048_576, Math.max(LEAST_DEFAULT, nodes));
  const edges = Math.min(16_777_216, Math.max(LEAST_DEFAULT, nodes * EDGES_A_NODE));
  const dataBytes = dataBytesOf(nodes, maxPayloadBytes);
  return {
    workers,
    shards: whole('shards', given.shards, 1, MAX_SHARDS, powerOfTwo(2 * workers)),
    capacity: {
      graphs: whole('capacity.graphs', capacity.graphs, 1, MAX_CAPACITY, graphs),
      nodes,
      edges: whole('capacity.edges', capacity.edges, 1, MAX_CAPACITY, edges),
      dataBytes: whole('capacity.dataBytes', capacity.dataBytes, DATA_BYTES.least, DATA_BYTES.most, dataBytes),
      zones: whole('capacity.zones', capacity.zones, 1, MAX_ZONES, MAX_ZONES),
    },
    named: new Set(KNOWN.capacity.filter((name) => capacity[name] !== undefined)),
    resourceLimits: {
      ...(heapMb !== undefined && { maxOldGenerationSizeMb: heapMb }),
      ...(stackMb !== undefined && { stackSizeMb: stackMb }),
    },
    batch: {
      minEvents,
      maxEvents,
      timeoutMs: milliseconds('batch.timeoutMs', batch.timeoutMs, 10),
      targetLatencyMs: milliseconds('batch.targetLatencyMs', batch.targetLatencyMs, 5),
      adaptive: (batch.adaptive as boolean | undefined) ?? true,
    },
    slots,
    clock: (given.clock as (() => number) | undefined) ?? Date.now,
    maxPayloadBytes,
    readTimeoutMs: milliseconds('readTimeoutMs', given.readTimeoutMs, 1_000),
  };
}
