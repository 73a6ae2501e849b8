// Zones: who enters a harbour and who leaves it, and which ships come near each other.
import { createEngine } from 'athanor';

const engine = await createEngine();
const ships = engine.graph('ships', { metric: 'haversine' }); // x: longitude, y: latitude; distances in metres
ships.setZone('harbour', { type: 'circle', x: 4.05, y: 51.95, radius: 3000 });

const harbour = ships.watch(); // from here on
const meetings = ships.watchRoaming({ radius: 500 });

ships.moveNode('Aurora', 4.2, 51.95);
ships.moveNode('Boreas', 4.05, 51.95);
ships.moveNode('Aurora', 4.051, 51.95);
ships.moveNode('Boreas', 3.9, 51.95);

for await (const { detect, node, zone } of harbour) {
  console.log(node, detect, zone);
  if (detect === 'exit') break;
}
for await (const { detect, node, other, distance } of meetings) {
  console.log(node, detect, other, `${distance.toFixed(0)} m`);
  if (detect === 'faraway') break;
}
await engine.close();
