import { AthanorError, show } from '../base/errors.js';
import { NO_ROW } from '../base/limits.js';
import { Room } from './room.js';

/** Rows for so many zones, and beyond them for zones whose removal is not applied and told yet. */
export function zoneRowsOf(zones: number): number {
  return zones + Math.ceil(zones / 4) + 16;
}

/** Where an outbox stands. */
export interface OutboxMarks {
  readonly headPosition: number;
  readonly tailPosition: number;
}

interface Leaving {
  readonly row: number;
  readonly shard: number;
  /** Ring position that is applied when the zone's removal is. */
  readonly position: number;
  /** Once that is so: outbox position before which entries may name the zone. */
  told: number | undefined;
}

/** Main thread. Rows of zones by graph and name, as published. */
export class ZoneTable {
  readonly #rows = new Map<number, Map<string, number>>();
  readonly #names: string[] = [];
  readonly #free: number[] = [];
  /** Zones removed, oldest first of each shard. */
  #leaving: Leaving[] = [];
  readonly #capacity: number;
  readonly #reserved: number;
  #live = 0;
  readonly #room: Room;
  readonly #isGraphLeaving: () => boolean;

  /** `capacity` zones may be set at one time. `isGraphLeaving`: a removed graph is not reclaimed yet, so that its zones still count. */
  constructor(capacity: number, room = new Room(), isGraphLeaving = (): boolean => false) {
    this.#capacity = capacity;
    this.#reserved = zoneRowsOf(capacity);
    this.#room = room;
    this.#isGraphLeaving = isGraphLeaving;
  }

  /** Zones that are set, as published. */
  get live(): number {
    return this.#live;
  }

  /** Row of a zone that is set, or NO_ROW. */
  find(graph: number, name: string): number {
    return this.#rows.get(graph)?.get(name) ?? NO_ROW;
  }

  /** Name of a row, until nothing can ask for it any more. */
  nameOf(row: number): string {
    return this.#names[row]!;
  }

  /** All names, by row. */
  names(): string[] {
    return [...this.#names];
  }

  /** @throws AthanorError ATHANOR_CAPACITY, or ATHANOR_BACKPRESSURE while removed zones still hold the rows. */
  bind(graph: number, name: string): number {
    if (this.#live >= this.#capacity && this.#isGraphLeaving()) {
      this.#room.refuse(
        'zones',
        `zone ${show(name)}: ${this.#live} zones are set, some of them of removed graphs`,
        () => this.#live < this.#capacity,
        this.#isGraphLeaving,
      );
    }
    if (this.#live >= this.#capacity) {
      throw new AthanorError(
        'ATHANOR_CAPACITY',
        `zone ${show(name)}: option capacity.zones allows ${this.#capacity}, and so many are set`,
      );
    }
    const row = this.#free.length > 0 ? this.#free.pop()! : this.#names.length;
    if (row >= this.#reserved) {
      this.#room.refuse(
        'zones',
        `zone ${show(name)}: ${this.#live} zones are set, ${this.#leaving.length} removed ones still hold their rows`,
        () => this.#free.length > 0,
        () => this.#leaving.length > 0,
      );
    }
    this.#names[row] = name;
    this.#set(graph, name, row);
    return row;
  }

  #set(graph: number, name: string, row: number): void {
    const known = this.#rows.get(graph);
    if (known === undefined) this.#rows.set(graph, new Map([[name, row]]));
    else known.set(name, row);
    this.#live++;
  }

  /** Takes back a `bind` that was not published. */
  unbind(graph: number, name: string): void {
    this.#free.push(this.#drop(graph, name));
  }

  #drop(graph: number, name: string): number {
    const known = this.#rows.get(graph)!;
    const row = known.get(name)!;
    known.delete(name);
    if (known.size === 0) this.#rows.delete(graph);
    this.#live--;
    return row;
  }

  /** The zone's removal is published, in the frame before ring position `position` of the shard. */
  remove(graph: number, name: string, shard: number, position: number): void {
    this.#leaving.push({ row: this.#drop(graph, name), shard, position, told: undefined });
  }

  /** Takes back a `remove` that was not published. */
  unremove(graph: number, name: string, row: number): void {
    this.#leaving.splice(
      this.#leaving.findLastIndex((leaving) => leaving.row === row),
      1,
    );
    this.#set(graph, name, row);
  }

  /** The graph is removed and its zones are reclaimed, as applied up to `position`. */
  dropGraph(graph: number, shard: number, position: number): void {
    for (const name of [...(this.#rows.get(graph)?.keys() ?? [])]) this.remove(graph, name, shard, position);
  }

  /** Frees the rows whose removal is applied and told. */
  collect(appliedOf: (shard: number) => number, outboxes: readonly OutboxMarks[]): void {
    if (this.#leaving.length === 0) return;
    let kept = 0;
    for (const leaving of this.#leaving) {
      const outbox = outboxes[leaving.shard]!;
      if (leaving.told === undefined && ((appliedOf(leaving.shard) - leaving.position) | 0) >= 0) {
        // Entries are handed over before the ring's cursor passes their events.
        leaving.told = outbox.headPosition;
      }
      if (leaving.told !== undefined && ((outbox.tailPosition - leaving.told) | 0) >= 0) this.#free.push(leaving.row);
      else this.#leaving[kept++] = leaving;
    }
    this.#leaving.length = kept;
  }
}
