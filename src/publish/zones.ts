import { NO_ROW } from '../base/limits.js';
import { Space } from '../base/space.js';
import type { ZoneShape } from '../base/types.js';
import { EventType, Presence } from '../schema/frame.js';
import { checkFinite, checkName } from './check.js';
import { FIELDS, refuseUnknownFields, unreadableEvent } from './event-fields.js';
import type { GraphRef } from './graph-refs.js';
import { Publisher } from './publisher.js';
import { readZoneShape } from './zone-fields.js';
import { checkZoneShape, type ShapeSpace } from './zone-shape.js';
import { ZoneTable } from './zone-table.js';

type ZoneEventType = 'zone.set' | 'zone.removed';

/** Main thread. The publisher with the events of zones. */
export class ZonePublisher extends Publisher {
  readonly zones: ZoneTable;

  /** `zones` of an engine may be set at one time. */
  constructor(parts: ConstructorParameters<typeof Publisher>[0] & { zones: number }) {
    super(parts);
    this.zones = new ZoneTable(parts.zones, this.room, () => this.graphs.isLeaving);
  }

  /** An event of type 'zone.set' or 'zone.removed', read field by field; `refOf` knows the graph of a name. */
  protected zoneEvent(given: Record<string, unknown>, type: ZoneEventType, refOf: (graph: unknown) => GraphRef): void {
    let graph: unknown;
    let zone: unknown;
    let shape: unknown;
    let time: unknown;
    try {
      graph = given.graph;
      zone = given.zone;
      if (type === 'zone.set') shape = given.shape;
      time = given.time;
    } catch (error) {
      throw unreadableEvent(error);
    }
    refuseUnknownFields(given, FIELDS[type]);
    const ref = refOf(graph);
    if (time !== undefined) checkFinite('time', time);
    if (type === 'zone.set') this.setZone(ref, zone as string, shape as ZoneShape, time);
    else this.removeZone(ref, zone as string, time);
  }

  setZone(ref: GraphRef, name: string, shape: ZoneShape, time?: number): void {
    this.assertOpen();
    checkName('zone', name);
    // A point is an array of two numbers: three bytes, if they are small and whole.
    const given = readZoneShape(shape, (points) => this.payload.refuseBeyond(3 * points, 'shape.points'));
    const at = time ?? this.now();
    this.assertOpen();
    const checked = inOrderOf(given, checkZoneShape(given, this.#spaceOf(ref)));
    this.whole(() => {
      const graph = this.ensureGraph(ref);
      let row = this.zones.find(graph, name);
      let presence: number = Presence.data;
      this.payload.clear();
      if (row === NO_ROW) {
        row = this.zones.bind(graph, name);
        this.transaction.also(() => this.zones.unbind(graph, name));
        presence |= Presence.rowDeclared;
        this.payload.addString(name);
      }
      const declared = this.payload.length;
      this.payload.addData(checked, 'shape');
      const writer = this.begin(ref.shard);
      writer.takeData(this.payload.length - declared);
      this.head(writer, EventType.zoneSet, presence, graph, row, at);
      this.end(writer);
    });
  }

  removeZone(ref: GraphRef, name: string, time?: number): void {
    this.assertOpen();
    checkName('zone', name);
    const graph = this.liveRow(ref);
    const row = graph === NO_ROW ? NO_ROW : this.zones.find(graph, name);
    if (row === NO_ROW) {
      this.published++;
      this.appliedHere++;
      return;
    }
    const at = time ?? this.now();
    this.payload.clear();
    const writer = this.begin(ref.shard);
    this.head(writer, EventType.zoneRemoved, 0, graph, row, at);
    this.zones.remove(graph, name, ref.shard, writer.openPosition);
    this.transaction.also(() => this.zones.unremove(graph, name, row));
    this.end(writer);
  }

  #spaceOf(ref: GraphRef): ShapeSpace {
    const space = this.refs.spaceOfRef(ref);
    return { dimensions: space === Space.solid ? 3 : 2, spherical: space === Space.sphere };
  }
}

/** The shape with its fields in the order of another object's. */
function inOrderOf(given: Record<string, unknown>, shape: ZoneShape): ZoneShape {
  const fields = shape as unknown as Record<string, unknown>;
  const names = Object.keys(given).filter((name) => Object.hasOwn(fields, name));
  return Object.fromEntries(names.map((name) => [name, fields[name]])) as unknown as ZoneShape;
}
