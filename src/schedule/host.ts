/**
 * What the scheduler needs of the world. The engine gives it Node's event loop, the simulator a virtual clock.
 * Times are monotonic milliseconds.
 */
export interface Host {
  now(): number;
  /** Runs `task` at the end of the current tick. */
  endOfTick(task: () => void): void;
  /** Runs `task` after `delayMs`; the answer cancels it. */
  after(delayMs: number, task: () => void): () => void;
  /** As `after`, for what nobody waits for: it keeps no process alive. */
  inBackground(delayMs: number, task: () => void): () => void;
  /** Submits one more applier task to the pool. */
  submitApplier(): void;
  /** Wakes one parked applier; false when none was parked. */
  wakeApplier(): boolean;
  /** Calls `task` once when a worker announces progress; only one call is outstanding at a time. */
  onProgress(task: () => void): void;
}
