import type { ZoneShape } from '../base/types.js';
import type { ByteHeap } from '../memory/byte-heap.js';
import { decodeShape } from './decode.js';
import { GraphZones } from './graph-zones.js';
import { LOG_ENTRIES, type ZoneColumns } from './layout.js';
import type { Space } from './space.js';
import { type Zone, zoneOf } from './zone.js';

/** Changes that a reader catches up with at once. */
const FEW_CHANGES = 64;

/** Zones of a graph on their way into a thread's cache, read in slices: see `ShardZones.loadSome`. */
export class ZoneLoad {
  version = 0;
  born = 0;
  next = 0;
  /** How often the graph's zones changed meanwhile. */
  restarts = -1;
  readonly known: Map<number, Zone>;
  found: Zone[] = [];

  /** `known`: zones as they were, by row. */
  constructor(known: Iterable<readonly [number, Zone]>) {
    this.known = new Map(known);
  }
}

/**
 * The zones of one shard: the columns as its owner writes them, and this thread's cache of them by graph. The cache follows
 * the columns by the shard's log of changes, so that setting zones one by one costs each thread one insertion each.
 *
 * Every change can be done again after it was broken off anywhere: what is derived is made anew by `rebuild`.
 */
export class ShardZones {
  readonly columns: ZoneColumns;
  readonly #shard: number;
  readonly #heap: ByteHeap;
  readonly #born: Float64Array;
  readonly #cache = new Map<number, GraphZones>();
  /** Changes of the log that the cache has seen. */
  #seen = 0;

  /** `born`: the column of the publish sequences that created the graphs, by graph row. */
  constructor(columns: ZoneColumns, shard: number, heap: ByteHeap, born: Float64Array) {
    this.columns = columns;
    this.#shard = shard;
    this.#heap = heap;
    this.#born = born;
  }

  // ------------------------------------------------------------ the columns

  /** The zone has the shape at `ref` of the heap from here on. */
  set(graph: number, zone: number, ref: number, sequence: number): void {
    const { columns } = this;
    const before = columns.shape[zone]!;
    columns.sequence[zone] = sequence;
    // The graph before the shape, and the other way round when it is dropped: broken off between them it has a graph and no
    // shape, and `rebuild` clears it. A shape without a graph would be freed twice.
    if (columns.graph[zone] === 0) {
      columns.graph[zone] = graph + 1;
      this.#link(graph, zone);
    }
    columns.shape[zone] = ref + 1;
    this.#changed(graph, zone, sequence);
    if (before !== 0) this.#heap.free(before - 1);
  }

  remove(graph: number, zone: number, sequence: number): void {
    const { columns } = this;
    if (columns.graph[zone] !== graph + 1) return;
    this.#drop(graph, zone);
    this.#changed(graph, zone, sequence);
  }

  /** Drops at most `most` zones of a removed graph. True when some are left. */
  reclaim(graph: number, most: number): boolean {
    const { columns } = this;
    columns.version[graph] = 0;
    for (let dropped = 0; columns.first[graph] !== 0; dropped++) {
      if (dropped === most) return true;
      const zone = columns.first[graph]! - 1;
      this.#drop(graph, zone);
      this.#log(graph, zone);
    }
    return false;
  }

  #link(graph: number, zone: number): void {
    const { first, next, prev } = this.columns;
    const head = first[graph]!;
    next[zone] = head;
    prev[zone] = 0;
    if (head !== 0) prev[head - 1] = zone + 1;
    first[graph] = zone + 1;
  }

  #drop(graph: number, zone: number): void {
    const { columns } = this;
    const { first, next, prev } = columns;
    const shape = columns.shape[zone]!;
    columns.shape[zone] = 0;
    columns.graph[zone] = 0;
    if (prev[zone] === 0) first[graph] = next[zone]!;
    else next[prev[zone]! - 1] = next[zone]!;
    if (next[zone] !== 0) prev[next[zone]! - 1] = prev[zone]!;
    if (shape !== 0) this.#heap.free(shape - 1);
  }

  #changed(graph: number, zone: number, sequence: number): void {
    const { columns } = this;
    columns.version[graph] = columns.first[graph] === 0 ? 0 : sequence;
    this.#log(graph, zone);
  }

  #log(graph: number, zone: number): void {
    const { columns } = this;
    const logged = columns.logged[this.#shard * 16]!;
    const at = (this.#shard * LOG_ENTRIES + (logged % LOG_ENTRIES)) * 2;
    columns.log[at] = graph;
    columns.log[at + 1] = zone;
    columns.logged[this.#shard * 16] = logged + 1;
  }

  /**
   * Recovery: the lists and versions anew, from the columns.
   * @returns refs of the shapes, which the heap keeps
   */
  rebuild(graphs: readonly number[], zones: number): number[] {
    const { columns } = this;
    for (const graph of graphs) {
      columns.first[graph] = 0;
      columns.version[graph] = 0;
    }
    const refs: number[] = [];
    const shards = columns.logged.length / 16;
    for (let zone = 0; zone < zones; zone++) {
      const graph = columns.graph[zone]! - 1;
      if (graph < 0 || graph % shards !== this.#shard) continue;
      if (columns.shape[zone] === 0) {
        // Broken off while it was dropped: its event is done again, or its graph reclaimed.
        columns.graph[zone] = 0;
        continue;
      }
      refs.push(columns.shape[zone]! - 1);
      this.#link(graph, zone);
    }
    // A new version, whatever the event that was broken off: every cache and every safe ball is made anew. Each graph has its
    // own, which never comes again: a node's row may become another graph's, and must not bring a ball that counts there.
    const at = this.#shard * 16;
    columns.logged[at]! += LOG_ENTRIES + 1;
    const recoveries = columns.logged[at + 1]! + 1;
    columns.logged[at + 1] = recoveries;
    for (const graph of graphs) {
      if (columns.first[graph] !== 0) columns.version[graph] = -(recoveries * columns.version.length + graph);
    }
    return refs;
  }

  // ------------------------------------------------------------ the cache

  /** Zones of a graph as the columns have them, or undefined when it has none. `space` is the graph's geometry. */
  of(graph: number, space: Space): GraphZones | undefined {
    const { columns } = this;
    const version = columns.version[graph]!;
    if (version === 0) return undefined;
    let zones = this.#cache.get(graph);
    const born = this.#born[graph]!;
    if (zones?.version === version && zones.born === born) return zones;
    this.#follow();
    zones = this.#cache.get(graph);
    if (zones?.born !== born) {
      zones = new GraphZones(space, born);
      const all: Zone[] = [];
      for (let zone = columns.first[graph]!; zone !== 0; zone = columns.next[zone - 1]!) {
        all.push(this.#read(zone - 1, space));
      }
      zones.load(all);
      this.#cache.set(graph, zones);
    }
    zones.version = version;
    return zones;
  }

  /** Whether `of` would have many zones to read: then they are better read in slices. A guess without the lock. */
  isCold(graph: number): boolean {
    const { columns } = this;
    const version = columns.version[graph]!;
    const zones = this.#cache.get(graph);
    if (version === 0 || zones?.version === version) return false;
    return zones?.born !== this.#born[graph] || columns.logged[this.#shard * 16]! - this.#seen > FEW_CHANGES;
  }

  /** A load of the graph's zones that begins with what this thread knows. */
  beginLoad(graph: number): ZoneLoad {
    return new ZoneLoad(this.#cache.get(graph)?.zones ?? []);
  }

  /** Reads at most so many zones of a graph; from the first again when one was changed. True when it has all of them. */
  loadSome(graph: number, space: Space, load: ZoneLoad, most: number): boolean {
    const { columns } = this;
    if (load.restarts < 0 || load.version !== columns.version[graph] || load.born !== this.#born[graph]) {
      load.version = columns.version[graph]!;
      load.born = this.#born[graph]!;
      load.next = columns.first[graph]!;
      load.found = [];
      load.restarts++;
    }
    for (let i = 0; i < most && load.next !== 0; i++) {
      const row = load.next - 1;
      let zone = load.known.get(row);
      // Sequences are never used again: the same one is the same zone of the same shape.
      if (zone?.sequence !== columns.sequence[row]) zone = this.#read(row, space);
      load.known.set(row, zone!);
      load.found.push(zone!);
      load.next = columns.next[row]!;
    }
    return load.next === 0;
  }

  /** What was loaded becomes what this thread knows of the graph. False when it has changed since. */
  endLoad(graph: number, load: ZoneLoad, zones: GraphZones): boolean {
    if (this.columns.version[graph] !== load.version || this.#born[graph] !== load.born) return false;
    const logged = this.columns.logged[this.#shard * 16]!;
    if (logged - this.#seen > LOG_ENTRIES) {
      // Too much was missed to bring the others up to date.
      this.#cache.clear();
      this.#seen = logged;
    }
    zones.version = load.version;
    this.#cache.set(graph, zones);
    return true;
  }

  /** Brings every cached graph up to the log's end. */
  #follow(): void {
    const { columns } = this;
    const logged = columns.logged[this.#shard * 16]!;
    if (logged - this.#seen > LOG_ENTRIES) this.#cache.clear();
    else {
      for (let entry = this.#seen; entry < logged; entry++) {
        const at = (this.#shard * LOG_ENTRIES + (entry % LOG_ENTRIES)) * 2;
        const graph = columns.log[at]!;
        const zone = columns.log[at + 1]!;
        const zones = this.#cache.get(graph);
        if (zones === undefined) continue;
        if (zones.born !== this.#born[graph]) {
          // The row's former graph, of another geometry perhaps: nothing that is logged now is about it.
          this.#cache.delete(graph);
          continue;
        }
        if (columns.graph[zone] === graph + 1) zones.set(this.#read(zone, zones.space));
        else zones.delete(zone);
        zones.version = columns.version[graph]!;
        if (zones.version === 0) this.#cache.delete(graph);
      }
    }
    this.#seen = logged;
  }

  #read(zone: number, space: Space): Zone {
    return zoneOf(zone, this.columns.sequence[zone]!, this.shapeOf(zone), space);
  }

  shapeOf(zone: number): ZoneShape {
    const heap = this.#heap;
    const ref = this.columns.shape[zone]! - 1;
    const start = heap.startOf(ref);
    return decodeShape(heap.bytes, start, start + heap.lengthOf(ref));
  }
}
