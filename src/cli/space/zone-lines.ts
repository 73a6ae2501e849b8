import type { ZoneEvent } from '../../index.js';
import { formatCount, printable } from '../format.js';

/** Lines in one stretch: more than anybody reads. */
const LINES = 20;
const STRETCH_MS = 1000;

/** Tells people of zone events while they come: a few a second, and how many more there were. Holds nothing. */
export class ZoneLines {
  readonly #write: (text: string) => void;
  readonly #now: () => number;
  #from = Number.NEGATIVE_INFINITY;
  #told = 0;
  #more = 0;

  constructor(write: (text: string) => void, now: () => number = () => performance.now()) {
    this.#write = write;
    this.#now = now;
  }

  tell(graph: string, { zone, node, detect, x, y, time }: ZoneEvent): void {
    const now = this.#now();
    if (now - this.#from >= STRETCH_MS) {
      this.#tellMore();
      this.#from = now;
      this.#told = 0;
    }
    if (this.#told === LINES) {
      this.#more++;
      return;
    }
    this.#told++;
    const at = new Date(time).toISOString().slice(0, 19).replace('T', ' ');
    this.#write(
      `${at}  ${detect.padEnd(6)}  ${printable(`${zone}  ${node} of ${graph}`)} at (${short(x)},${short(y)})\n`,
    );
  }

  end(): void {
    this.#tellMore();
  }

  #tellMore(): void {
    if (this.#more > 0) this.#write(`… and ${formatCount(this.#more)} more, counted but not shown\n`);
    this.#more = 0;
  }
}

/** Degrees to the decimetre. */
function short(coordinate: number): number {
  return Number(coordinate.toPrecision(9));
}
