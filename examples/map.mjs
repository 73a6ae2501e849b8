// Many small graphs: a function of one's own, and ready-made statistics, for each of them on the worker threads.
import { createEngine, mapModules } from 'athanor';

const engine = await createEngine({ workers: 2 });

// A thousand molecules: rings of three to eight atoms, every other one with a tail.
for (let m = 0; m < 1000; m++) {
  const molecule = engine.graph(`molecule-${m}`);
  const atoms = 3 + (m % 6);
  for (let atom = 0; atom < atoms; atom++) {
    const angle = (2 * Math.PI * atom) / atoms;
    molecule.upsertNode(`a${atom}`, { x: Math.cos(angle), y: Math.sin(angle) });
    molecule.upsertEdge(`a${atom}`, `a${(atom + 1) % atoms}`);
  }
  if (m % 2 === 1) {
    molecule.upsertNode('tail', { x: 3 + m / 1000, y: 0 });
    molecule.upsertEdge('a0', 'tail');
  }
  if (m % 100 === 99) await engine.drained();
}
await engine.flush();

let best = { length: 0 };
const module = new URL('./modules/longest-bond.mjs', import.meta.url);
for await (const { graph, result } of engine.graphs.map(module)) {
  if (result.length > best.length) best = { graph, ...result };
}
console.log('longest bond:', best.graph, best.between.join('–'), best.length.toFixed(3));

const total = { nodes: 0, edges: 0, triangles: 0 };
for await (const { result } of engine.graphs.map(mapModules.summary, { data: { undirected: true } })) {
  for (const name of Object.keys(total)) total[name] += result[name];
}
console.log(total.nodes, 'atoms,', total.edges, 'bonds,', total.triangles, 'triangles');

await engine.close();
