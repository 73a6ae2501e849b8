import { monotonicMs } from '../src/base/clock.js';
import { weigh } from '../src/memory/reserve.js';
import { JobBoard } from '../src/pool/job-board.js';
import type { MapEnd, MapTask } from '../src/pool/map-task.js';
import { Mapper } from '../src/pool/mapper.js';
import { watchStrays } from '../src/pool/strays.js';
import { join, memory } from '../src/pool/thread.js';

const idleMs = (): number => performance.eventLoopUtilization().idle;

/** Pool task: maps graphs until none is to be had. */
export default async function run(task: MapTask): Promise<MapEnd> {
  memory.control.taskBegun();
  const board = JobBoard.attach(task.board);
  try {
    if (board.cancelled) return { why: 'over' };
    const { thread, applier } = join();
    watchStrays();
    return await new Mapper({ task, board, memory, thread, applier, now: monotonicMs, idleMs }).run();
  } finally {
    task.port.close();
    // As in job.ts: this thread's views keep the job's memory until they are collected.
    weigh(task.board.buffers[0]!, 2 * task.rows.byteLength);
    // A turn of the event loop: the pool's own wait for the next task would keep the port half closed for ever.
    await new Promise((resolve) => setImmediate(resolve));
  }
}
