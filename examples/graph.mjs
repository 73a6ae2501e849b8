// A graph and what can be asked of all of it at once: ranks, components, and the shortest way between two nodes.
import { createEngine } from 'athanor';

const FERRIES = [
  ['Piraeus', 'Naxos', 190],
  ['Naxos', 'Santorini', 85],
  ['Santorini', 'Heraklion', 130],
  ['Piraeus', 'Heraklion', 315],
  ['Heraklion', 'Piraeus', 315],
  ['Santorini', 'Piraeus', 235],
  ['Kavala', 'Thasos', 32],
  ['Thasos', 'Kavala', 32],
];

const engine = await createEngine();
const ferries = engine.graph('ferries');
for (const [from, to, km] of FERRIES) ferries.upsertEdge(from, to, { weight: km });
await engine.flush();

const ranks = await ferries.pageRank();
console.log(
  'ranks:',
  ranks.top(3).map(([port, rank]) => `${port} ${rank.toFixed(3)}`),
);

const components = await ferries.weaklyConnectedComponents();
const seas = new Set(components.values);
console.log(seas.size, 'seas;', 'Thasos is in that of', ferries.id(components.get('Thasos')));

const way = await ferries.shortestPath('Naxos', 'Heraklion');
console.log(`${way.nodes.join(' → ')}: ${way.length} km`);
console.log('to Thasos:', await ferries.shortestPath('Naxos', 'Thasos'));

await engine.close();
