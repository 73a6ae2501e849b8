import type { Engine, EngineEvent, Graph } from '../index.js';
import { codeOf } from './problem.js';

/** Moves all rows, waiting as often as the rings are full. */
export async function moveAll(
  engine: Engine,
  graph: Graph,
  handles: Uint32Array,
  x: Float64Array,
  y: Float64Array,
  time?: Float64Array,
): Promise<void> {
  const count = handles.length;
  let from = count === 0 ? 0 : graph.moveNodes(handles, x, y, undefined, time);
  while (from < count) {
    await engine.drained();
    from += graph.moveNodes(
      handles.subarray(from),
      x.subarray(from),
      y.subarray(from),
      undefined,
      time?.subarray(from),
    );
  }
}

/** Upserts all edges, waiting as often as the rings are full. */
export async function upsertAllEdges(
  engine: Engine,
  graph: Graph,
  sources: Uint32Array,
  targets: Uint32Array,
  weights?: Float64Array,
): Promise<void> {
  const count = sources.length;
  let from = count === 0 ? 0 : graph.upsertEdges(sources, targets, weights);
  while (from < count) {
    await engine.drained();
    from += graph.upsertEdges(sources.subarray(from), targets.subarray(from), weights?.subarray(from));
  }
}

/** Removes all, waiting whenever `removeNode` says that the rings are filling up. */
export async function removeAll(engine: Engine, graph: Graph, ids: readonly string[]): Promise<void> {
  let from = 0;
  while (from < ids.length) {
    let room = true;
    try {
      while (room && from < ids.length) {
        room = graph.removeNode(ids[from]!);
        from++;
      }
    } catch (error) {
      if (codeOf(error) !== 'ATHANOR_BACKPRESSURE') throw error;
      room = false;
    }
    if (!room) await engine.drained();
  }
}

/** Publishes events as a whole: waits for room first where there is none, and afterwards where it is getting scarce. */
export async function publishAll(engine: Engine, events: EngineEvent | readonly EngineEvent[]): Promise<void> {
  for (;;) {
    try {
      if (!engine.publish(events)) await engine.drained();
      return;
    } catch (error) {
      if (codeOf(error) !== 'ATHANOR_BACKPRESSURE') throw error;
      await engine.drained();
    }
  }
}

/** Lets the event loop turn: partial frames are sealed, timers and signals are heard. */
export function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
