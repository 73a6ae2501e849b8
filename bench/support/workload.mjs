/** The index workload that other programs use too, so that figures can be compared. */
export function xorshift32(seed) {
  let x = seed | 0;
  return () => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return (x >>> 0) / 4294967296;
  };
}

export const POINT_SEED = 0x9e3779b9;
export const QUERY_SEED = 0x85ebca6b;
export const MOVE_SEED = 0xc2b2ae35;
export const SIDE = 1000;

export function places(count, seed) {
  const next = xorshift32(seed);
  const x = new Float64Array(count);
  const y = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    x[i] = next() * SIDE;
    y[i] = next() * SIDE;
  }
  return { x, y };
}

/** Points round 200 places, as harbours or towns. */
export function clustered(count) {
  const next = xorshift32(POINT_SEED);
  const middles = Array.from({ length: 200 }, () => [next() * SIDE, next() * SIDE]);
  const points = { x: new Float64Array(count), y: new Float64Array(count) };
  for (let i = 0; i < count; i++) {
    const [x, y] = middles[(next() * middles.length) | 0];
    points.x[i] = x + (next() + next() - 1) * 10;
    points.y[i] = y + (next() + next() - 1) * 10;
  }
  return points;
}

/** One round of moves: each coordinate by at most half a unit, reflected at the borders. */
export function round(points, next) {
  const { x, y } = points;
  for (let i = 0; i < x.length; i++) {
    x[i] = reflect(x[i] + next() - 0.5);
    y[i] = reflect(y[i] + next() - 0.5);
  }
}

function reflect(value) {
  return value < 0 ? -value : value > SIDE ? 2 * SIDE - value : value;
}
