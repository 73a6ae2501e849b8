import RBush from 'rbush';
import type { Space } from './space.js';
import { shortWay } from './ways.js';
import type { Zone } from './zone.js';

/** A zone's box in the tree; on the sphere one across the antimeridian has two. */
interface Item {
  readonly minX: number;
  readonly minY: number;
  readonly maxX: number;
  readonly maxY: number;
  readonly zone: Zone;
}

/** The reach of look-ups shrinks where they find more than this many zones near by, and grows where they find none. */
const MANY_NEAR = 6;
/** Beyond this, squares overflow. */
const MOST_REACH = 1e150;
/** Degrees: any two positions so near to a third are on one half of the sphere. */
const MOST_REACH_ON_SPHERE = 45;

/** The zones of one graph in one thread: a cache of what the zone columns say. */
export class GraphZones {
  /** Value of the graph's version column that this is up to date with. */
  version = 0;
  /** Publish sequence of the graph's creation: its row may have become another graph's. */
  readonly born: number;
  readonly space: Space;
  readonly zones = new Map<number, Zone>();
  /** What the last query found: the first `foundCount` of it. */
  readonly found: Zone[] = [];
  foundCount = 0;
  /** How far from a node zones are looked for when its safe ball is computed. */
  reach: number;
  readonly #tree = new RBush<Item>();
  readonly #items = new Map<Zone, Item[]>();
  #stamp = 0;
  #leastReach = 0;

  constructor(space: Space, born: number) {
    this.space = space;
    this.born = born;
    this.reach = 0;
  }

  load(zones: readonly Zone[]): void {
    const items: Item[] = [];
    for (const zone of zones) {
      // It may have stood in another tree.
      zone.stamp = 0;
      this.zones.set(zone.row, zone);
      const own = this.#boxes(zone);
      this.#items.set(zone, own);
      for (const item of own) items.push(item);
    }
    this.#tree.load(items);
    this.#guessReach();
  }

  set(zone: Zone): void {
    this.delete(zone.row);
    this.zones.set(zone.row, zone);
    const items = this.#boxes(zone);
    this.#items.set(zone, items);
    for (const item of items) this.#tree.insert(item);
    // At powers of two: often enough for a guess.
    if ((this.zones.size & (this.zones.size - 1)) === 0) this.#guessReach();
  }

  delete(row: number): void {
    const zone = this.zones.get(row);
    if (zone === undefined) return;
    for (const item of this.#items.get(zone)!) this.#tree.remove(item);
    this.#items.delete(zone);
    this.zones.delete(row);
  }

  #boxes(zone: Zone): Item[] {
    if (this.space.radiusM === 0) return [{ minX: zone.minX, minY: zone.minY, maxX: zone.maxX, maxY: zone.maxY, zone }];
    const items: Item[] = [];
    eachImage(zone.minX, zone.maxX, (minX, maxX) => {
      items.push({ minX, minY: zone.minY, maxX, maxY: zone.maxY, zone });
    });
    return items;
  }

  /** Half the side of the square that each zone would have to itself. */
  #guessReach(): void {
    let minX = Number.POSITIVE_INFINITY;
    let minY = Number.POSITIVE_INFINITY;
    let maxX = Number.NEGATIVE_INFINITY;
    let maxY = Number.NEGATIVE_INFINITY;
    for (const zone of this.zones.values()) {
      if (zone.minX < minX) minX = zone.minX;
      if (zone.minY < minY) minY = zone.minY;
      if (zone.maxX > maxX) maxX = zone.maxX;
      if (zone.maxY > maxY) maxY = zone.maxY;
    }
    const most = this.space.radiusM > 0 ? MOST_REACH_ON_SPHERE : MOST_REACH;
    const side = Math.sqrt(maxX - minX) * Math.sqrt(maxY - minY);
    this.reach = Math.min(most, side > 0 ? side / 2 / Math.sqrt(this.zones.size) : 1);
    this.#leastReach = this.reach / 64;
  }

  /** After a look-up for a safe ball that found so many zones. */
  adapt(near: number): void {
    if (near > MANY_NEAR) this.reach = Math.max(this.#leastReach, this.reach * 0.9);
    else if (near === 0) {
      const most = this.space.radiusM > 0 ? MOST_REACH_ON_SPHERE : MOST_REACH;
      this.reach = Math.min(most, this.reach * 1.1);
    }
  }

  // ------------------------------------------------------------ queries

  #begin(): void {
    this.#stamp++;
    this.foundCount = 0;
  }

  #search(minX: number, minY: number, maxX: number, maxY: number): void {
    for (const { zone } of this.#tree.search({ minX, minY, maxX, maxY })) {
      if (zone.stamp === this.#stamp) continue;
      zone.stamp = this.#stamp;
      this.found[this.foundCount++] = zone;
    }
  }

  /** Zones that a position may be inside of. */
  at(x: number, y: number): void {
    this.#begin();
    this.#around(x, x, y, y);
  }

  /** Zones that the way between two positions may meet, or whose border may be within `reach` of the second. */
  along(x0: number, y0: number, x1: number, y1: number, reach: number): void {
    this.#begin();
    if (this.space.radiusM === 0) {
      const minX = Math.min(x0, x1 - reach);
      const maxX = Math.max(x0, x1 + reach);
      this.#search(minX, Math.min(y0, y1 - reach), maxX, Math.max(y0, y1 + reach));
      return;
    }
    const to = shortWay(x0, x1);
    const minY = Math.min(y0, y1 - reach);
    const maxY = Math.max(y0, y1 + reach);
    // All longitudes are near each other at a pole.
    if (minY <= -90 || maxY >= 90) this.#search(-180, minY, 180, maxY);
    else this.#around(Math.min(x0, to - reach), Math.max(x0, to + reach), minY, maxY);
  }

  #around(minX: number, maxX: number, minY: number, maxY: number): void {
    if (this.space.radiusM === 0) this.#search(minX, minY, maxX, maxY);
    else eachImage(minX, maxX, (from, to) => this.#search(from, minY, to, maxY));
  }
}

/** The parts of an interval of longitudes that lie in [-180, 180], each way round; the antimeridian is in both. */
export function eachImage(minX: number, maxX: number, part: (minX: number, maxX: number) => void): void {
  for (let turn = -360; turn <= 360; turn += 360) {
    const from = Math.max(-180, minX + turn);
    const to = Math.min(180, maxX + turn);
    if (from <= to) part(from, to);
  }
}
