import { CountIndex } from '../../dist/src/catalog/count-index.js';
import { OrderedIndex } from '../../dist/src/catalog/ordered-index.js';
import { ShardCatalog } from '../../dist/src/catalog/shard-catalog.js';
import { ShardEdges } from '../../dist/src/graph/shard-edges.js';
import { ByteHeap } from '../../dist/src/memory/byte-heap.js';
import { ShardLock } from '../../dist/src/memory/lock.js';
import { JobBoard } from '../../dist/src/pool/job-board.js';
import { ShardProjections } from '../../dist/src/pool/projections.js';
import { UndoSlot } from '../../dist/src/project/undo.js';
import { Outbox } from '../../dist/src/ring/outbox.js';
import { FrameRing } from '../../dist/src/ring/ring.js';
import { Control } from '../../dist/src/schedule/control.js';
import { ShardIndex } from '../../dist/src/spatial/shard-index.js';
import { ShardZones } from '../../dist/src/zones/shard-zones.js';

export const CRASH = new Error('the thread is lost here');

/** The steps of an applier before and after each of which it may be lost. */
const STEPS: ReadonlyArray<readonly [{ prototype: object }, readonly string[]]> = [
  [UndoSlot, ['begin', 'save', 'saveMove', 'saveMoveInSolid', 'restore']],
  [ShardIndex, ['move', 'insert', 'remove', 'dropTree', 'packStep', 'packSwap', 'reclaimStep', 'bulkLoad', 'clear']],
  [ShardEdges, ['upsert', 'remove', 'dropNode', 'detachRow', 'reclaimStep', 'rebuild']],
  [ByteHeap, ['allocate', 'free', 'rebuild']],
  [ShardZones, ['set', 'remove', 'reclaim', 'rebuild']],
  [ShardCatalog, ['addGraph', 'dropGraph', 'addNode', 'dropNode', 'addEdge', 'dropEdges', 'rebuild']],
  [OrderedIndex, ['insert', 'remove', 'clear']],
  [CountIndex, ['add', 'remove', 'move', 'clear']],
  [FrameRing, ['release']],
  [Outbox, ['begin', 'write', 'close', 'publish', 'mustTell', 'settle']],
  [ShardLock, ['acquireWrite', 'releaseWrite', 'takeOver']],
  [
    Control,
    ['claim', 'claimLost', 'goIdle', 'giveBack', 'markReady', 'announce', 'beginFrame', 'recount', 'block', 'unblock'],
  ],
  [ShardProjections, ['apply', 'reclaim']],
  [JobBoard, ['claim', 'complete', 'giveBack', 'beginMove', 'endMove']],
];

/** Loses a thread at the n-th step from now on. */
export class Crashes {
  #countdown = Number.POSITIVE_INFINITY;
  /** Turns of threads that are under way, one inside the other. */
  #depth = 0;
  /** Called at every step: others may take their turns in the middle of this one. */
  onStep: () => void = () => undefined;
  readonly #undo: Array<() => void> = [];

  /** Makes every step a place where a thread may be lost, until `remove`. */
  install(): void {
    const crashes = this;
    for (const [type, names] of STEPS) {
      const prototype = type.prototype as Record<string, (...args: unknown[]) => unknown>;
      for (const name of names) {
        const step = prototype[name];
        if (typeof step !== 'function') throw new Error(`no step ${name}`);
        prototype[name] = function (this: unknown, ...args: unknown[]) {
          crashes.#pass();
          const result = step.apply(this, args);
          crashes.#pass();
          return result;
        };
        this.#undo.push(() => {
          prototype[name] = step;
        });
      }
    }
    const cursor = Object.getOwnPropertyDescriptor(FrameRing.prototype, 'eventsApplied')!;
    Object.defineProperty(FrameRing.prototype, 'eventsApplied', {
      ...cursor,
      set(events: number) {
        crashes.#pass();
        cursor.set!.call(this, events);
        crashes.#pass();
      },
    });
    this.#undo.push(() => Object.defineProperty(FrameRing.prototype, 'eventsApplied', cursor));
  }

  remove(): void {
    for (const undo of this.#undo.splice(0)) undo();
  }

  /** The next thread that comes to its n-th step is lost there. */
  in(steps: number): void {
    this.#countdown = steps;
  }

  during<T>(turn: () => T): T {
    this.#depth++;
    try {
      return turn();
    } finally {
      this.#depth--;
    }
  }

  #pass(): void {
    if (this.#depth === 0) return;
    const depth = this.#depth;
    // What happens meanwhile is not this thread's, so nothing in it is a step of its own.
    this.#depth = 0;
    this.onStep();
    this.#depth = depth;
    if (--this.#countdown !== 0) return;
    this.#countdown = Number.POSITIVE_INFINITY;
    throw CRASH;
  }
}
