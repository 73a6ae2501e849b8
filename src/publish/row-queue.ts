/** Main thread. Rows, first in, first out; doubles when full. An array's `shift` moves all that is left of a long one. */
export class RowQueue {
  #rows = new Uint32Array(256);
  #first = 0;
  length = 0;

  push(row: number): void {
    if (this.length === this.#rows.length) {
      this.#rows = unrolled(this.#rows, this.#first, new Uint32Array(this.#rows.length * 2));
      this.#first = 0;
    }
    this.#rows[(this.#first + this.length) & (this.#rows.length - 1)] = row;
    this.length++;
  }

  shift(): number {
    const row = this.#rows[this.#first]!;
    this.#first = (this.#first + 1) & (this.#rows.length - 1);
    this.length--;
    return row;
  }
}

/** As RowQueue, with the time of each push: seconds apart, so times are kept as float64 beside the rows. */
export class TimedRowQueue {
  #rows = new Uint32Array(256);
  #times = new Float64Array(256);
  #first = 0;
  length = 0;

  get firstMs(): number {
    return this.#times[this.#first]!;
  }

  push(row: number, timeMs: number): void {
    if (this.length === this.#rows.length) {
      this.#rows = unrolled(this.#rows, this.#first, new Uint32Array(this.length * 2));
      this.#times = unrolled(this.#times, this.#first, new Float64Array(this.length * 2));
      this.#first = 0;
    }
    const at = (this.#first + this.length) & (this.#rows.length - 1);
    this.#rows[at] = row;
    this.#times[at] = timeMs;
    this.length++;
  }

  shift(): number {
    const row = this.#rows[this.#first]!;
    this.#first = (this.#first + 1) & (this.#rows.length - 1);
    this.length--;
    return row;
  }
}

/** Copies a full ring buffer into a larger one, its first element first. */
function unrolled<A extends Uint32Array | Float64Array>(from: A, first: number, to: A): A {
  to.set(from.subarray(first));
  to.set(from.subarray(0, first), from.length - first);
  return to;
}
