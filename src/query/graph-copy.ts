/** Room that a copy begins with: graphs of so many nodes and edges never make it grow. */
const FIRST_ROOM = 256;

/**
 * One graph, copied from shared memory: nodes in the order of the walk, and behind each other the edges that leave them. A
 * thread has one, and uses it for one graph after the other: its arrays are as long as the largest of them asked for.
 */
export class GraphCopy {
  name = '';
  /** Nodes, and edges. */
  order = 0;
  size = 0;
  /** Whether any node has any coordinate. */
  placed = false;
  /** By node: its row, and its coordinates, NaN where it has none; these are there when `placed`. */
  rows: Uint32Array = new Uint32Array(FIRST_ROOM);
  x: Float64Array = new Float64Array(FIRST_ROOM);
  y: Float64Array = new Float64Array(FIRST_ROOM);
  z: Float64Array = new Float64Array(FIRST_ROOM);
  /** By node: where its edges end; they begin where those of the node before end. */
  ends: Uint32Array = new Uint32Array(FIRST_ROOM);
  /** By edge: the row that it leads to, its kind's number and its weight. */
  targets: Uint32Array = new Uint32Array(FIRST_ROOM);
  kinds: Uint32Array = new Uint32Array(FIRST_ROOM);
  weights: Float64Array = new Float64Array(FIRST_ROOM);

  begin(name: string): void {
    this.name = name;
    this.order = 0;
    this.size = 0;
    this.placed = false;
  }

  /** Room for one more node. */
  growNodes(): void {
    this.rows = larger(this.rows, Uint32Array);
    this.ends = larger(this.ends, Uint32Array);
    this.x = larger(this.x, Float64Array);
    this.y = larger(this.y, Float64Array);
    this.z = larger(this.z, Float64Array);
  }

  /** Room for `edges` in all. */
  growEdges(edges: number): void {
    const room = Math.max(edges, 2 * this.targets.length);
    this.targets = larger(this.targets, Uint32Array, room);
    this.kinds = larger(this.kinds, Uint32Array, room);
    this.weights = larger(this.weights, Float64Array, room);
  }

  /** Forgets arrays that a large graph made long: the next are small again. */
  trim(mostBytes: number): void {
    if (this.rows.length * 32 > mostBytes) {
      this.rows = new Uint32Array(FIRST_ROOM);
      this.ends = new Uint32Array(FIRST_ROOM);
      this.x = new Float64Array(FIRST_ROOM);
      this.y = new Float64Array(FIRST_ROOM);
      this.z = new Float64Array(FIRST_ROOM);
    }
    if (this.targets.length * 16 > mostBytes) {
      this.targets = new Uint32Array(FIRST_ROOM);
      this.kinds = new Uint32Array(FIRST_ROOM);
      this.weights = new Float64Array(FIRST_ROOM);
    }
  }
}

function larger<T extends Uint32Array | Float64Array>(
  array: T,
  type: new (length: number) => T,
  room = 2 * array.length,
): T {
  const grown = new type(room);
  grown.set(array);
  return grown;
}
