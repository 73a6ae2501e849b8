// Columns: a hundred thousand moves in one call, without an object for any of them.
import { createEngine } from 'athanor';

const COUNT = 100_000;
const engine = await createEngine();
const swarm = engine.graph('swarm');

const handles = swarm.handles(Array.from({ length: COUNT }, (_, i) => `drone-${i}`));
const x = Float64Array.from({ length: COUNT }, (_, i) => i % 1000);
const y = Float64Array.from({ length: COUNT }, (_, i) => Math.floor(i / 1000));

let accepted = 0;
while (accepted < COUNT) {
  accepted += swarm.moveNodes(handles.subarray(accepted), x.subarray(accepted), y.subarray(accepted));
  if (accepted < COUNT) await engine.drained();
}
await engine.flush();
console.log(swarm.order, 'drones,', swarm.within({ x: 500, y: 50, radius: 5 }).length, 'within 5 of the middle');

await engine.close();
