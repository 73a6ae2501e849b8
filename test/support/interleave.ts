/**
 * A small explicit-state model checker: walks every interleaving of processes whose steps are indivisible, breadth first,
 * so that the trace it shows is a shortest one. A state is a list of small whole numbers: shared words, program counters,
 * registers. Memory is sequentially consistent, as `Atomics` is; a plain access that matters is a step of its own.
 */
export type State = number[];

/** Offers a successor: a copy of the state, changed by `change`. */
export type Offer = (label: string, change: (next: State) => void) => void;

/** The next steps of one process. None: it is blocked, or at its end. */
export type Process = (state: Readonly<State>, offer: Offer) => void;

export interface Model {
  readonly initial: State;
  readonly processes: readonly Process[];
  /** What is wrong with a state, if something is. */
  wrong?(state: Readonly<State>): string | undefined;
  /** Whether a state that no process can leave is a proper end. */
  mayEnd(state: Readonly<State>): boolean;
  /** From every state that can be reached, each of these can still be reached: nobody is locked out for good. */
  readonly alwaysPossible?: Readonly<Record<string, (state: Readonly<State>) => boolean>>;
  /** Shows a state in a trace. */
  show?(state: Readonly<State>): string;
}

export interface Exploration {
  states: number;
  steps: number;
  ends: number;
}

/** Explores all of the model; throws with a shortest trace when something is wrong. */
export function explore(model: Model, maxStates = 2_000_000): Exploration {
  const seen = new Map<string, number>();
  const states: State[] = [];
  const parents: number[] = [];
  const labels: string[] = [];
  const from: number[] = [];
  const to: number[] = [];
  let ends = 0;

  const visit = (state: State, parent: number, label: string): void => {
    const key = String.fromCharCode(...state);
    let index = seen.get(key);
    if (index === undefined) {
      index = states.length;
      if (index >= maxStates) throw new Error(`more than ${maxStates} states`);
      seen.set(key, index);
      states.push(state);
      parents.push(parent);
      labels.push(label);
      const wrong = model.wrong?.(state);
      if (wrong !== undefined) throw new Error(`${wrong}\n${trace(index)}`);
    }
    if (parent >= 0 && model.alwaysPossible !== undefined) {
      from.push(parent);
      to.push(index);
    }
  };

  const trace = (index: number): string => {
    const lines: string[] = [];
    for (let at = index; at >= 0; at = parents[at]!) {
      lines.push(`  ${labels[at]}${model.show === undefined ? '' : `   ${model.show(states[at]!)}`}`);
    }
    return lines.reverse().join('\n');
  };

  let steps = 0;
  visit(model.initial, -1, 'start');
  for (let index = 0; index < states.length; index++) {
    const state = states[index]!;
    const before = steps;
    for (const process of model.processes) {
      process(state, (label, change) => {
        steps++;
        const next = state.slice();
        change(next);
        visit(next, index, label);
      });
    }
    if (steps !== before) continue;
    ends++;
    if (!model.mayEnd(state)) throw new Error(`stuck\n${trace(index)}`);
  }

  for (const [name, goal] of Object.entries(model.alwaysPossible ?? {})) {
    const unable = firstUnable(states, from, to, goal);
    if (unable >= 0) throw new Error(`'${name}' is out of reach\n${trace(unable)}`);
  }
  return { states: states.length, steps, ends };
}

/** The first state from which no goal state can be reached, or -1: goals are followed backwards along the steps. */
function firstUnable(
  states: readonly State[],
  from: readonly number[],
  to: readonly number[],
  goal: (state: Readonly<State>) => boolean,
): number {
  // Steps by the state they lead to: those into state s stand at starts[s] to starts[s + 1].
  const starts = new Uint32Array(states.length + 2);
  for (const state of to) starts[state + 2]!++;
  for (let state = 2; state < starts.length; state++) starts[state]! += starts[state - 1]!;
  const sources = new Uint32Array(from.length);
  to.forEach((state, step) => {
    sources[starts[state + 1]!++] = from[step]!;
  });
  const able = new Uint8Array(states.length);
  const open: number[] = [];
  states.forEach((state, index) => {
    if (!goal(state)) return;
    able[index] = 1;
    open.push(index);
  });
  for (let state = open.pop(); state !== undefined; state = open.pop()) {
    for (let step = starts[state]!; step < starts[state + 1]!; step++) {
      const source = sources[step]!;
      if (able[source] === 1) continue;
      able[source] = 1;
      open.push(source);
    }
  }
  return able.indexOf(0);
}
