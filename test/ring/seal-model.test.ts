import { describe, expect, test } from 'vitest';
import { explore, type Model, type Process, type State } from '../support/interleave.js';

/*
 * Sealing a frame against an applier that goes idle, parks, or gives its thread back: no frame is ever left lying. The
 * steps are those of Scheduler.seal and dispatch, Pool.wake and submitApplier, Control.markReady, claim and goIdle, and
 * Applier.run, step, #serve, #linger and #leave, one access to a shared word each. One shard; a sleep may time out at any
 * moment; nothing but the words tells a thread anything.
 */
interface Setup {
  frames: number;
  workers: number;
  /** A sleep ends by a wake-up alone: shows that none is missed, where otherwise a time-out would make up for it. */
  soundSleep?: boolean;
  mistake?: 'no second look' | 'state before head' | 'looks before it parks' | 'no look after leaving' | 'WAKE stays';
}

const HEAD = 0;
const APPLIED = 1;
const STATE = 2;
const WAKE = 3;
const PARKED = 4;
const ACTIVE = 5;
/** Pool tasks that wait for a thread. */
const QUEUED = 6;
const PC = 7;
const LEFT = 8;
const worker = (index: number, at: number): number => 9 + index * 3 + at;
const W_PC = 0;
const SEEN = 1;
const WOKEN = 2;

const Shard = { idle: 0, ready: 1, running: 2 } as const;
const WAKES = 16;

enum Main {
  head,
  markReady,
  wake,
  parked,
  notify,
  active,
  submit,
  ended,
}
enum Work {
  pool,
  look,
  claim,
  ring,
  apply,
  goIdle,
  again,
  markReady,
  parkEarly,
  park,
  wakeWord,
  anyReady,
  wait,
  asleep,
  unpark,
  lastLook,
  leave,
  lookAfter,
  back,
}

function sealModel(setup: Setup): Model {
  const { workers, mistake } = setup;

  const main: Process = (s, offer) => {
    const go = (label: string, next: Main, change?: (t: State) => void): void =>
      offer(`main: ${label}`, (t) => {
        t[PC] = next;
        change?.(t);
      });
    const first = mistake === 'state before head' ? Main.markReady : Main.head;
    const sealed = (t: State): void => {
      t[LEFT]!--;
      t[PC] = t[LEFT] === 0 ? Main.ended : first;
    };
    const publish = (t: State): void => {
      t[HEAD]!++;
    };
    switch (s[PC]! as Main) {
      case Main.head: // FrameRing.publish
        if (mistake === 'state before head') {
          return go('HEAD', s[STATE] === Shard.ready ? Main.wake : Main.ended, (t) => {
            publish(t);
            if (s[STATE] !== Shard.ready) sealed(t);
          });
        }
        return go('HEAD', Main.markReady, publish);
      case Main.markReady: // Control.markReady
        if (mistake === 'state before head') {
          return go('marks', Main.head, (t) => {
            if (s[STATE] === Shard.idle) t[STATE] = Shard.ready;
          });
        }
        if (s[STATE] !== Shard.idle) return go('not idle', Main.ended, sealed);
        return go('ready', Main.wake, (t) => {
          t[STATE] = Shard.ready;
        });
      case Main.wake: // Pool.wake
        return go('WAKE', Main.parked, (t) => {
          if (mistake !== 'WAKE stays') t[WAKE] = (s[WAKE]! + 1) % WAKES;
        });
      case Main.parked:
        return go(`${s[PARKED]} parked`, s[PARKED] === 0 ? Main.active : Main.notify);
      case Main.notify: {
        let someone = false;
        for (let index = 0; index < workers; index++) {
          if (s[worker(index, W_PC)] !== Work.asleep) continue;
          someone = true;
          go(`wakes ${index}`, Main.ended, (t) => {
            t[worker(index, W_PC)] = Work.unpark;
            t[worker(index, WOKEN)] = 1;
            sealed(t);
          });
        }
        if (!someone) go('wakes nobody', Main.active);
        return;
      }
      case Main.active: // Scheduler.dispatch
        if (s[ACTIVE]! >= workers) return go('all are at work', Main.ended, sealed);
        return go('too few at work', Main.submit);
      case Main.submit: // Pool.submitApplier
        return go('submits', Main.ended, (t) => {
          t[ACTIVE]!++;
          t[QUEUED]!++;
          sealed(t);
        });
      case Main.ended:
        return;
    }
  };

  const applier =
    (me: number): Process =>
    (s, offer) => {
      const go = (label: string, next: Work, change?: (t: State) => void): void =>
        offer(`applier ${me}: ${label}`, (t) => {
          t[worker(me, W_PC)] = next;
          change?.(t);
        });
      const noWork = mistake === 'looks before it parks' ? Work.parkEarly : Work.park;
      const forget = (t: State): void => {
        t[worker(me, SEEN)] = 0;
        t[worker(me, WOKEN)] = 0;
      };
      switch (s[worker(me, W_PC)]! as Work) {
        case Work.pool:
          if (s[QUEUED] === 0) return;
          return go('starts', Work.look, (t) => {
            t[QUEUED]!--;
          });
        case Work.look: // Applier.step: stateOf
          return go('looks', s[STATE] === Shard.ready ? Work.claim : noWork);
        case Work.claim: // Control.claim
          if (s[STATE] !== Shard.ready) return go('too late', noWork);
          return go('claims', Work.ring, (t) => {
            t[STATE] = Shard.running;
          });
        case Work.ring: // #serve: peek
          return go('peeks', s[HEAD] === s[APPLIED] ? Work.goIdle : Work.apply);
        case Work.apply: // release
          return go('applies', Work.ring, (t) => {
            t[APPLIED]!++;
          });
        case Work.goIdle: // Control.goIdle
          return go('idle', mistake === 'no second look' ? Work.look : Work.again, (t) => {
            t[STATE] = Shard.idle;
          });
        case Work.again: // #serve: isEmpty
          return go('looks again', s[HEAD] === s[APPLIED] ? Work.look : Work.markReady);
        case Work.markReady: // Control.markReady
          return go('ready again', Work.look, (t) => {
            if (s[STATE] === Shard.idle) t[STATE] = Shard.ready;
          });
        case Work.parkEarly: // the mistake: looks, then says that it parks
          return go('looks too early', s[STATE] === Shard.ready ? Work.look : Work.park);
        case Work.park: // #linger: PARKED
          return go('parks', Work.wakeWord, (t) => {
            t[PARKED]!++;
          });
        case Work.wakeWord: // #linger: load WAKE
          return go('loads WAKE', mistake === 'looks before it parks' ? Work.wait : Work.anyReady, (t) => {
            t[worker(me, SEEN)] = s[WAKE]!;
          });
        case Work.anyReady: // #linger: #anyReady
          return go('any ready?', s[STATE] === Shard.ready ? Work.unpark : Work.wait, (t) => {
            t[worker(me, WOKEN)] = s[STATE] === Shard.ready ? 1 : 0;
          });
        case Work.wait: // Atomics.wait
          if (s[WAKE] !== s[worker(me, SEEN)]) {
            return go('not equal', Work.unpark, (t) => {
              t[worker(me, WOKEN)] = 1;
            });
          }
          return go('sleeps', Work.asleep);
        case Work.asleep:
          if (setup.soundSleep === true) return;
          return go('time is up', Work.unpark);
        case Work.unpark: // #linger: PARKED
          return go('unparks', s[worker(me, WOKEN)] === 1 ? Work.look : Work.lastLook, (t) => {
            t[PARKED]!--;
            forget(t);
          });
        case Work.lastLook: // #linger: #anyReady
          return go('last look', s[STATE] === Shard.ready ? Work.look : Work.leave);
        case Work.leave: // #leave
          return go('leaves', mistake === 'no look after leaving' ? Work.pool : Work.lookAfter, (t) => {
            t[ACTIVE]!--;
          });
        case Work.lookAfter: // run: #anyReady
          return go('looks after leaving', s[STATE] === Shard.ready ? Work.back : Work.pool);
        case Work.back: // run
          return go('comes back', Work.look, (t) => {
            t[ACTIVE]!++;
          });
      }
    };

  const initial = new Array<number>(worker(workers, 0)).fill(0);
  initial[PC] = mistake === 'state before head' ? Main.markReady : Main.head;
  initial[LEFT] = setup.frames;
  return {
    initial,
    processes: [main, ...Array.from({ length: workers }, (_, index) => applier(index))],
    wrong: (s) => (s[APPLIED]! > s[HEAD]! ? 'more is applied than published' : undefined),
    mayEnd: (s) =>
      s[APPLIED] === setup.frames &&
      s[PC] === Main.ended &&
      (setup.soundSleep === true || (s[PARKED] === 0 && s[ACTIVE] === 0)),
    show: (s) => s.join(' '),
  };
}

describe('seal model: every interleaving', () => {
  test('one worker: every frame is applied, and everybody goes home', () => {
    const { states } = explore(sealModel({ frames: 4, workers: 1 }));
    expect(states).toBeGreaterThan(200);
  });
  test('two workers', () => {
    explore(sealModel({ frames: 3, workers: 2 }));
  });
  test('no wake-up is missed', () => {
    explore(sealModel({ frames: 4, workers: 1, soundSleep: true }));
    explore(sealModel({ frames: 3, workers: 2, soundSleep: true }));
  });
});

describe('seal model: a mistake is found', () => {
  test.each(['looks before it parks', 'WAKE stays'] as const)('%s', (mistake) => {
    expect(() => explore(sealModel({ frames: 3, workers: 1, soundSleep: true, mistake }))).toThrow('stuck');
  });
  test.each(['no second look', 'state before head', 'no look after leaving'] as const)('%s', (mistake) => {
    expect(() => explore(sealModel({ frames: 3, workers: 1, mistake }))).toThrow('stuck');
  });
});
