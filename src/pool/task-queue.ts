import { ArrayTaskQueue, type Piscina } from 'piscina';
import type { EngineMemory } from './engine-memory.js';

/** As Piscina's load balancer sees one. */
type PiscinaWorker = Parameters<NonNullable<Piscina['options']['loadBalancer']>>[1][number];

type Task = ArrayTaskQueue['tasks'][number];

/** The tasks that wait, first come, first served: and they can be passed, and what was queued be taken back. */
export class TaskQueue extends ArrayTaskQueue {
  /** Piscina takes it for empty: a task is run past those that wait. */
  isPassed = false;
  #noted: Task | undefined;
  #notes = false;

  override get size(): number {
    return this.isPassed ? 0 : this.tasks.length;
  }

  override push(task: Task): void {
    if (this.#notes) this.#noted = task;
    super.push(task);
  }

  override unshift(task: Task): void {
    if (this.#notes) this.#noted = task;
    super.unshift(task);
  }

  /** From now on what is queued is noted, or is not any more. */
  note(notes: boolean): void {
    this.#notes = notes;
    this.#noted = undefined;
  }

  takeBack(): void {
    if (this.#noted !== undefined) this.remove(this.#noted);
    this.#noted = undefined;
  }
}

/**
 * A worker without a task. Or, when they are `all` that may be started, one whose tasks all wait for a promise of a user's, so
 * that its event loop turns: the function may go on at any time and not return, but others have no thread at all.
 */
export function freeOf(workers: PiscinaWorker[], memory: EngineMemory, all: boolean): PiscinaWorker | null {
  for (const worker of workers) if (worker.currentUsage === 0) return worker;
  if (!all) return null;
  const { threads, control } = memory;
  for (const worker of workers) {
    const thread = threads.slotOf(worker.id);
    if (thread > 0 && control.openTasks(thread) === worker.currentUsage) return worker;
  }
  return null;
}
