import { CatalogRegions, type CatalogToken } from '../catalog/layout.js';
import { ShardCatalog } from '../catalog/shard-catalog.js';
import { GraphRegions, type GraphToken } from '../graph/layout.js';
import { ShardEdges } from '../graph/shard-edges.js';
import { ByteHeap } from '../memory/byte-heap.js';
import { attachGraphBook, createGraphBook, type GraphBook } from '../memory/graph-book.js';
import { Interner, type InternerToken } from '../memory/interner.js';
import { ShardLock } from '../memory/lock.js';
import { NodeBook } from '../memory/node-book.js';
import type { RegionToken } from '../memory/region.js';
import type { Memory } from '../memory/reserve.js';
import { ThreadSlots } from '../memory/threads.js';
import { WatchBook } from '../memory/watch-book.js';
import { LatencyBook } from '../observe/latency.js';
import { attachGraphColumns, createGraphColumns, type GraphColumns } from '../project/graph-columns.js';
import { attachNodeColumns, createNodeColumns, type NodeColumns } from '../project/node-columns.js';
import { UndoSlots } from '../project/undo.js';
import { Outbox } from '../ring/outbox.js';
import { FrameRing } from '../ring/ring.js';
import { Control } from '../schedule/control.js';
import { FrameFormat } from '../schema/frame.js';
import { SpatialRegions, type SpatialToken } from '../spatial/layout.js';
import { ShardIndex } from '../spatial/shard-index.js';
import { ShardQueries } from '../spatial/shard-queries.js';
import { attachZoneColumns, createZoneColumns, type ZoneColumns } from '../zones/layout.js';
import { ShardZones } from '../zones/shard-zones.js';

/** Sizes of an engine's memory, in elements. */
export interface MemoryPlan {
  readonly shards: number;
  /** Nodes that there are at one time. */
  readonly nodes: number;
  /** Rows of nodes and graphs that exist, with those in quarantine; and edges. */
  readonly nodeRows: number;
  readonly graphRows: number;
  readonly edges: number;
  readonly slots: number;
  readonly frameEvents: number;
  readonly payloadBytes: number;
  readonly idBytes: number;
  readonly nameBytes: number;
  readonly dataBytes: number;
  /** Rows of zones that exist. */
  readonly zoneRows: number;
  readonly outboxSlots: number;
}

/** What a thread needs to attach all regions of an engine. */
export interface MemoryToken {
  readonly control: RegionToken;
  readonly threads: RegionToken;
  readonly lock: RegionToken;
  readonly latency: RegionToken;
  readonly rings: readonly RegionToken[];
  readonly nodeBook: RegionToken;
  readonly graphBook: RegionToken;
  readonly ids: InternerToken;
  readonly names: InternerToken;
  readonly nodes: RegionToken;
  readonly graphs: RegionToken;
  readonly undo: RegionToken;
  readonly heaps: readonly RegionToken[];
  readonly spatial: SpatialToken;
  readonly edges: GraphToken;
  readonly catalog: CatalogToken;
  readonly zones: RegionToken;
  readonly watch: RegionToken;
  readonly outboxes: readonly RegionToken[];
}

/** All regions of an engine, as one thread sees them. */
export class EngineMemory {
  readonly control: Control;
  readonly threads: ThreadSlots;
  readonly lock: ShardLock;
  readonly latency: LatencyBook;
  readonly rings: readonly FrameRing[];
  readonly nodeBook: NodeBook;
  readonly graphBook: GraphBook;
  readonly ids: Interner;
  readonly names: Interner;
  readonly nodes: NodeColumns;
  readonly graphs: GraphColumns;
  readonly undo: UndoSlots;
  readonly heaps: readonly ByteHeap[];
  readonly spatial: SpatialRegions;
  readonly graphRegions: GraphRegions;
  readonly catalog: CatalogRegions;
  readonly zones: ZoneColumns;
  readonly watch: WatchBook;
  readonly outboxes: readonly Outbox[];

  readonly #queries: ShardQueries[] = [];
  readonly #edges: ShardEdges[] = [];

  private constructor(
    parts: Omit<EngineMemory, 'shards' | 'token' | 'treesOf' | 'edgesOf' | 'zonesOf' | 'catalogOf' | 'queriesOf'>,
  ) {
    this.control = parts.control;
    this.threads = parts.threads;
    this.lock = parts.lock;
    this.latency = parts.latency;
    this.rings = parts.rings;
    this.nodeBook = parts.nodeBook;
    this.graphBook = parts.graphBook;
    this.ids = parts.ids;
    this.names = parts.names;
    this.nodes = parts.nodes;
    this.graphs = parts.graphs;
    this.undo = parts.undo;
    this.heaps = parts.heaps;
    this.spatial = parts.spatial;
    this.graphRegions = parts.graphRegions;
    this.catalog = parts.catalog;
    this.zones = parts.zones;
    this.watch = parts.watch;
    this.outboxes = parts.outboxes;
  }

  /** Main thread: reserves everything. */
  static create(memory: Memory, plan: MemoryPlan): EngineMemory {
    const { shards, nodeRows, graphRows } = plan;
    const format = new FrameFormat(plan.frameEvents, plan.payloadBytes);
    const each = <T>(make: (shard: number) => T): T[] => Array.from({ length: shards }, (_, shard) => make(shard));
    return new EngineMemory({
      control: Control.create(memory, { shards }),
      threads: ThreadSlots.create(memory),
      lock: ShardLock.create(memory, { shards }),
      latency: LatencyBook.create(memory),
      rings: each(() => FrameRing.create(memory, { slots: plan.slots, format })),
      nodeBook: NodeBook.create(memory, { rows: nodeRows, graphs: graphRows }),
      graphBook: createGraphBook(memory, { graphs: graphRows }),
      ids: Interner.create(memory, { capacity: nodeRows, heapBytes: plan.idBytes }),
      names: Interner.create(memory, { capacity: graphRows, heapBytes: plan.nameBytes }),
      nodes: createNodeColumns(memory, { rows: nodeRows }),
      graphs: createGraphColumns(memory, { graphs: graphRows, shards }),
      undo: UndoSlots.create(memory, { shards }),
      heaps: each(() => ByteHeap.create(memory, { bytes: plan.dataBytes })),
      spatial: SpatialRegions.create(memory, { rows: nodeRows, graphs: graphRows, shards, points: plan.nodes }),
      graphRegions: GraphRegions.create(memory, { rows: nodeRows, edges: plan.edges, shards }),
      catalog: CatalogRegions.create(memory, { graphs: graphRows, rows: nodeRows, shards }),
      zones: createZoneColumns(memory, { zones: plan.zoneRows, rows: nodeRows, graphs: graphRows, shards }),
      watch: WatchBook.create(memory, { graphs: graphRows }),
      outboxes: each(() => Outbox.create(memory, { slots: plan.outboxSlots })),
    });
  }

  static attach(token: MemoryToken): EngineMemory {
    return new EngineMemory({
      control: Control.attach(token.control),
      threads: ThreadSlots.attach(token.threads),
      lock: ShardLock.attach(token.lock),
      latency: LatencyBook.attach(token.latency),
      rings: token.rings.map((ring) => FrameRing.attach(ring)),
      nodeBook: NodeBook.attach(token.nodeBook),
      graphBook: attachGraphBook(token.graphBook),
      ids: Interner.attach(token.ids),
      names: Interner.attach(token.names),
      nodes: attachNodeColumns(token.nodes),
      graphs: attachGraphColumns(token.graphs),
      undo: UndoSlots.attach(token.undo),
      heaps: token.heaps.map((heap) => ByteHeap.attach(heap)),
      spatial: SpatialRegions.attach(token.spatial),
      graphRegions: GraphRegions.attach(token.edges),
      catalog: CatalogRegions.attach(token.catalog),
      zones: attachZoneColumns(token.zones),
      watch: WatchBook.attach(token.watch),
      outboxes: token.outboxes.map((outbox) => Outbox.attach(outbox)),
    });
  }

  get shards(): number {
    return this.control.shards;
  }

  get token(): MemoryToken {
    return {
      control: this.control.token,
      threads: this.threads.token,
      lock: this.lock.token,
      latency: this.latency.token,
      rings: this.rings.map((ring) => ring.token),
      nodeBook: this.nodeBook.token,
      graphBook: this.graphBook.token,
      ids: this.ids.token,
      names: this.names.token,
      nodes: this.nodes.token,
      graphs: this.graphs.token,
      undo: this.undo.token,
      heaps: this.heaps.map((heap) => heap.token),
      spatial: this.spatial.token,
      edges: this.graphRegions.token,
      catalog: this.catalog.token,
      zones: this.zones.token,
      watch: this.watch.token,
      outboxes: this.outboxes.map((outbox) => outbox.token),
    };
  }

  /** This thread's queries of a shard: one object for all who ask, since its loops are compiled for it. */
  queriesOf(shard: number): ShardQueries {
    const { options, radius } = this.graphs;
    const { kind, x, y, z } = this.nodes;
    this.#queries[shard] ??= new ShardQueries(this.spatial, shard, { options, radius, kind, x, y, z });
    return this.#queries[shard];
  }

  treesOf(shard: number): ShardIndex {
    return new ShardIndex(this.spatial, shard, this.graphs.options);
  }

  /** This thread's edges of a shard; likewise. */
  edgesOf(shard: number): ShardEdges {
    this.#edges[shard] ??= new ShardEdges(this.graphRegions, shard, this.nodes);
    return this.#edges[shard];
  }

  catalogOf(shard: number): ShardCatalog {
    return new ShardCatalog(this.catalog, shard, this.names, this.graphs);
  }

  zonesOf(shard: number): ShardZones {
    return new ShardZones(this.zones, shard, this.heaps[shard]!, this.graphs.born);
  }
}
