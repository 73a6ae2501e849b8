import type { MemoryPlan } from '../pool/engine-memory.js';
import { ZONE_ROWS } from '../publish/zone-table.js';
import type { ResolvedOptions } from './options.js';

/** Rows beyond the capacity, for those in quarantine: at a million removals a second, a second's worth. */
const LEAST_SPARE_NODES = 1 << 20;
const LEAST_SPARE_GRAPHS = 4096;
/** Reserved for each row's id: the longest take more, most take 16 bytes. */
const ID_BYTES_A_ROW = 128;
const LEAST_ID_BYTES = 1 << 24;
/** The longest array of bytes that Node.js 20 knows is 2^32: beyond 22 million nodes there is less for each. */
const MOST_ID_BYTES = 2 ** 32 - 8;
/** Reserved for the data of a shard's nodes. */
const DATA_BYTES = 2 ** 31;
/** Entries that a shard's outbox holds: 2 MB of them. */
const OUTBOX_SLOTS = 16_384;

/** Sizes of all regions from the options. Address space: what is not touched costs nothing. */
export function planMemory(options: ResolvedOptions, declarationBytes: number): MemoryPlan {
  const { capacity, shards, slots, batch, maxPayloadBytes } = options;
  const nodeRows = capacity.nodes + Math.max(capacity.nodes >>> 1, LEAST_SPARE_NODES);
  const graphRows = capacity.graphs + Math.max(capacity.graphs >>> 1, LEAST_SPARE_GRAPHS) + shards;
  return {
    shards,
    nodeRows,
    graphRows,
    edges: capacity.edges + 1,
    slots,
    frameEvents: batch.maxEvents,
    payloadBytes: maxPayloadBytes + declarationBytes,
    idBytes: idBytesOf(nodeRows),
    nameBytes: idBytesOf(graphRows),
    dataBytes: DATA_BYTES,
    zoneRows: ZONE_ROWS,
    outboxSlots: OUTBOX_SLOTS,
  };
}

function idBytesOf(rows: number): number {
  return Math.min(MOST_ID_BYTES, Math.max(LEAST_ID_BYTES, rows * ID_BYTES_A_ROW));
}
