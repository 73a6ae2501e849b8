/** Private to a worker: nodes by distance, the nearest first. A node may be in it more than once; grows as it must. */
export class DistanceHeap {
  #keys = new Float64Array(1024);
  #nodes = new Uint32Array(1024);
  size = 0;

  /** Distance of the nearest; Infinity where there is none. */
  get least(): number {
    return this.size === 0 ? Number.POSITIVE_INFINITY : this.#keys[0]!;
  }

  push(distance: number, node: number): void {
    if (this.size === this.#keys.length) this.#grow();
    const keys = this.#keys;
    const nodes = this.#nodes;
    let at = this.size++;
    while (at > 0) {
      const above = (at - 1) >>> 1;
      if (keys[above]! <= distance) break;
      keys[at] = keys[above]!;
      nodes[at] = nodes[above]!;
      at = above;
    }
    keys[at] = distance;
    nodes[at] = node;
  }

  /** The nearest, which is no longer in it. Not to be asked of an empty one. */
  pop(): number {
    const keys = this.#keys;
    const nodes = this.#nodes;
    const popped = nodes[0]!;
    const size = --this.size;
    const distance = keys[size]!;
    const node = nodes[size]!;
    let at = 0;
    for (let below = 1; below < size; below = 2 * at + 1) {
      if (below + 1 < size && keys[below + 1]! < keys[below]!) below++;
      if (keys[below]! >= distance) break;
      keys[at] = keys[below]!;
      nodes[at] = nodes[below]!;
      at = below;
    }
    keys[at] = distance;
    nodes[at] = node;
    return popped;
  }

  #grow(): void {
    const keys = new Float64Array(2 * this.#keys.length);
    const nodes = new Uint32Array(2 * this.#nodes.length);
    keys.set(this.#keys);
    nodes.set(this.#nodes);
    this.#keys = keys;
    this.#nodes = nodes;
  }
}
