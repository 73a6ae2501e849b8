import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { asyncBufferFromFile, parquetRead } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { expect, test } from 'vitest';
import { FlightData } from '../../dist/src/cli/flights/data.js';
import { createEngine } from '../../dist/src/index.js';

const METRES_PER_MILE = 1609.344;
const ROWS = 20_000;

interface Row {
  origin: string;
  destination: string;
  /** In miles, as the airlines report it. */
  distance: bigint;
}

async function rows(): Promise<Row[]> {
  const main = fileURLToPath(import.meta.resolve('vega-datasets'));
  const file = await asyncBufferFromFile(join(dirname(dirname(main)), 'data/flights-3m.parquet'));
  const columns = ['origin', 'destination', 'distance'];
  return new Promise((resolve, reject) => {
    const onComplete = (found: Array<Record<string, unknown>>): void => resolve(found as unknown as Row[]);
    parquetRead({ file, compressors, columns, rowStart: 0, rowEnd: ROWS, rowFormat: 'object', onComplete }).catch(
      reject,
    );
  });
}

test('great-circle distances are those that the airlines report, within half a percent in the median', async () => {
  const data = await FlightData.open();
  await using engine = await createEngine({ workers: 1, capacity: { graphs: 10, nodes: 10_000, edges: 10 } });
  const airports = engine.graph('airports', { metric: 'haversine' });
  for (const { iata, longitude: x, latitude: y } of data.airports) airports.upsertNode(iata, { x, y });
  await engine.flush();
  const reported = new Map<string, Map<string, number>>();
  for (const { origin, destination, distance } of await rows()) {
    if (!reported.has(origin)) reported.set(origin, new Map());
    reported.get(origin)!.set(destination, Number(distance) * METRES_PER_MILE);
  }
  const errors: number[] = [];
  for (const [origin, destinations] of reported) {
    const { longitude: x, latitude: y } = data.airports[data.airport(origin)]!;
    const all = airports.nearest({ x, y, k: data.airports.length });
    all.ids().forEach((id, i) => {
      const metres = destinations.get(String(id));
      if (metres !== undefined) errors.push(Math.abs(all.distances![i]! / metres - 1));
    });
  }
  expect(errors.length).toBeGreaterThan(2000);
  errors.sort((a, b) => a - b);
  expect(errors[errors.length >> 1]).toBeLessThan(0.005);
});
