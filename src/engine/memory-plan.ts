import { MAX_ID_BYTES } from '../base/limits.js';
import type { MemoryPlan } from '../pool/engine-memory.js';
import { zoneRowsOf } from '../publish/zone-table.js';
import type { Capacity, ResolvedOptions } from './options.js';

/** Rows beyond the capacity, for those in quarantine: at a million removals a second, a second's worth. */
const SPARE_NODES = 1 << 20;
const SPARE_GRAPHS = 4096;
/** At most so many times a small capacity: who removes faster than that waits for the quarantine. */
const SPARE_TIMES = 16;
/** And no fewer, however small the capacity: so many of a kind may come and go in a second. */
const LEAST_SPARE = 4096;
/** Rows of nodes are handed to shards in blocks: each may have begun one. */
const BLOCK_ROWS = 1024;
/** Reserved for each row's id: the longest take more, most take 16 bytes. */
const ID_BYTES_A_ROW = 128;
/** A small engine may have the longest ids only. */
const LEAST_ID_BYTES = 1 << 24;
const MOST_ID_BYTES_A_ROW = MAX_ID_BYTES + 16;
/** The longest array of bytes that Node.js 20 knows is 2^32: beyond 22 million nodes there is less for each. */
const MOST_ID_BYTES = 2 ** 32 - 8;
/** Entries that a shard's outbox holds: 2 MB of them. */
const OUTBOX_SLOTS = 16_384;

/** Sizes of all regions from the options. Address space: what is not touched costs nothing. */
export function planMemory(
  options: ResolvedOptions,
  declarationBytes: number,
  capacity: Capacity = options.capacity,
): MemoryPlan {
  const { shards, slots, batch, maxPayloadBytes } = options;
  const nodeRows = capacity.nodes + spareOf(capacity.nodes, SPARE_NODES) + shards * BLOCK_ROWS;
  const graphRows = capacity.graphs + spareOf(capacity.graphs, SPARE_GRAPHS) + shards;
  return {
    shards,
    nodes: capacity.nodes,
    nodeRows,
    graphRows,
    edges: capacity.edges + 1,
    slots,
    frameEvents: batch.maxEvents,
    payloadBytes: maxPayloadBytes + declarationBytes,
    idBytes: idBytesOf(nodeRows),
    nameBytes: idBytesOf(graphRows),
    dataBytes: capacity.dataBytes,
    zoneRows: zoneRowsOf(capacity.zones),
    outboxSlots: OUTBOX_SLOTS,
  };
}

function spareOf(capacity: number, least: number): number {
  return Math.max(capacity >>> 1, Math.min(least, Math.max(LEAST_SPARE, capacity * SPARE_TIMES)));
}

function idBytesOf(rows: number): number {
  return Math.min(MOST_ID_BYTES, Math.max(Math.min(LEAST_ID_BYTES, rows * MOST_ID_BYTES_A_ROW), rows * ID_BYTES_A_ROW));
}
