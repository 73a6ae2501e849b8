import type { Engine } from '../../dist/src/engine/engine.js';
import { makeEngine } from '../../dist/src/engine/make-engine.js';
import type { EngineOptions } from '../../dist/src/index.js';
import type { EngineMemory } from '../../dist/src/pool/engine-memory.js';
import { nodeWorld } from '../../dist/src/pool/node-world.js';
import { GraphState } from '../../dist/src/project/graph-columns.js';

/** An engine with real threads, and what makes the clock of its main thread jump: rows come back as soon as a test says so. */
export interface Jumping {
  readonly engine: Engine;
  /** Freed rows of nodes and graphs may be used again; all that was published is applied. */
  readonly rowsComeBack: () => Promise<void>;
}

/** Longer than a quarantine. */
const JUMP_MS = 1500;

export async function jumpingEngine(options: EngineOptions): Promise<Jumping> {
  let aheadMs = 0;
  let graphs!: EngineMemory['graphs'];
  const engine = await makeEngine(options, (memory, events, resolved) => {
    graphs = memory.graphs;
    const { host, pool } = nodeWorld(memory, events, resolved);
    return { pool, host: { ...host, now: () => host.now() + aheadMs } };
  });
  const rowsComeBack = async (): Promise<void> => {
    // A flush looks after what is removed; a graph is reclaimed by its worker before, and its nodes are freed with it.
    for (let turn = 0; turn < 3; turn++) {
      await engine.flush();
      while (graphs.state.includes(GraphState.dead)) await new Promise((resolve) => setTimeout(resolve, 1));
      aheadMs += JUMP_MS;
    }
    await engine.flush();
  };
  return { engine, rowsComeBack };
}
