import { resolve } from 'node:path';
import type { Engine } from '../../../dist/src/index.js';

export const moduleOf = (name: string): string => resolve(import.meta.dirname, `${name}.mjs`);
export const behaves = moduleOf('behaves');

/** Graphs `g0` and up; graph i is a path of i % 7 + 1 nodes. */
export async function filled(engine: Engine, graphs: number): Promise<void> {
  for (let g = 0; g < graphs; g++) {
    const graph = engine.graph(`g${g}`);
    graph.upsertNode(0);
    for (let node = 0; node < g % 7; node++) graph.upsertEdge(node, node + 1);
    if (g % 100 === 99) await engine.drained();
  }
  await engine.flush();
}

export const orderOf = (name: string): number => (Number(name.slice(1)) % 7) + 1;

/** Takes all results, and what graphs failed with. */
export async function taken<R>(
  results: AsyncIterableIterator<{ graph: string; result: R }>,
): Promise<{ results: Map<string, R>; errors: Error[] }> {
  const all = new Map<string, R>();
  const errors: Error[] = [];
  for (;;) {
    try {
      const { done, value } = await results.next();
      if (done) return { results: all, errors };
      if (all.has(value.graph)) throw new Error(`${value.graph} comes twice`);
      all.set(value.graph, value.result);
    } catch (error) {
      if ((error as { code?: string }).code !== 'ATHANOR_MAP_FAILED') throw error;
      errors.push(error as Error);
    }
  }
}
