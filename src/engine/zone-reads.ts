import { NO_ROW } from '../base/limits.js';
import { GraphOption } from '../base/space.js';
import type { ZoneShape } from '../base/types.js';
import { comesBefore } from '../pool/near-rows.js';
import { GraphState } from '../project/graph-columns.js';
import { NodeFlag, positionFlags } from '../project/node-columns.js';
import type { GraphRef } from '../publish/graph-refs.js';
import { ANY_KIND } from '../spatial/queries.js';
import { contains } from '../zones/geometry.js';
import { GraphZones } from '../zones/graph-zones.js';
import type { ShardZones } from '../zones/shard-zones.js';
import { geometryOf, type Space } from '../zones/space.js';
import { Form, type Zone } from '../zones/zone.js';
import type { EngineCore } from './core.js';

/** A zone as applied, and how many nodes are inside. */
export interface ZoneView {
  /** Name of the zone. */
  name: string;
  /** As it was given. */
  shape: ZoneShape;
  /** Nodes inside. */
  members: number;
}

/** A node inside a zone. */
export interface Member {
  readonly zone: string;
  readonly row: number;
}

const MOST = Number.MAX_VALUE;
/** Zones that are read in one hold of the lock, where there are many to read. */
const ZONES_AT_ONCE = 32;
/** Looks that are begun anew because zones changed meanwhile; then all are read in one hold. */
const MOST_RESTARTS = 16;

/**
 * Main thread. Reads of zones as applied, and of the nodes inside. Each is one look under the read lock of the graph's shard,
 * with the geometry that the detector has: it says of a node what watchers were told of it.
 */
export class ZoneReads {
  readonly #core: EngineCore;
  /** What the last look found, as many as it said; grows to the most that any found. */
  #rows = new Uint32Array(256);
  /** What this thread knows of zones, by shard. */
  readonly #shards: ShardZones[] = [];

  constructor(core: EngineCore) {
    this.#core = core;
  }

  /** What `look` says of the graph's zones, under the lock; `none` where the graph or its zones are not there. */
  #read<T>(graph: number, none: T, look: (zones: GraphZones, space: Space) => T): T {
    if (graph === NO_ROW) return none;
    const { memory } = this.#core;
    const reader = this.#core.readerOf(graph);
    const known = this.#knownOf(graph);
    if (known.isCold(graph)) this.#load(graph, known);
    reader.lock();
    try {
      // Removed since it was looked up: its zones are about to be reclaimed.
      if (memory.graphs.state[graph] !== GraphState.alive) return none;
      const space = this.#spaceOf(graph);
      const zones = known.of(graph, space);
      return zones === undefined ? none : look(zones, space);
    } finally {
      reader.unlock();
    }
  }

  #knownOf(graph: number): ShardZones {
    const shard = this.#core.shardOf(graph);
    this.#shards[shard] ??= this.#core.memory.zonesOf(shard);
    return this.#shards[shard];
  }

  /** Reads the graph's zones in slices, so that its shard is not held up by it. */
  #load(graph: number, known: ShardZones): void {
    const { state } = this.#core.memory.graphs;
    const reader = this.#core.readerOf(graph);
    const load = known.beginLoad(graph);
    while (load.restarts < MOST_RESTARTS) {
      let hasAll = false;
      reader.lock();
      try {
        if (state[graph] !== GraphState.alive || !known.isCold(graph)) return;
        hasAll = known.loadSome(graph, this.#spaceOf(graph), load, ZONES_AT_ONCE);
      } finally {
        reader.unlock();
      }
      if (!hasAll) continue;
      const zones = new GraphZones(this.#spaceOf(graph), load.born);
      zones.load(load.found);
      reader.lock();
      try {
        if (known.endLoad(graph, load, zones)) return;
      } finally {
        reader.unlock();
      }
    }
  }

  #spaceOf(graph: number): Space {
    const { options, radius } = this.#core.memory.graphs;
    return geometryOf(options[graph]!, radius[graph]!);
  }

  /** The zone of that name, as applied. */
  #find(graph: number, zones: GraphZones, name: string): Zone | undefined {
    const { zones: table } = this.#core.publisher;
    const published = table.find(graph, name);
    const zone = published === NO_ROW ? undefined : zones.zones.get(published);
    if (zone !== undefined) return zone;
    const writer = this.#core.publisher.writers[this.#core.shardOf(graph)]!;
    if (writer.openEvents === 0 && writer.appliedPosition() === writer.headPosition()) return undefined;
    // Published otherwise, and not applied yet: readers see what was there before.
    for (const other of zones.zones.values()) if (table.nameOf(other.row) === name) return other;
    return undefined;
  }

  // ------------------------------------------------------------ zones

  /** Row and name of each zone, in the order in which they were set. */
  list(graph: number): Array<{ row: number; name: string }> {
    const { zones: table } = this.#core.publisher;
    const none: Array<{ row: number; name: string }> = [];
    return this.#read(graph, none, (zones) =>
      inOrder(zones.zones.values()).map(({ row }) => ({ row, name: table.nameOf(row) })),
    );
  }

  /** The zone in a row, if it has the name still. */
  at(graph: number, row: number, name: string): ZoneView | undefined {
    return this.#read(graph, undefined, (zones, space) => {
      const zone = zones.zones.get(row);
      if (zone === undefined || this.#core.publisher.zones.nameOf(row) !== name) return undefined;
      return this.#view(graph, zone, space, name);
    });
  }

  /** Likewise, without looking who is inside. */
  shapeOf(graph: number, row: number, name: string): ZoneShape | undefined {
    return this.#read(graph, undefined, (zones) => {
      if (!zones.zones.has(row) || this.#core.publisher.zones.nameOf(row) !== name) return undefined;
      return this.#knownOf(graph).shapeOf(row);
    });
  }

  zone(graph: number, name: string): ZoneView | undefined {
    return this.#read(graph, undefined, (zones, space) => {
      const zone = this.#find(graph, zones, name);
      return zone && this.#view(graph, zone, space, name);
    });
  }

  #view(graph: number, zone: Zone, space: Space, name: string): ZoneView {
    const shape = this.#knownOf(graph).shapeOf(zone.row);
    return { name, shape, members: this.#inside(graph, zone, space, ANY_KIND, NO_ROW) };
  }

  /** Names of the zones that hold the node in a row, in the order in which they were set. */
  zonesOf(graph: number, row: number): string[] {
    const { nodes, graphs } = this.#core.memory;
    return this.#read(graph, [], (zones, space) => {
      const placed = NodeFlag.alive | positionFlags(graphs.options[graph]!);
      if ((nodes.flags[row]! & placed) !== placed) return [];
      const x = nodes.x[row]!;
      const y = nodes.y[row]!;
      const z = space.dimensions === 3 ? nodes.z[row]! : 0;
      zones.at(x, y);
      const found = zones.found.slice(0, zones.foundCount).filter((zone) => contains(zone, space, x, y, z));
      return inOrder(found).map((zone) => this.#core.publisher.zones.nameOf(zone.row));
    });
  }

  // ------------------------------------------------------------ members

  /** Rows of the nodes inside a zone. */
  inZone(graph: number, name: string): Uint32Array {
    const count = this.#read(graph, 0, (zones, space) => {
      const zone = this.#find(graph, zones, name);
      return zone === undefined ? 0 : this.#inside(graph, zone, space, ANY_KIND, NO_ROW);
    });
    return this.#rows.subarray(0, count);
  }

  /** Rows of at most `limit` nodes of a kind inside a shape that is no zone. */
  within(graph: number, zone: Zone, space: Space, kind: number, limit: number): Uint32Array {
    const reader = this.#core.readerOf(graph);
    reader.lock();
    try {
      const isThere = this.#core.memory.graphs.state[graph] === GraphState.alive;
      return this.#rows.subarray(0, isThere ? this.#inside(graph, zone, space, kind, limit) : 0);
    } finally {
      reader.unlock();
    }
  }

  /**
   * Under the lock: who is inside which zone, zones in the order in which they were set, nodes in that in which they became
   * nodes; and the sequence of the last event of that name that was applied.
   */
  snapshot(ref: GraphRef, rowsOfName: Iterable<number>, tell: (member: Member) => void): number {
    const { memory, publisher } = this.#core;
    const { sequence, options } = memory.graphs;
    const rows = [...rowsOfName];
    // A name's graphs are all of one shard, and applied one after the other.
    const before = this.#core.readRow(ref);
    if (before !== NO_ROW) rows.push(before);
    const anyRow = rows.at(-1);
    if (anyRow === undefined) return 0;
    const reader = this.#core.readerOf(anyRow);
    const known = this.#knownOf(anyRow);
    if (before !== NO_ROW && known.isCold(before)) this.#load(before, known);
    let last = 0;
    reader.lock();
    try {
      // Under the lock: within an event that removes a graph, the graph is gone before its sequence is that of the event.
      const graph = this.#core.readRow(ref);
      if (graph === NO_ROW) return Math.max(...rows.map((row) => sequence[row]!));
      last = sequence[graph]!;
      const space = geometryOf(options[graph]!, memory.graphs.radius[graph]!);
      const isThere = memory.graphs.state[graph] === GraphState.alive;
      const zones = isThere ? known.of(graph, space) : undefined;
      for (const zone of inOrder(zones?.zones.values() ?? [])) {
        const name = publisher.zones.nameOf(zone.row);
        const count = this.#inside(graph, zone, space, ANY_KIND, NO_ROW);
        const inside = Array.from(this.#rows.subarray(0, count));
        inside.sort((a, b) => (a === b ? 0 : comesBefore(memory, a, b) ? -1 : 1));
        for (const row of inside) tell({ zone: name, row });
      }
    } finally {
      reader.unlock();
    }
    return last;
  }

  /** Nodes inside, into `#rows`: how many. By the R-tree, and one by one where a box does not tell. */
  #inside(graph: number, zone: Zone, space: Space, kind: number, limit: number): number {
    const { queries } = this.#core.readerOf(graph);
    const n = zone.numbers;
    if (zone.form === Form.circle) {
      const [x = 0, y = 0, z = 0, radius = 0] = n;
      return this.#collect(limit, (rows) => queries.within(graph, x, y, z, radius, kind, rows, 0, rows.length));
    }
    if (zone.form === Form.box) {
      const [minX = 0, minY = 0, low = 0, , maxY = 0, high = 0, maxX = 0] = n;
      const [minZ, maxZ] = [Math.max(low, -MOST), Math.min(high, MOST)];
      const box = { minX, minY, minZ, maxX, maxY, maxZ };
      return this.#collect(limit, (rows) => queries.box(graph, box, kind, rows, 0, rows.length));
    }
    const { minX, minY, maxX, maxY } = zone;
    const box = { minX, minY, minZ: -MOST, maxX, maxY, maxZ: MOST };
    const near = this.#collect(NO_ROW, (rows) => queries.box(graph, box, kind, rows, 0, rows.length));
    const { nodes, graphs } = this.#core.memory;
    const isSolid = (graphs.options[graph]! & GraphOption.solid) !== 0;
    const rows = this.#rows;
    let found = 0;
    for (let i = 0; i < near && found < limit; i++) {
      const row = rows[i]!;
      if (contains(zone, space, nodes.x[row]!, nodes.y[row]!, isSolid ? nodes.z[row]! : 0)) rows[found++] = row;
    }
    return found;
  }

  /** At most `limit` of what the query finds, into `#rows`, which grow to hold it; how many. */
  #collect(limit: number, query: (rows: Uint32Array) => number): number {
    let found = query(this.#rows);
    if (found > this.#rows.length && limit > this.#rows.length) {
      this.#rows = new Uint32Array(Math.min(limit, found));
      found = query(this.#rows);
    }
    return Math.min(found, limit, this.#rows.length);
  }
}

function inOrder(zones: Iterable<Zone>): Zone[] {
  return [...zones].sort((a, b) => a.sequence - b.sequence);
}
