/** A phase of a job's stage, and how many chunks it has. */
export interface PhasePlan {
  readonly phase: number;
  readonly chunks: number;
}

/**
 * What a job does, in one worker. Chunks and moves are repeatable: those of a lost worker are done again by another, who
 * overwrites what it left.
 */
export interface Kernel {
  /**
   * Does a chunk of the phase; one that may last longer than a millisecond calls `breathe` now and then, holding no lock,
   * and returns false when that does. False: not done (not possible now, or the job is over).
   */
  chunk(phase: number, chunk: number): boolean;
  /** All chunks of the phase are done: the next phase, or undefined at the end of the stage. */
  next(phase: number): PhasePlan | undefined;
  /** Of the job's memory, what was touched, about. */
  bytes?(): number;
}

/** Lets the worker apply ready shards; false when the job is over. */
export type Breathe = () => boolean;
