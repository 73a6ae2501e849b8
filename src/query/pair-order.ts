/** Points that a chunk sorts. */
export const CHUNK_POINTS = 4096;
/** Cells of a Hilbert curve along an axis, the last of which points at the far border alone are in. */
const CURVE_SIDE = 4095;
const CURVE_BITS = 12;

/** A snapshot of points, and what it becomes in the order of a Hilbert curve. All arrays are over shared memory. */
export interface PairPoints {
  readonly points: number;
  readonly dims: number;
  /** The snapshot: node rows; `dims` coordinates of each. */
  readonly givenRows: Uint32Array;
  readonly givenPositions: Float64Array;
  /** Least and greatest x, least and greatest y. */
  readonly bounds: Float64Array;
  /** Buckets of cells that follow each other on a curve through all points: that of each point, and how many by key chunk. */
  readonly buckets: Uint32Array;
  readonly counts: Uint32Array;
  readonly places: Uint32Array;
  /** The snapshot by bucket. */
  readonly looseRows: Uint32Array;
  readonly loosePositions: Float64Array;
  /** The same, in the order of the groups: what the join reads. */
  readonly rows: Uint32Array;
  readonly positions: Float64Array;
}

/** Buckets of about a thousand points. */
export function bucketsOf(points: number): number {
  return 2 ** Math.max(0, Math.min(2 * CURVE_BITS, Math.round(Math.log2(points / 1024))));
}

/** At most 256: counts are kept by chunk and bucket. */
export function keyChunks(points: number): number {
  return Math.ceil(points / keyChunkPoints(points));
}

function keyChunkPoints(points: number): number {
  return Math.max(CHUNK_POINTS, Math.ceil(points / 256));
}

/** Place of a cell on the Hilbert curve. */
function curveOf(cellX: number, cellY: number): number {
  let x = cellX;
  let y = cellY;
  let place = 0;
  for (let bit = 1 << (CURVE_BITS - 1); bit > 0; bit >>= 1) {
    const right = (x & bit) !== 0 ? 1 : 0;
    const top = (y & bit) !== 0 ? 1 : 0;
    place = place * 4 + ((3 * right) ^ top);
    if (top === 1) continue;
    // The lower quarters are mirrored, the right one turned as well.
    if (right === 1) {
      x = ~x;
      y = ~y;
    }
    const swapped = x;
    x = y;
    y = swapped;
  }
  return place;
}

/**
 * Worker thread. Puts points in the order of a curve, by x and y alone, which is enough to keep neighbours together: a
 * counting sort into buckets, and each chunk of 4,096 by itself. Chunks are repeatable: each step reads one set of arrays
 * and writes another.
 */
export class PairOrder {
  readonly #points: PairPoints;
  readonly #keys = new Float64Array(CHUNK_POINTS);

  constructor(points: PairPoints) {
    this.#points = points;
  }

  /** The bucket of each of the chunk's points, and how many are in each. */
  key(chunk: number): void {
    const { points, dims, givenPositions, bounds, buckets, counts } = this.#points;
    const number = bucketsOf(points);
    const shift = 2 * CURVE_BITS - Math.log2(number);
    const each = keyChunkPoints(points);
    const end = Math.min(points, (chunk + 1) * each);
    const [minX, maxX, minY, maxY] = [bounds[0]!, bounds[1]!, bounds[2]!, bounds[3]!];
    const scaleX = CURVE_SIDE / (maxX / 2 - minX / 2 || 1);
    const scaleY = CURVE_SIDE / (maxY / 2 - minY / 2 || 1);
    const first = chunk * number;
    counts.fill(0, first, first + number);
    for (let i = chunk * each; i < end; i++) {
      const x = ((givenPositions[i * dims]! / 2 - minX / 2) * scaleX) | 0;
      const y = ((givenPositions[i * dims + 1]! / 2 - minY / 2) * scaleY) | 0;
      const bucket = curveOf(x, y) >>> shift;
      buckets[i] = bucket;
      counts[first + bucket]!++;
    }
  }

  /** After `key` of all chunks: where each chunk's points of each bucket go, behind lower buckets and chunks before. */
  place(): void {
    const { points, counts, places } = this.#points;
    const number = bucketsOf(points);
    const end = keyChunks(points) * number;
    let at = 0;
    for (let bucket = 0; bucket < number; bucket++) {
      for (let of = bucket; of < end; of += number) {
        places[of] = at;
        at += counts[of]!;
      }
    }
  }

  scatter(chunk: number): void {
    const { points, dims, givenRows, givenPositions, buckets, looseRows, loosePositions } = this.#points;
    const number = bucketsOf(points);
    // A copy: the chunk may be done again.
    const places = this.#points.places.slice(chunk * number, (chunk + 1) * number);
    const each = keyChunkPoints(points);
    const end = Math.min(points, (chunk + 1) * each);
    for (let i = chunk * each; i < end; i++) {
      const to = places[buckets[i]!]!++;
      looseRows[to] = givenRows[i]!;
      for (let axis = 0; axis < dims; axis++) loosePositions[to * dims + axis] = givenPositions[i * dims + axis]!;
    }
  }

  /** Puts the chunk's points in the order of a curve; by x and y alone, which is enough to keep neighbours together. */
  sort(chunk: number): void {
    const { points, dims, looseRows, loosePositions, rows, positions } = this.#points;
    const first = chunk * CHUNK_POINTS;
    const count = Math.min(points - first, CHUNK_POINTS);
    let minX = Number.POSITIVE_INFINITY;
    let minY = Number.POSITIVE_INFINITY;
    let maxX = Number.NEGATIVE_INFINITY;
    let maxY = Number.NEGATIVE_INFINITY;
    for (let i = first; i < first + count; i++) {
      const x = loosePositions[i * dims]!;
      const y = loosePositions[i * dims + 1]!;
      if (x < minX) minX = x;
      if (x > maxX) maxX = x;
      if (y < minY) minY = y;
      if (y > maxY) maxY = y;
    }
    // Halved: the difference of two finite numbers may be infinite. Of a side without length every point is at 0.
    const scaleX = CURVE_SIDE / (maxX / 2 - minX / 2 || 1);
    const scaleY = CURVE_SIDE / (maxY / 2 - minY / 2 || 1);
    const keys = this.#keys.subarray(0, count);
    for (let i = 0; i < count; i++) {
      const x = ((loosePositions[(first + i) * dims]! / 2 - minX / 2) * scaleX) | 0;
      const y = ((loosePositions[(first + i) * dims + 1]! / 2 - minY / 2) * scaleY) | 0;
      keys[i] = curveOf(x, y) * CHUNK_POINTS + i;
    }
    keys.sort();
    for (let i = 0; i < count; i++) {
      const from = first + (keys[i]! % CHUNK_POINTS);
      rows[first + i] = looseRows[from]!;
      for (let axis = 0; axis < dims; axis++)
        positions[(first + i) * dims + axis] = loosePositions[from * dims + axis]!;
    }
  }
}
