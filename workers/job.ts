import { monotonicMs } from '../src/base/clock.js';
import type { Breathe, Kernel } from '../src/base/kernel.js';
import { weigh } from '../src/memory/reserve.js';
import { JobBoard } from '../src/pool/job-board.js';
import { kernelOf } from '../src/pool/kernels.js';
import { type JobTask, Participant, type ParticipantEnd } from '../src/pool/participant.js';
import { join, memory } from '../src/pool/thread.js';

/** Pool task: takes part in a stage of a job until it is over. */
export default function run(task: JobTask): ParticipantEnd {
  memory.control.taskBegun();
  const board = JobBoard.attach(task.board);
  // It waited while others did the work.
  if (board.finished) return 'done';
  if (board.cancelled) return 'cancelled';
  const { thread, applier } = join();
  const kernel = (breathe: Breathe): Kernel => kernelOf(task.kernel, memory, thread, task.data, breathe);
  const participant = new Participant({ board, kernel, applier, memory, thread, now: monotonicMs });
  const end = participant.run();
  // This thread's views keep the job's memory until they are collected.
  weigh(task.board.buffers[0]!, participant.bytes);
  return end;
}
