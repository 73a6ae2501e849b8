// Longitude and latitude: circles across the antimeridian, many questions at once, and a map's level of detail.
import { createEngine } from 'athanor';

const engine = await createEngine();
const places = engine.graph('places', { metric: 'haversine' });
for (const [name, longitude, latitude] of [
  ['Suva', 178.44, -18.14],
  ['Apia', -171.77, -13.83],
  ['Auckland', 174.76, -36.85],
  ['Honolulu', -157.86, 21.31],
]) {
  places.moveNode(name, longitude, latitude);
}
await engine.flush();

const round = places.within({ x: 180, y: -16, radius: 1_000_000, sort: 'distance' });
console.log(
  round.ids(),
  Array.from(round.distances, (metres) => `${(metres / 1000).toFixed(0)} km`),
);
console.log(places.withinBox({ minX: 170, minY: -40, maxX: -165, maxY: -10 }).ids());

const x = Float64Array.of(0, 180);
const y = Float64Array.of(90, 0);
const { offsets, handles, distances } = await places.nearestMany({ x, y, k: 2 }); // on the worker threads
for (let i = 0; i < x.length; i++) {
  const near = Array.from(handles.subarray(offsets[i], offsets[i + 1]), (handle) => places.id(handle));
  console.log(`nearest to ${x[i]},${y[i]}:`, near, distances.slice(offsets[i], offsets[i + 1]));
}

for (const { column, row, count } of places.clusters({ minX: -180, minY: -90, maxX: 180, maxY: 90, cellSize: 90 })) {
  console.log(`cell ${column},${row}: ${count}`);
}
await engine.close();
