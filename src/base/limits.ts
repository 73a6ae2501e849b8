/** Limits of the public surface, in one place; the relations between them are asserted where they are used. */

/** Longest name of a graph, and longest kind, in UTF-8 bytes. */
export const MAX_NAME_BYTES = 256;
/** Longest string id, in UTF-8 bytes. */
export const MAX_ID_BYTES = 1024;
/** Distinct kinds of one engine: kinds are labels, not data, and are never forgotten. */
export const MAX_KINDS = 65_536;
/** "No row": never a valid row, since capacities stay below it. */
export const NO_ROW = 0xffffffff;
/** Largest capacity of nodes, edges or graphs: rows are unsigned 32-bit numbers, and pools need room above them. */
export const MAX_CAPACITY = 0x7fffffff;
/** Threads that may take part in an engine at one time: the main thread, workers, attached threads. */
export const MAX_THREADS = 64;
/** Zones of one engine that may be set at one time. */
export const MAX_ZONES = 262_144;
/** Roaming watchers of one engine at one time. */
export const MAX_ROAMING = 256;
