import type { NodeId } from '../base/types.js';
import type { CopyHolder } from '../query/graph-reader.js';
import type { EngineMemory } from './engine-memory.js';
import type { JobBoard } from './job-board.js';
import type { MapSender } from './map-sender.js';
import type { MapMessage, MapTask } from './map-task.js';

/** While a promise is awaited: looks at the shards are so far apart, at first and later, and so are offers of the thread. */
const LOOK_MS = 1;
const LATER_LOOK_MS = 10;
/** Ids that are kept between two looks: about a millisecond. */
const KEPT_AT_ONCE = 4_096;

/** Worker thread. A task's waits for promises of the user's: other tasks have the thread meanwhile. */
export class MapWait {
  readonly #task: MapTask;
  readonly #board: JobBoard;
  readonly #sender: MapSender;
  readonly #memory: EngineMemory;
  readonly #thread: number;
  readonly #now: () => number;
  readonly #step: (now: number) => boolean;
  readonly #keepsIdsFromMs: number;
  /** Rows are not held for this task any more. */
  #rowsGone = false;

  /** `step` applies a ready shard, and tells whether there was one. Ids are kept from `keepsIdsFromMs` on. */
  constructor(parts: {
    task: MapTask;
    board: JobBoard;
    sender: MapSender;
    memory: EngineMemory;
    thread: number;
    now: () => number;
    step: (now: number) => boolean;
    keepsIdsFromMs: number;
  }) {
    this.#task = parts.task;
    this.#board = parts.board;
    this.#sender = parts.sender;
    this.#memory = parts.memory;
    this.#thread = parts.thread;
    this.#now = parts.now;
    this.#step = parts.step;
    this.#keepsIdsFromMs = parts.keepsIdsFromMs;
  }

  /**
   * Waits for a promise. Meanwhile it applies ready shards, and the thread takes other tasks. False when the job was over
   * before, and for `graceMs` more.
   */
  async settled(promise: Promise<unknown>, graceMs: number, holder?: CopyHolder): Promise<boolean> {
    const { control } = this.#memory;
    let settled = false;
    let wake = (): void => undefined;
    const settle = (): void => {
      settled = true;
      wake();
    };
    promise.then(settle, settle);
    control.opens(this.#thread);
    control.atWork[this.#thread] = 0;
    try {
      const fromMs = this.#now();
      let overAtMs: number | undefined;
      let offeredAtMs = Number.NEGATIVE_INFINITY;
      for (let worked = true; ; ) {
        const sinceMs = this.#now() - fromMs;
        await new Promise<void>((resolve) => {
          wake = resolve;
          if (worked) setImmediate(resolve);
          else setTimeout(resolve, Math.min(LATER_LOOK_MS, LOOK_MS + sinceMs / 100));
        });
        if (settled) return true;
        const now = this.#now();
        if (this.#board.cancelled) {
          overAtMs ??= now;
          if (now - overAtMs >= graceMs) return false;
        }
        if (this.#sender.unsent > 0) this.#sender.send();
        if (control.isAwaited() && now - offeredAtMs >= LATER_LOOK_MS) {
          offeredAtMs = now;
          this.#task.port.postMessage('open' satisfies MapMessage);
        }
        if (holder !== undefined && !this.#rowsGone && now > this.#keepsIdsFromMs) this.#keepIds(holder);
        worked = this.#step(now);
      }
    } finally {
      control.shuts(this.#thread);
    }
  }

  /**
   * Some of the graph's ids, before their rows are other nodes'. With the last of them rows need not be held for this task
   * any more: it ends with this graph, for its turn is over.
   */
  #keepIds(holder: CopyHolder): void {
    const { rows, order } = holder.copy!;
    holder.ids ??= [];
    const kept: NodeId[] = holder.ids;
    const end = Math.min(order, kept.length + KEPT_AT_ONCE);
    while (kept.length < end) kept.push(this.#memory.ids.idOf(rows[kept.length]!)!);
    if (end < order) return;
    this.#rowsGone = true;
    this.#task.port.postMessage('rows' satisfies MapMessage);
  }
}
