// A stream of events with back-pressure: the producer waits when the rings are full.
import { createEngine } from 'athanor';

async function* sensor(readings) {
  for (let i = 0; i < readings; i++) {
    yield {
      type: 'node.moved',
      graph: 'buoys',
      node: `buoy-${i % 50}`,
      x: i % 97,
      y: i % 89,
      time: 1_700_000_000_000 + i,
    };
  }
}

const engine = await createEngine({ batch: { maxInFlight: 4 } });
const published = await engine.ingest(sensor(20_000));
await engine.flush();
const { applied, rejected } = engine.stats();
console.log(published, 'published,', applied, 'applied,', rejected, 'rejected,', engine.graph('buoys').order, 'buoys');

await engine.close();
