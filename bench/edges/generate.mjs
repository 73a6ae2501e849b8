// Edges of random graphs, the same for every program that is compared: two columns of node numbers.
import { xorshift32 } from '../support/workload.mjs';

/** Both ends anywhere. */
export function uniformEdges(nodes, count, seed) {
  const next = xorshift32(seed);
  const sources = new Uint32Array(count);
  const targets = new Uint32Array(count);
  for (let i = 0; i < count; i++) {
    sources[i] = next() * nodes;
    targets[i] = next() * nodes;
  }
  return { nodes, sources, targets };
}

/**
 * R-MAT with the parameters of Graph500 (Chakrabarti, Zhan, Faloutsos, "R-MAT: a recursive model for graph mining", 2004),
 * nodes shuffled: a few hubs have a large part of all edges. `nodes` is rounded up to a power of two.
 */
export function rmatEdges(nodes, count, seed) {
  const next = xorshift32(seed);
  const scale = Math.ceil(Math.log2(nodes));
  const label = Uint32Array.from({ length: 2 ** scale }, (_, i) => i);
  for (let i = label.length - 1; i > 0; i--) {
    const j = Math.floor(next() * (i + 1));
    const other = label[j];
    label[j] = label[i];
    label[i] = other;
  }
  const sources = new Uint32Array(count);
  const targets = new Uint32Array(count);
  for (let i = 0; i < count; i++) {
    let source = 0;
    let target = 0;
    for (let bit = 0; bit < scale; bit++) {
      const dice = next();
      source = source * 2 + (dice >= 0.76 ? 1 : 0);
      target = target * 2 + ((dice >= 0.57 && dice < 0.76) || dice >= 0.95 ? 1 : 0);
    }
    sources[i] = label[source];
    targets[i] = label[target];
  }
  return { nodes: label.length, sources, targets };
}
