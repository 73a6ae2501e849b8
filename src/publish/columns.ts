import { types } from 'node:util';
import { AthanorError, show } from '../base/errors.js';
import { NO_ROW } from '../base/limits.js';
import { Space } from '../base/space.js';
import { EventType, Presence } from '../schema/frame.js';
import type { GraphRef } from './graph-refs.js';
import type { Publisher } from './publisher.js';

/*
 * The columnar paths: events of one type on one graph, copied into the frames column by column. A call takes as many as
 * there is room for, and all of these are checked before the first is written: it is refused whole. So it is for a bad handle
 * that there is no room for; but who comes back with the rest of a column does not have all of it checked again and again (a
 * million edges at 64 frames of 512 events: each handle 16 times).
 */

/**
 * What a call did not take of a column of handles: where that begins in its buffer, where it ends, and the graph. Its row may
 * become another graph's.
 */
interface Rest {
  readonly from: number;
  readonly end: number;
  readonly graph: number;
  readonly generation: number;
}

function generationOf(publisher: Publisher, graph: number): number {
  return graph === NO_ROW ? 0 : publisher.graphs.generationOf(graph);
}

/**
 * By the buffer of handles: the last two, for sources and targets may share one. A publisher has its own: a column may be
 * given to two engines, and one that is kept must not keep a closed engine.
 */
export type ColumnRests = WeakMap<ArrayBufferLike, Rest[]>;

/** Checks the handles from `most` on, unless the column is what the last call left. */
function checkRest(publisher: Publisher, name: string, handles: Uint32Array, most: number, graph: number): void {
  if (most === handles.length) return;
  const from = handles.byteOffset;
  const end = from + handles.byteLength;
  const generation = generationOf(publisher, graph);
  const known = publisher.columnRests
    .get(handles.buffer)
    ?.some((rest) => rest.from === from && rest.end === end && rest.graph === graph && rest.generation === generation);
  if (known !== true) checkHandles(publisher, name, handles, most, handles.length, handles.length, graph);
}

function noteRest(publisher: Publisher, handles: Uint32Array, done: number, graph: number): void {
  if (done === handles.length) return;
  const end = handles.byteOffset + handles.byteLength;
  const others = publisher.columnRests.get(handles.buffer)?.filter((rest) => rest.end !== end) ?? [];
  publisher.columnRests.set(handles.buffer, [
    {
      from: handles.byteOffset + done * handles.BYTES_PER_ELEMENT,
      end,
      graph,
      generation: generationOf(publisher, graph),
    },
    ...others.slice(0, 1),
  ]);
}

function refuse(publisher: Publisher, events: number, message: string): never {
  publisher.rejected += events;
  throw new AthanorError('ATHANOR_INVALID_EVENT', message);
}

type Column = Uint32Array<ArrayBufferLike> | Float64Array<ArrayBufferLike>;

const TypedArray = Object.getPrototypeOf(Uint32Array.prototype) as object;

function built(name: 'buffer' | 'byteOffset' | 'length'): () => unknown {
  return Reflect.getOwnPropertyDescriptor(TypedArray, name)!.get!;
}

const bufferOf = built('buffer');
const offsetOf = built('byteOffset');
const lengthOf = built('length');

/**
 * A view of the same numbers that has only what is built in. A subclass, and properties of the array itself, bring code of
 * the user's (`constructor` runs within `subarray`): it would run while events are written.
 */
function plainOf(column: Uint32Array): Uint32Array;
function plainOf(column: Column): Column;
function plainOf(column: Column): Column {
  const type: new (from: ArrayBufferLike | number, at?: number, length?: number) => Column = types.isUint32Array(column)
    ? Uint32Array
    : Float64Array;
  const length = lengthOf.call(column) as number;
  // The buffer of an empty one may be gone.
  if (length === 0) return new type(0);
  return new type(bufferOf.call(column) as ArrayBufferLike, offsetOf.call(column) as number, length);
}

/** The column as a plain view of its numbers, once it is of that type and length. */
function readColumn(
  publisher: Publisher,
  name: string,
  given: unknown,
  type: typeof Float64Array,
  length: number,
): Float64Array;
function readColumn(
  publisher: Publisher,
  name: string,
  given: unknown,
  type: typeof Uint32Array,
  length: number,
): Uint32Array;
function readColumn(
  publisher: Publisher,
  name: string,
  given: unknown,
  type: typeof Uint32Array | typeof Float64Array,
  length: number,
): Column {
  const right = type === Uint32Array ? types.isUint32Array(given) : types.isFloat64Array(given);
  if (!right) refuse(publisher, 1, `${name}: ${show(given)} is not a ${type.name}`);
  const column = plainOf(given as Column);
  if (column.length !== length) {
    refuse(publisher, length, `${name}: its length ${column.length} is not that of the first column (${length})`);
  }
  return column;
}

/** Copies of columns, by their place in the call; as large as the largest call so far. */
const copies: Column[] = [];

/**
 * The first `most` values of a column as nobody else changes them: what another thread may write to between the check and the
 * use is copied first. The copy is right until the next call.
 */
function settled<T extends Column>(column: T, most: number, place: number): T {
  if (!(column.buffer instanceof SharedArrayBuffer)) return column;
  const type = column instanceof Uint32Array ? Uint32Array : Float64Array;
  let copy = copies[place];
  if (copy === undefined || copy.length < most || !(copy instanceof type)) {
    copy = new type(Math.max(1024, 2 ** Math.ceil(Math.log2(most + 1))));
    copies[place] = copy;
  }
  copy.set(column.subarray(0, most));
  return copy.subarray(0, most) as T;
}

/** The attention bits of all rows together, once every handle is one of the graph's. */
function checkHandles(
  publisher: Publisher,
  name: string,
  handles: Uint32Array,
  from: number,
  end: number,
  events: number,
  graph: number,
): number {
  const graphOf = publisher.nodes.book.graph;
  const attentionOf = publisher.nodes.attention;
  const bound = graph + 1;
  let attention = 0;
  for (let i = from; i < end; i++) {
    const row = handles[i]!;
    if (graph === NO_ROW || graphOf[row] !== bound) {
      refuse(publisher, events, `${name}[${i}]: ${row} is not a handle of this graph`);
    }
    attention |= attentionOf[row]!;
  }
  return attention;
}

function checkNumbers(publisher: Publisher, name: string, values: Float64Array, end: number, events: number): void {
  for (let i = 0; i < end; i++) {
    const value = values[i]!;
    if (value - value !== 0) refuse(publisher, events, `${name}[${i}]: ${value} is not a finite number`);
  }
}

function checkDegrees(
  publisher: Publisher,
  name: string,
  values: Float64Array,
  end: number,
  most: number,
  what: string,
  events: number,
): void {
  for (let i = 0; i < end; i++) {
    const value = values[i]!;
    if (value < -most || value > most) {
      refuse(publisher, events, `${name}[${i}]: ${value} is not a ${what}: -${most} to ${most} degrees`);
    }
  }
}

export function publishMoveColumns(
  publisher: Publisher,
  ref: GraphRef,
  givenHandles: Uint32Array,
  givenX: Float64Array,
  givenY: Float64Array,
  givenZ: Float64Array | undefined,
  givenTime: Float64Array | undefined,
): number {
  publisher.enter();
  if (!types.isUint32Array(givenHandles)) {
    refuse(publisher, 1, `handles: ${show(givenHandles)} is not a Uint32Array`);
  }
  const ofHandles = plainOf(givenHandles);
  const events = ofHandles.length;
  const ofX = readColumn(publisher, 'x', givenX, Float64Array, events);
  const ofY = readColumn(publisher, 'y', givenY, Float64Array, events);
  // The clock may be the user's own code: before anything is looked at that it could change.
  const now = publisher.now();
  const graph = publisher.liveRow(ref);
  let ofZ: Float64Array | undefined;
  if (ref.space === Space.solid) ofZ = readColumn(publisher, 'z', givenZ, Float64Array, events);
  else if (givenZ !== undefined) refuse(publisher, events, 'z: a column of it in a graph of 2 dimensions');
  const ofTime = givenTime === undefined ? undefined : readColumn(publisher, 'time', givenTime, Float64Array, events);
  const writer = publisher.writers[ref.shard]!;
  const most = Math.min(events, writer.roomForEvents);
  const handles = settled(ofHandles, most, 0);
  const x = settled(ofX, most, 1);
  const y = settled(ofY, most, 2);
  const z = ofZ && settled(ofZ, most, 3);
  const time = ofTime && settled(ofTime, most, 4);
  const attention = checkHandles(publisher, 'handles', handles, 0, most, events, graph);
  checkRest(publisher, 'handles', ofHandles, most, graph);
  checkNumbers(publisher, 'x', x, most, events);
  checkNumbers(publisher, 'y', y, most, events);
  if (z !== undefined) checkNumbers(publisher, 'z', z, most, events);
  if (ref.space === Space.sphere) {
    checkDegrees(publisher, 'x', x, most, 180, 'longitude', events);
    checkDegrees(publisher, 'y', y, most, 90, 'latitude', events);
  }
  if (time !== undefined) checkNumbers(publisher, 'time', time, most, events);
  let done = 0;
  while (done < most) {
    if (attention !== 0 && publisher.nodes.attention[handles[done]!] !== 0) {
      try {
        publisher.publishRow(ref, graph, handles[done]!, x[done]!, y[done]!, z?.[done], time?.[done] ?? now);
      } catch (error) {
        if (error instanceof AthanorError && error.code === 'ATHANOR_BACKPRESSURE') break;
        throw error;
      }
      done++;
      continue;
    }
    let run = most - done;
    if (attention !== 0) {
      const attentionOf = publisher.nodes.attention;
      for (run = 1; done + run < most && attentionOf[handles[done + run]!] === 0; ) run++;
    }
    if (!writer.room(1, 0)) break;
    const taken = publisher.beginRun(writer, run);
    const frame = writer.frame!;
    const i = writer.openEvents;
    const end = done + taken;
    frame.type.fill(EventType.nodeMoved, i, i + taken);
    frame.presence.fill(Presence.x | Presence.y | (z === undefined ? 0 : Presence.z), i, i + taken);
    frame.graph.fill(graph, i, i + taken);
    frame.row.set(handles.subarray(done, end), i);
    frame.x.set(x.subarray(done, end), i);
    frame.y.set(y.subarray(done, end), i);
    if (z !== undefined) frame.z.set(z.subarray(done, end), i);
    if (time === undefined) frame.time.fill(now, i, i + taken);
    else frame.time.set(time.subarray(done, end), i);
    publisher.endRun(writer, taken);
    done = end;
  }
  noteRest(publisher, ofHandles, done, graph);
  return done;
}

export function publishEdgeColumns(
  publisher: Publisher,
  ref: GraphRef,
  givenSources: Uint32Array,
  givenTargets: Uint32Array,
  givenWeights: Float64Array | undefined,
): number {
  publisher.enter();
  if (!types.isUint32Array(givenSources)) {
    refuse(publisher, 1, `sources: ${show(givenSources)} is not a Uint32Array`);
  }
  const ofSources = plainOf(givenSources);
  const events = ofSources.length;
  const ofTargets = readColumn(publisher, 'targets', givenTargets, Uint32Array, events);
  const ofWeights =
    givenWeights === undefined ? undefined : readColumn(publisher, 'weights', givenWeights, Float64Array, events);
  const now = publisher.now();
  const graph = publisher.liveRow(ref);
  const writer = publisher.writers[ref.shard]!;
  const most = Math.min(events, writer.roomForEvents);
  const sources = settled(ofSources, most, 0);
  const targets = settled(ofTargets, most, 5);
  const weights = ofWeights && settled(ofWeights, most, 1);
  if (weights !== undefined) {
    for (let i = 0; i < most; i++) {
      if (Number.isNaN(weights[i])) refuse(publisher, events, `weights[${i}]: NaN is not a number`);
    }
  }
  const attention =
    checkHandles(publisher, 'sources', sources, 0, most, events, graph) |
    checkHandles(publisher, 'targets', targets, 0, most, events, graph);
  checkRest(publisher, 'sources', ofSources, most, graph);
  checkRest(publisher, 'targets', ofTargets, most, graph);
  const { ids, attention: attentionOf } = publisher.nodes;
  let done = 0;
  while (done < most) {
    const source = sources[done]!;
    const target = targets[done]!;
    const roomy = publisher.edgeBudget.room(most - done);
    if (roomy === 0 || (attention !== 0 && (attentionOf[source]! | attentionOf[target]!) !== 0)) {
      try {
        const weight = weights?.[done];
        publisher.upsertEdge(ref, ids.idOf(source)!, ids.idOf(target)!, undefined, weight, now);
      } catch (error) {
        // What was accepted before stays accepted: the count says how far.
        if (done > 0 || (error instanceof AthanorError && error.code === 'ATHANOR_BACKPRESSURE')) break;
        throw error;
      }
      done++;
      continue;
    }
    let run = roomy;
    if (attention !== 0) {
      for (run = 1; run < roomy && (attentionOf[sources[done + run]!]! | attentionOf[targets[done + run]!]!) === 0; )
        run++;
    }
    if (!writer.room(1, 0)) break;
    const taken = publisher.beginRun(writer, run);
    publisher.edgeBudget.takeMany(taken);
    const frame = writer.frame!;
    const i = writer.openEvents;
    const end = done + taken;
    frame.type.fill(EventType.edgeUpserted, i, i + taken);
    frame.presence.fill(weights === undefined ? 0 : Presence.w, i, i + taken);
    frame.graph.fill(graph, i, i + taken);
    frame.row.set(sources.subarray(done, end), i);
    frame.other.set(targets.subarray(done, end), i);
    frame.kind.fill(0, i, i + taken);
    if (weights !== undefined) frame.w.set(weights.subarray(done, end), i);
    frame.time.fill(now, i, i + taken);
    publisher.endRun(writer, taken);
    done = end;
  }
  noteRest(publisher, ofSources, done, graph);
  noteRest(publisher, ofTargets, done, graph);
  return done;
}
