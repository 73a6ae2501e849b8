import type { Breathe } from '../base/kernel.js';
import type { Arcs } from './arcs.js';

/** Nodes that are in no component yet, and where theirs is told. */
export interface OpenNodes {
  readonly nodes: number;
  readonly out: Arcs;
  readonly rank: Uint32Array;
  /** 0 for open nodes; only they and the arcs between them count. */
  readonly states: Uint8Array;
  /** Written for open nodes: the node of least rank in the component. */
  readonly least: Uint32Array;
}

/** Arcs or nodes between two looks at the clock. */
const BREATH_ARCS = 32_768;
/** Above any order of visit: the node is in a component, or not open. */
const DONE = 0xffffffff;

/**
 * Strongly connected components of the open nodes by one depth-first search, with stacks of its own in place of calls:
 * Tarjan 1972, "Depth-First Search and Linear Graph Algorithms". O(n + m). False when the job is over; can be done again.
 */
export function tarjan({ nodes, out, rank, states, least }: OpenNodes, breathe: Breathe): boolean {
  const { offsets, targets } = out;
  // Order of first visit, from 1; 0 = not visited. Pages of these arrays cost nothing before they are touched.
  const seen = new Uint32Array(nodes);
  for (let node = 0; node < nodes; node++) {
    if (states[node] !== 0) seen[node] = DONE;
    if (node % BREATH_ARCS === 0 && !breathe()) return false;
  }
  /** Visited nodes that are in no component yet. */
  const waiting = new Uint32Array(nodes);
  // The path from the root to the node at hand: node, its next arc, the least order that it and what is below it reach.
  const path = new Uint32Array(nodes);
  const next = new Float64Array(nodes);
  const lows = new Uint32Array(nodes);
  let visited = 0;
  let waitingCount = 0;
  let steps = 0;
  for (let root = 0; root < nodes; root++) {
    if (root % BREATH_ARCS === 0 && !breathe()) return false;
    if (seen[root] !== 0) continue;
    let depth = 0;
    let found = root;
    for (;;) {
      if (found >= 0) {
        seen[found] = ++visited;
        waiting[waitingCount++] = found;
        path[depth] = found;
        next[depth] = offsets[found]!;
        lows[depth++] = visited;
        found = -1;
      }
      const node = path[depth - 1]!;
      const begin = next[depth - 1]!;
      const end = offsets[node + 1]!;
      const stop = Math.min(end, begin + BREATH_ARCS);
      let low = lows[depth - 1]!;
      let at = begin;
      while (at < stop) {
        const target = targets[at++]!;
        const order = seen[target]!;
        if (order === 0) {
          found = target;
          break;
        }
        if (order < low) low = order;
      }
      steps += at - begin + 1;
      if (steps >= BREATH_ARCS) {
        steps = 0;
        if (!breathe()) return false;
      }
      if (found >= 0 || at < end) {
        next[depth - 1] = at;
        lows[depth - 1] = low;
        continue;
      }
      depth--;
      if (low === seen[node]) {
        waitingCount = close(node, waiting, waitingCount, seen, rank, least, breathe);
        if (waitingCount < 0) return false;
      } else if (low < lows[depth - 1]!) lows[depth - 1] = low;
      if (depth === 0) break;
    }
  }
  return true;
}

/** The node and all that waits above it are one component. How many wait below it; -1 when the job is over. */
function close(
  node: number,
  waiting: Uint32Array,
  end: number,
  seen: Uint32Array,
  rank: Uint32Array,
  least: Uint32Array,
  breathe: Breathe,
): number {
  let best = node;
  let first = end - 1;
  for (; waiting[first] !== node; first--) {
    const member = waiting[first]!;
    if (rank[member]! < rank[best]!) best = member;
    if (first % BREATH_ARCS === 0 && !breathe()) return -1;
  }
  for (let i = first; i < end; i++) {
    const member = waiting[i]!;
    seen[member] = DONE;
    least[member] = best;
    if ((i + 1) % BREATH_ARCS === 0 && !breathe()) return -1;
  }
  return first;
}
