import { GraphOption } from '../base/space.js';
import { Wanted } from '../memory/watch-book.js';
import { NodeFlag, positionFlags } from '../project/node-columns.js';
import { Detect } from '../ring/outbox.js';
import { EventType, type FrameView, Presence } from '../schema/frame.js';
import { decodeShape } from '../zones/decode.js';
import { contains } from '../zones/geometry.js';
import { Safe } from '../zones/layout.js';
import { ballOf, SafeBalls } from '../zones/safe-ball.js';
import type { ShardZones } from '../zones/shard-zones.js';
import { crosses } from '../zones/ways.js';
import { type Zone, zoneOf } from '../zones/zone.js';
import type { EngineMemory } from './engine-memory.js';
import { EntryWriter } from './entry-writer.js';
import { NearRows } from './near-rows.js';
import { RoamDetector } from './roaming.js';

/**
 * What an event tells the watchers of its graph: computed from the state before the event and the event alone, and so the
 * same when it is computed again. The caller owns the shard and has not begun to apply the event.
 */
export class Detector {
  readonly #memory: EngineMemory;
  readonly #zones: ShardZones;
  readonly #writer: EntryWriter;
  readonly #near: NearRows;
  readonly #roaming: RoamDetector;
  readonly #wanted: Uint32Array;
  readonly #safe: Float64Array;
  readonly #version: Float64Array;
  readonly #flags: Uint8Array;
  readonly #x: Float64Array;
  readonly #y: Float64Array;
  readonly #z: Float64Array;
  readonly #options: Uint8Array;
  readonly #affected: Zone[] = [];
  readonly #balls = new SafeBalls();

  constructor(memory: EngineMemory, shard: number, zones: ShardZones) {
    this.#memory = memory;
    this.#zones = zones;
    this.#writer = new EntryWriter(memory.outboxes[shard]!);
    this.#near = new NearRows(memory, shard);
    this.#roaming = new RoamDetector(memory.watch, memory.nodes, this.#near, this.#writer);
    this.#wanted = memory.watch.wanted;
    this.#safe = memory.zones.safe;
    this.#version = memory.zones.version;
    this.#flags = memory.nodes.flags;
    this.#x = memory.nodes.x;
    this.#y = memory.nodes.y;
    this.#z = memory.nodes.z;
    this.#options = memory.graphs.options;
  }

  /** Whether an event may take long to detect: then the shard's lock is not held meanwhile. */
  static isHeavy(type: number): boolean {
    return type >= EventType.zoneSet || type === EventType.graphRemoved;
  }

  /**
   * Writes the entries of event `i` into the outbox. False: not all fit; those that do are written, and the event must not be
   * applied before it comes here again.
   */
  detect(frame: FrameView, i: number, base: number): boolean {
    const graph = frame.graph[i]!;
    const wanted = this.#wanted[graph]!;
    const sequence = base + frame.sequenceDelta[i]!;
    const type = frame.type[i]!;
    if (type === EventType.nodeMoved && this.#isQuiet(frame, i, graph, wanted)) return true;
    this.#writer.begin(sequence, frame.time[i]!, wanted >>> Wanted.groupShift);
    let fits = true;
    if (type === EventType.nodeMoved || type === EventType.nodeUpserted) {
      fits = this.#nodePlaced(frame, i, graph, wanted);
    } else if (type === EventType.nodeRemoved) {
      const row = frame.row[i]!;
      if (this.#isPlaced(graph, row)) {
        const z = this.#isSolid(graph) ? this.#z[row]! : 0;
        fits = this.#node(graph, row, wanted, true, this.#x[row]!, this.#y[row]!, z, false, 0, 0, 0);
      }
    } else if (type === EventType.zoneSet || type === EventType.zoneRemoved) {
      if ((wanted & Wanted.zones) !== 0) fits = this.#zoneChanged(frame, i, graph, wanted, sequence);
    } else if (type === EventType.graphRemoved) {
      fits = this.#graphRemoved(graph, wanted);
    }
    if (fits) this.#writer.end();
    return fits;
  }

  /** Most moves, and all that is to be found out about them: nothing is watched that they could touch. */
  #isQuiet(frame: FrameView, i: number, graph: number, wanted: number): boolean {
    if ((wanted & Wanted.roaming) !== 0) return false;
    const version = this.#version[graph]!;
    if (version === 0) return true;
    const row = frame.row[i]!;
    if (!this.#isPlaced(graph, row)) return false;
    const solid = this.#isSolid(graph);
    const z0 = solid ? this.#z[row]! : 0;
    const z1 = solid ? frame.z[i]! : 0;
    const ball = ballOf(this.#safe, row, version, this.#x[row]!, this.#y[row]!, z0, frame.x[i]!, frame.y[i]!, z1);
    return ball === 2 && ((wanted & Wanted.inside) === 0 || this.#safe[row * Safe.stride + Safe.inside] === 0);
  }

  #isSolid(graph: number): boolean {
    return (this.#options[graph]! & GraphOption.solid) !== 0;
  }

  #isPlaced(graph: number, row: number): boolean {
    const placed = NodeFlag.alive | positionFlags(this.#options[graph]!);
    return (this.#flags[row]! & placed) === placed;
  }

  // ------------------------------------------------------------ events of nodes

  #nodePlaced(frame: FrameView, i: number, graph: number, wanted: number): boolean {
    const row = frame.row[i]!;
    const flags = this.#flags[row]!;
    const presence = frame.presence[i]!;
    let after = (presence & Presence.x) !== 0 ? NodeFlag.x : 0;
    if ((presence & Presence.y) !== 0) after |= NodeFlag.y;
    if ((presence & Presence.z) !== 0) after |= NodeFlag.z;
    if (after === 0) return true;
    const position = positionFlags(this.#options[graph]!);
    if ((flags & NodeFlag.alive) !== 0) {
      const { graphs, nodes } = this.#memory;
      // The position of a late event is ignored, a move's as an upsert's.
      if ((graphs.options[graph]! & GraphOption.lateIgnore) !== 0 && frame.time[i]! < nodes.time[row]!) return true;
      after |= flags & position;
    }
    if (after !== position) return true;
    const x0 = this.#x[row]!;
    const y0 = this.#y[row]!;
    const x1 = (presence & Presence.x) !== 0 ? frame.x[i]! : x0;
    const y1 = (presence & Presence.y) !== 0 ? frame.y[i]! : y0;
    const z0 = this.#isSolid(graph) ? this.#z[row]! : 0;
    const z1 = (presence & Presence.z) !== 0 ? frame.z[i]! : z0;
    return this.#node(graph, row, wanted, this.#isPlaced(graph, row), x0, y0, z0, true, x1, y1, z1);
  }

  /** A node that was at a position, or not, and will be at one, or not. */
  #node(
    graph: number,
    row: number,
    wanted: number,
    was: boolean,
    x0: number,
    y0: number,
    z0: number,
    will: boolean,
    x1: number,
    y1: number,
    z1: number,
  ): boolean {
    const { entry } = this.#writer;
    entry.node = row;
    entry.x = will ? x1 : x0;
    entry.y = will ? y1 : y0;
    const bits = wanted & Wanted.zones;
    if (bits !== 0 && this.#version[graph] !== 0) {
      if (!this.#nodeZones(graph, row, bits, was, x0, y0, z0, will, x1, y1, z1)) return false;
    }
    if ((wanted & Wanted.roaming) === 0) return true;
    return this.#roaming.node(graph, row, was, x0, y0, z0, will, x1, y1, z1);
  }

  #nodeZones(
    graph: number,
    row: number,
    bits: number,
    was: boolean,
    x0: number,
    y0: number,
    z0: number,
    will: boolean,
    x1: number,
    y1: number,
    z1: number,
  ): boolean {
    const safe = this.#safe;
    const version = this.#version[graph]!;
    const ball = was && will ? ballOf(safe, row, version, x0, y0, z0, x1, y1, z1) : 0;
    const others = (bits & Wanted.inside) !== 0 ? safe[row * Safe.stride + Safe.inside]! : 0;
    if (ball === 2 && others === 0) return true;
    const space = this.#near.use(graph);
    const zones = this.#zones.of(graph, space);
    if (zones === undefined) return true;
    const affected = this.#affected;
    affected.length = 0;
    if (ball !== 0 && others < 2) {
      const zone = zones.zones.get(safe[row * Safe.stride + Safe.nearest]! - 1)!;
      const before = contains(zone, space, x0, y0, z0);
      const after = contains(zone, space, x1, y1, z1);
      if (before || after) zone.detect = before ? (after ? Detect.inside : Detect.exit) : Detect.enter;
      else if (crosses(zone, space, x0, y0, z0, x1, y1, z1)) zone.detect = Detect.cross;
      else return true;
      affected.push(zone);
      return this.#tellZones(bits);
    }
    if (will) zones.along(was ? x0 : x1, was ? y0 : y1, x1, y1, zones.reach);
    else zones.at(x0, y0);
    const balls = this.#balls;
    balls.begin(zones, x1, y1, z1);
    for (let k = 0; k < zones.foundCount; k++) {
      const zone = zones.found[k]!;
      const before = was && contains(zone, space, x0, y0, z0);
      const after = will && contains(zone, space, x1, y1, z1);
      if (before && after) zone.detect = Detect.inside;
      else if (after) zone.detect = Detect.enter;
      else if (before) zone.detect = Detect.exit;
      else if (was && will && crosses(zone, space, x0, y0, z0, x1, y1, z1)) zone.detect = Detect.cross;
      else zone.detect = -1;
      if (zone.detect >= 0) affected.push(zone);
      if (will) balls.add(zone, after);
    }
    if (will) balls.keep(safe, row, version);
    return this.#tellZones(bits);
  }

  #tellZones(bits: number): boolean {
    const affected = this.#affected;
    if (affected.length > 1) affected.sort(bySequence);
    const writer = this.#writer;
    for (let k = 0; k < affected.length; k++) {
      const zone = affected[k]!;
      // Entries that nobody wants have an ordinal too: what is wanted may change before an event is resumed.
      if ((bits & (1 << zone.detect)) === 0) continue;
      writer.entry.detect = zone.detect;
      writer.entry.subject = zone.row;
      if (!writer.emit(0, k)) return false;
    }
    return true;
  }

  // ------------------------------------------------------------ events of zones and graphs

  #zoneChanged(frame: FrameView, i: number, graph: number, wanted: number, sequence: number): boolean {
    const row = frame.row[i]!;
    const near = this.#near;
    const writer = this.#writer;
    const { entry } = writer;
    const space = near.use(graph);
    const before = this.#zones.of(graph, space)?.zones.get(row);
    let after: Zone | undefined;
    if (frame.type[i] === EventType.zoneSet) {
      const shape = decodeShape(frame.payload, frame.dataStart(i), frame.payloadEnd(i));
      after = zoneOf(row, sequence, shape, space);
    }
    const rows = writer.rowsOf(0, () => this.#changedRows(graph, before, after));
    entry.subject = row;
    for (let k = 0; k < rows.length; k++) {
      entry.detect = near.isIn(after, rows[k]!) ? Detect.enter : Detect.exit;
      if ((wanted & (1 << entry.detect)) === 0) continue;
      this.#fillNode(rows[k]!);
      if (!writer.emit(0, k)) return false;
    }
    return true;
  }

  #fillNode(node: number): void {
    const { entry } = this.#writer;
    entry.node = node;
    entry.x = this.#x[node]!;
    entry.y = this.#y[node]!;
  }

  /** Nodes inside one of two shapes and not the other, in the order in which they became nodes. */
  #changedRows(graph: number, before: Zone | undefined, after: Zone | undefined): number[] {
    const rows: number[] = [];
    if (before !== undefined) this.#near.inOnly(graph, before, after, rows);
    if (after !== undefined) this.#near.inOnly(graph, after, before, rows);
    return this.#near.inOrder([...new Set(rows)]);
  }

  /** Members of a removed graph's zones leave them, zone by zone; then its near pairs part. */
  #graphRemoved(graph: number, wanted: number): boolean {
    const writer = this.#writer;
    const { entry } = writer;
    const zones = (wanted & (1 << Detect.exit)) !== 0 ? this.#zones.of(graph, this.#near.use(graph)) : undefined;
    const ordered = [...(zones?.zones.values() ?? [])].sort(bySequence);
    for (let phase = 0; phase < ordered.length; phase++) {
      if (writer.isOver(phase)) continue;
      const zone = ordered[phase]!;
      const rows = writer.rowsOf(phase, () => this.#changedRows(graph, zone, undefined));
      entry.detect = Detect.exit;
      entry.subject = zone.row;
      for (let k = 0; k < rows.length; k++) {
        this.#fillNode(rows[k]!);
        if (!writer.emit(phase, k)) return false;
      }
    }
    return (wanted & Wanted.roaming) === 0 || this.#roaming.graphRemoved(graph);
  }
}

function bySequence(a: Zone, b: Zone): number {
  return a.sequence - b.sequence;
}
