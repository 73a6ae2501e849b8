import type { Applier } from '../../dist/src/pool/applier.js';
import type { EngineMemory } from '../../dist/src/pool/engine-memory.js';
import { type InspectResult, type InspectTask, inspect } from '../../dist/src/pool/inspect.js';
import { JobBoard } from '../../dist/src/pool/job-board.js';
import { kernelOf } from '../../dist/src/pool/kernels.js';
import { type JobTask, Participant, type ParticipantEnd } from '../../dist/src/pool/participant.js';
import { ControlFlag, ShardState } from '../../dist/src/schedule/control.js';

/** A participant of a job that waits for a thread. */
export interface Guest {
  readonly task: JobTask;
  readonly resolve: (end: ParticipantEnd) => void;
  readonly reject: (error: unknown) => void;
}

/** What workers/job.ts makes of a task, for a thread of the simulation. */
export function participantOf(
  memory: EngineMemory,
  task: JobTask,
  thread: { slot: number; applier: Applier },
  now: () => number,
): Participant {
  memory.control.taskBegun();
  return new Participant({
    board: JobBoard.attach(task.board),
    kernel: (breathe) => kernelOf(task.kernel, memory, thread.slot, task.data, breathe),
    applier: thread.applier,
    memory,
    thread: thread.slot,
    now,
  });
}

/** What workers/inspect.ts does. In one turn of its own, which would wait for ever for a shard that is another's. */
export function inspectionOf(
  memory: EngineMemory,
  task: InspectTask,
  later: (look: () => void) => void,
): Promise<InspectResult> {
  const { control, shards } = memory;
  control.setFlag(ControlFlag.yieldWanted);
  return new Promise((resolve) => {
    const look = (): void => {
      for (let shard = 0; shard < shards; shard++) {
        const state = control.stateOf(shard);
        if (state === ShardState.running || state === ShardState.lost) {
          later(look);
          return;
        }
      }
      const result = inspect(memory, 0, task);
      control.clearFlag(ControlFlag.yieldWanted);
      resolve(result);
    };
    look();
  });
}
