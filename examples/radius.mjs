// Radius queries on moving things: who is near, while they move.
import { createEngine } from 'athanor';

const engine = await createEngine();
const taxis = engine.graph('taxis');

taxis.upsertNode('taxi-1', { x: 0, y: 0, kind: 'free' });
taxis.upsertNode('taxi-2', { x: 300, y: 400, kind: 'free' });
taxis.upsertNode('taxi-3', { x: 30, y: 40, kind: 'taken' });
await engine.flush();
console.log('within 100 m:', taxis.within({ x: 0, y: 0, radius: 100 }).ids().join(' '));

taxis.moveNode('taxi-2', 6, 8);
taxis.removeNode('taxi-1');
await engine.flush();
const nearest = taxis.nearest({ x: 0, y: 0, k: 1, kind: 'free' });
console.log('nearest free:', nearest.ids()[0], 'at', nearest.distances[0], 'm');

await engine.close();
