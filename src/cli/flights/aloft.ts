import type { FlightPaths } from './paths.js';

/**
 * The flights in the air as columns, in no order: a handle, a position in the paths, where the path ends, and the id.
 * A tick walks them once; a landed flight's place is taken by the last.
 */
export class Aloft {
  count = 0;
  /** Of the flights aloft after `tick`, the first `count`: handle, x and y. */
  handles = new Uint32Array(2048);
  x = new Float64Array(2048);
  y = new Float64Array(2048);
  time = new Float64Array(2048);
  #cursor = new Int32Array(2048);
  #end = new Int32Array(2048);
  readonly #ids: string[] = [];
  readonly #paths: FlightPaths;

  constructor(paths: FlightPaths) {
    this.#paths = paths;
  }

  add(id: string, handle: number, slot: number): void {
    if (this.count === this.handles.length) this.#grow();
    this.handles[this.count] = handle;
    this.#cursor[this.count] = this.#paths.start[slot]!;
    this.#end[this.count] = this.#paths.end[slot]!;
    this.#ids[this.count++] = id;
  }

  /** Takes every flight to its position at `time`; puts the ids of those that have landed by then into `landed`. */
  tick(time: number, landed: string[]): void {
    const { handles, x, y } = this;
    const [cursor, end, ids] = [this.#cursor, this.#end, this.#ids];
    const [pathX, pathY] = [this.#paths.x, this.#paths.y];
    let count = this.count;
    for (let i = 0; i < count; ) {
      const at = cursor[i]!;
      if (at === end[i]) {
        landed.push(ids[i]!);
        count--;
        handles[i] = handles[count]!;
        cursor[i] = cursor[count]!;
        end[i] = end[count]!;
        ids[i] = ids[count]!;
        continue;
      }
      x[i] = pathX[at]!;
      y[i] = pathY[at]!;
      cursor[i] = at + 1;
      i++;
    }
    ids.length = this.count = count;
    this.time.fill(time, 0, count);
  }

  #grow(): void {
    const length = this.handles.length * 2;
    const wider = <T extends Float64Array | Uint32Array | Int32Array>(to: T, from: T): T => {
      to.set(from);
      return to;
    };
    this.handles = wider(new Uint32Array(length), this.handles);
    this.x = wider(new Float64Array(length), this.x);
    this.y = wider(new Float64Array(length), this.y);
    this.time = wider(new Float64Array(length), this.time);
    this.#cursor = wider(new Int32Array(length), this.#cursor);
    this.#end = wider(new Int32Array(length), this.#end);
  }
}
