import type { EngineOptions } from '../base/types.js';
import { addressSpace } from '../memory/address-space.js';
import { Memory, memoryBytesLimit } from '../memory/reserve.js';
import { Histogram } from '../observe/histogram.js';
import { EngineMemory } from '../pool/engine-memory.js';
import { nodeWorld } from '../pool/node-world.js';
import type { PoolEvents, World } from '../pool/pool.js';
import { EdgeBudget } from '../publish/edge-budget.js';
import { DECLARATION_BYTES } from '../publish/event-writer.js';
import { EventPublisher } from '../publish/events.js';
import { GraphRefs } from '../publish/graph-refs.js';
import { GraphTable } from '../publish/graph-table.js';
import { KindTable } from '../publish/kinds.js';
import { NodeTable } from '../publish/node-table.js';
import { Room } from '../publish/room.js';
import { createScratch } from '../publish/scratch.js';
import { ShardWriter } from '../publish/shard-writer.js';
import { Count } from '../schedule/control.js';
import { Scheduler } from '../schedule/scheduler.js';
import { Caretaker } from './caretaker.js';
import { EngineCore } from './core.js';
import { Engine } from './engine.js';
import { fitCapacity } from './fit-memory.js';
import { planMemory } from './memory-plan.js';
import { type ResolvedOptions, resolveOptions } from './options.js';

/** An engine, once its first worker has started. `world` is another than Node's in simulations alone. */
export async function makeEngine(
  options?: EngineOptions,
  world: (memory: EngineMemory, events: PoolEvents, options: ResolvedOptions) => World = nodeWorld,
): Promise<Engine> {
  const asked = resolveOptions(options);
  const resolved = { ...asked, capacity: fitCapacity(asked, addressSpace(), memoryBytesLimit()) };
  const ledger = new Memory('lower the option capacity, or shards', 'sharing');
  const plan = planMemory(resolved, DECLARATION_BYTES);
  const memory = EngineMemory.create(ledger, plan);
  const { shards } = plan;
  const batches = new Histogram();
  const room = new Room();
  let core: EngineCore | undefined;
  let caretaker: Caretaker | undefined;
  const { pool, host } = world(
    memory,
    {
      applierEnded: () => caretaker?.look(),
      workerLost: (thread, reason) => {
        core?.jobs.release(thread, reason);
        caretaker?.recover(thread);
      },
      cannotStart: (reason) => caretaker?.giveUp(reason),
    },
    resolved,
  );
  const writers = memory.rings.map(
    (ring, shard) => new ShardWriter(shard, ring, memory.heaps[shard]!, room, (events) => batches.record(events)),
  );
  const { control } = memory;
  const scheduler = new Scheduler({
    control,
    host,
    limits: resolved.batch,
    targets: writers,
    workers: resolved.workers,
    active: () => pool.active,
  });
  const scratch = createScratch(ledger, { rows: plan.nodeRows, graphs: plan.graphRows });
  const graphs = new GraphTable({
    names: memory.names,
    book: memory.graphBook,
    use: scratch.graphUse,
    shards,
    capacity: resolved.capacity.graphs,
    reserved: plan.graphRows,
    room,
  });
  const nodes = new NodeTable({
    ids: memory.ids,
    book: memory.nodeBook,
    boundEpoch: scratch.boundEpoch,
    removalStamps: scratch.removalStamps,
    attention: scratch.attention,
    nodes: resolved.capacity.nodes,
    reserved: plan.nodeRows,
    shards,
    shardOfGraph: (graph) => graphs.shardOf(graph),
    room,
  });
  const sum = (word: number): number => {
    let total = 0;
    for (let shard = 0; shard < shards; shard++) total += control.counts[shard * Count.stride + word]!;
    return total;
  };
  const edges = memory.rings.map((_, shard) => memory.edgesOf(shard));
  // A shard whose frames are applied and whose removed things are reclaimed: what is there is live.
  const isSettled = (writer: ShardWriter): boolean =>
    writer.isStill && !graphs.isLeaving && edges[writer.shard]!.pendingCascades === 0;
  for (const writer of writers) writer.isSettled = () => isSettled(writer);
  const publisher = new EventPublisher({
    nodes,
    graphs,
    refs: new GraphRefs(graphs),
    kinds: new KindTable(),
    writers,
    edgeBudget: new EdgeBudget({
      capacity: resolved.capacity.edges,
      edges: () => edges.reduce((total, shard) => total + shard.count, 0),
      upsertsApplied: () => sum(Count.edgeUpserts),
      exists: (shard, source, target, kind) => core!.edgeExists(shard, source, target, kind),
      isSettled: () => writers.every(isSettled),
      room,
    }),
    room,
    scheduler,
    clock: resolved.clock,
    host,
    maxPayloadBytes: resolved.maxPayloadBytes,
    zones: resolved.capacity.zones,
  });
  core = new EngineCore({
    options: resolved,
    ledger,
    memory,
    publisher,
    scheduler,
    pool,
    host,
    look: () => caretaker?.look(),
  });
  caretaker = new Caretaker(core);
  try {
    await pool.ready();
  } catch (error) {
    await pool.close();
    throw error;
  }
  return new Engine(core, caretaker, batches);
}

/** Starts an engine: reserves its memory and starts its worker threads. */
export function createEngine(options?: EngineOptions): Promise<Engine> {
  return makeEngine(options);
}
