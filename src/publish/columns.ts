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

/** What a call did not take of a column of handles: where that begins in its buffer, where it ends, and the graph. */
interface Rest {
  readonly from: number;
  readonly end: number;
  readonly graph: number;
}

/** By the buffer of handles: the last two, for sources and targets may share one. */
const rests = new WeakMap<ArrayBufferLike, Rest[]>();

/** Checks the handles from `most` on, unless the column is what the last call left. */
function checkRest(publisher: Publisher, name: string, handles: Uint32Array, most: number, graph: number): void {
  if (most === handles.length) return;
  const from = handles.byteOffset;
  const end = from + handles.byteLength;
  const known = rests
    .get(handles.buffer)
    ?.some((rest) => rest.from === from && rest.end === end && rest.graph === graph);
  if (known !== true) checkHandles(publisher, name, handles, most, handles.length, graph);
}

function noteRest(handles: Uint32Array, done: number, graph: number): void {
  if (done === handles.length) return;
  const end = handles.byteOffset + handles.byteLength;
  const others = rests.get(handles.buffer)?.filter((rest) => rest.end !== end) ?? [];
  rests.set(handles.buffer, [
    { from: handles.byteOffset + done * handles.BYTES_PER_ELEMENT, end, graph },
    ...others.slice(0, 1),
  ]);
}

function refuse(publisher: Publisher, events: number, message: string): never {
  publisher.rejected += events;
  throw new AthanorError('ATHANOR_INVALID_EVENT', message);
}

function checkColumn(
  publisher: Publisher,
  name: string,
  column: unknown,
  type: typeof Uint32Array | typeof Float64Array,
  length: number,
): void {
  if (!(column instanceof type)) refuse(publisher, 1, `${name}: ${show(column)} is not a ${type.name}`);
  if (column.length !== length) {
    refuse(publisher, length, `${name}: its length ${column.length} is not that of the first column (${length})`);
  }
}

/** The attention bits of all rows together, once every handle is one of the graph's. */
function checkHandles(
  publisher: Publisher,
  name: string,
  handles: Uint32Array,
  from: number,
  end: number,
  graph: number,
): number {
  const graphOf = publisher.nodes.book.graph;
  const attentionOf = publisher.nodes.attention;
  const bound = graph + 1;
  let attention = 0;
  for (let i = from; i < end; i++) {
    const row = handles[i]!;
    if (graph === NO_ROW || graphOf[row] !== bound) {
      refuse(publisher, handles.length, `${name}[${i}]: ${row} is not a handle of this graph`);
    }
    attention |= attentionOf[row]!;
  }
  return attention;
}

function checkNumbers(publisher: Publisher, name: string, values: Float64Array, end: number): void {
  for (let i = 0; i < end; i++) {
    const value = values[i]!;
    if (value - value !== 0) refuse(publisher, values.length, `${name}[${i}]: ${value} is not a finite number`);
  }
}

function checkDegrees(
  publisher: Publisher,
  name: string,
  values: Float64Array,
  end: number,
  most: number,
  what: string,
): void {
  for (let i = 0; i < end; i++) {
    const value = values[i]!;
    if (value < -most || value > most) {
      refuse(publisher, values.length, `${name}[${i}]: ${value} is not a ${what}: -${most} to ${most} degrees`);
    }
  }
}

export function publishMoveColumns(
  publisher: Publisher,
  ref: GraphRef,
  handles: Uint32Array,
  x: Float64Array,
  y: Float64Array,
  z: Float64Array | undefined,
  time: Float64Array | undefined,
): number {
  publisher.assertOpen();
  checkColumn(publisher, 'handles', handles, Uint32Array, handles?.length);
  const events = handles.length;
  checkColumn(publisher, 'x', x, Float64Array, events);
  checkColumn(publisher, 'y', y, Float64Array, events);
  const graph = publisher.liveRow(ref);
  if (ref.space === Space.solid) checkColumn(publisher, 'z', z, Float64Array, events);
  else if (z !== undefined) refuse(publisher, events, 'z: a column of it in a graph of 2 dimensions');
  if (time !== undefined) checkColumn(publisher, 'time', time, Float64Array, events);
  const writer = publisher.writers[ref.shard]!;
  const most = Math.min(events, writer.roomForEvents);
  const attention = checkHandles(publisher, 'handles', handles, 0, most, graph);
  checkRest(publisher, 'handles', handles, most, graph);
  checkNumbers(publisher, 'x', x, most);
  checkNumbers(publisher, 'y', y, most);
  if (z !== undefined) checkNumbers(publisher, 'z', z, most);
  if (ref.space === Space.sphere) {
    checkDegrees(publisher, 'x', x, most, 180, 'longitude');
    checkDegrees(publisher, 'y', y, most, 90, 'latitude');
  }
  if (time !== undefined) checkNumbers(publisher, 'time', time, most);
  const now = publisher.now();
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
  noteRest(handles, done, graph);
  return done;
}

export function publishEdgeColumns(
  publisher: Publisher,
  ref: GraphRef,
  sources: Uint32Array,
  targets: Uint32Array,
  weights: Float64Array | undefined,
): number {
  publisher.assertOpen();
  checkColumn(publisher, 'sources', sources, Uint32Array, sources?.length);
  const events = sources.length;
  checkColumn(publisher, 'targets', targets, Uint32Array, events);
  const writer = publisher.writers[ref.shard]!;
  const most = Math.min(events, writer.roomForEvents);
  if (weights !== undefined) {
    checkColumn(publisher, 'weights', weights, Float64Array, events);
    for (let i = 0; i < most; i++) {
      if (Number.isNaN(weights[i])) refuse(publisher, events, `weights[${i}]: NaN is not a number`);
    }
  }
  const graph = publisher.liveRow(ref);
  const attention =
    checkHandles(publisher, 'sources', sources, 0, most, graph) |
    checkHandles(publisher, 'targets', targets, 0, most, graph);
  checkRest(publisher, 'sources', sources, most, graph);
  checkRest(publisher, 'targets', targets, most, graph);
  const now = publisher.now();
  const { ids, attention: attentionOf } = publisher.nodes;
  let done = 0;
  while (done < most) {
    const source = sources[done]!;
    const target = targets[done]!;
    const roomy = publisher.edgeBudget.room(most - done);
    if (roomy === 0 || (attention !== 0 && (attentionOf[source]! | attentionOf[target]!) !== 0)) {
      try {
        const weight = weights?.[done];
        publisher.upsertEdge(ref, ids.idOf(source)!, ids.idOf(target)!, weight === undefined ? {} : { weight });
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
  noteRest(sources, done, graph);
  noteRest(targets, done, graph);
  return done;
}
