// A live graph: edges as they happen, neighbours and degrees at any moment.
import { createEngine } from 'athanor';

const engine = await createEngine();
const calls = engine.graph('calls');

engine.publish([
  { type: 'edge.upserted', graph: 'calls', source: 'ann', target: 'bob', kind: 'voice', weight: 3 },
  { type: 'edge.upserted', graph: 'calls', source: 'ann', target: 'cid', kind: 'text' },
  { type: 'edge.upserted', graph: 'calls', source: 'cid', target: 'ann', kind: 'text' },
]);
await engine.flush();
console.log('ann knows', calls.neighbors('ann').ids().join(' and '), 'by', calls.degree('ann'), 'edges');

calls.removeNode('cid');
await engine.flush();
console.log('without cid:', calls.size, 'edge left, of weight', calls.edge('ann', 'bob', { kind: 'voice' }).weight);

await engine.close();
