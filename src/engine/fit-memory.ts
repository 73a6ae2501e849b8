import { AthanorError } from '../base/errors.js';
import type { AddressSpace } from '../memory/address-space.js';
import { Memory } from '../memory/reserve.js';
import { EngineMemory, type MemoryPlan } from '../pool/engine-memory.js';
import { DECLARATION_BYTES } from '../publish/event-writer.js';
import { createScratch } from '../publish/scratch.js';
import { planMemory } from './memory-plan.js';
import type { Capacity, ResolvedOptions } from './options.js';

/** A machine with less memory than this cannot hold the default capacities: they are smaller in proportion. */
const ROOMY_BYTES = 2 ** 32;
/** A worker thread's own address space: its heaps, its code and the C library's (600 MB measured on Node.js 20). */
const THREAD_BYTES = 700e6;
/** Left for results of jobs and the program's own growth: a part, and at least. */
const LEFT_PART = 1 / 8;
const LEFT_BYTES = 256e6;
/** A default capacity is made smaller down to this part. */
const LEAST_SCALE = 1 / 4096;
/** The parts of a plan that do not follow capacity make the first guesses a little wrong. */
const MOST_GUESSES = 24;
const STEP = 0.97;

const ALL: readonly (keyof Capacity)[] = ['graphs', 'nodes', 'edges', 'dataBytes', 'zones'];
/** Less would not do for one event. */
const LEAST: Capacity = { graphs: 16, nodes: 256, edges: 256, dataBytes: 2 ** 20, zones: 16 };

/** Bytes of address space that an engine of this plan reserves. Nothing is reserved. */
export function plannedBytes(plan: MemoryPlan): number {
  const measured = new Memory(undefined, 'measuring');
  EngineMemory.create(measured, plan);
  createScratch(measured, { rows: plan.nodeRows, graphs: plan.graphRows });
  return measured.reservedBytes;
}

/**
 * The capacity as this machine can reserve it. What the caller named stays; defaults are made smaller, all in the same
 * proportion, where memory is below 4 GiB or address space is bounded.
 * @throws AthanorError ATHANOR_CAPACITY naming what to lower, and to what, when what was named does not fit.
 */
export function fitCapacity(options: ResolvedOptions, space: AddressSpace, memoryBytes: number): Capacity {
  const defaults = ALL.filter((name) => !options.named.has(name));
  const wanted = scaled(options.capacity, defaults, Math.min(1, memoryBytes / ROOMY_BYTES));
  if (space.bytes === Number.POSITIVE_INFINITY) return wanted;
  const roomBytes = (space.bytes - options.workers * THREAD_BYTES) * (1 - LEFT_PART) - LEFT_BYTES;
  return fit(options, wanted, defaults, roomBytes) ?? refuse(options, wanted, space, roomBytes);
}

/** The largest capacity that fits when these names are made smaller; undefined when none does. */
function fit(
  options: ResolvedOptions,
  wanted: Capacity,
  names: readonly (keyof Capacity)[],
  roomBytes: number,
): Capacity | undefined {
  let scale = 1;
  for (let guess = 0; guess < MOST_GUESSES; guess++) {
    const capacity = scaled(wanted, names, scale);
    const bytes = plannedBytes(planMemory(options, DECLARATION_BYTES, capacity));
    if (bytes <= roomBytes) return capacity;
    if (scale === LEAST_SCALE || names.length === 0) return undefined;
    scale = Math.max(LEAST_SCALE, scale * Math.min(STEP, (STEP * Math.max(0, roomBytes)) / bytes));
  }
  return undefined;
}

function scaled(capacity: Capacity, names: readonly (keyof Capacity)[], scale: number): Capacity {
  if (scale === 1) return capacity;
  const changed: Record<keyof Capacity, number> = { ...capacity };
  for (const name of names)
    changed[name] = Math.min(capacity[name], Math.max(LEAST[name], Math.floor(capacity[name] * scale)));
  return changed;
}

function refuse(options: ResolvedOptions, wanted: Capacity, space: AddressSpace, roomBytes: number): never {
  const { workers, shards } = options;
  const asked = ALL.filter((name) => options.named.has(name));
  // What is not named was made as small as can be.
  const others = ALL.filter((name) => !options.named.has(name));
  const least = scaled(wanted, others, LEAST_SCALE);
  const plannedOnly = plannedBytes(planMemory(options, DECLARATION_BYTES, least));
  const neededBytes = (plannedOnly + LEFT_BYTES) / (1 - LEFT_PART) + workers * THREAD_BYTES;
  const what = `${asked.map((name) => `capacity.${name} ${wanted[name]}`).join(', ') || 'capacity: the least'} with ${shards} shards`;
  const found = `${what} and ${workers} workers needs ${inMb(neededBytes)} of address space, and ${space.bound} leaves ${inMb(space.bytes)}`;
  throw new AthanorError('ATHANOR_CAPACITY', `option ${found}: ${adviceFor(options, wanted, asked, roomBytes, space)}`);
}

/** What fits, found by the same measure: it helps when it is followed. */
function adviceFor(
  options: ResolvedOptions,
  wanted: Capacity,
  asked: readonly (keyof Capacity)[],
  roomBytes: number,
  space: AddressSpace,
): string {
  const lower = fit(options, wanted, ALL, roomBytes);
  if (lower !== undefined) {
    const values = asked.map((name) => `${name}: ${lower[name]}`).join(', ');
    return `lower it to capacity: { ${values} }, or raise the limit`;
  }
  for (let workers = options.workers >>> 1; workers >= 1; workers >>>= 1) {
    const fewer = { ...options, workers, shards: Math.min(options.shards, 2 * workers) };
    const room = (space.bytes - workers * THREAD_BYTES) * (1 - LEFT_PART) - LEFT_BYTES;
    if (fit(fewer, wanted, ALL, room) === undefined) continue;
    return `lower workers to ${workers} and shards to ${fewer.shards} and leave out capacity, or raise the limit`;
  }
  return 'no engine fits it: raise the limit';
}

function inMb(bytes: number): string {
  return `${Math.ceil(bytes / 1e6)} MB`;
}
