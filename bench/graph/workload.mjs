// Graphs of the GAP Benchmark Suite's kind, made anew from a seed: 2^scale nodes, 16 * 2^scale undirected edges.

/** Uniform numbers in [0, 1): xorshift128+, 53 bits. */
export function random(seed) {
  let a = (seed ^ 0x9e3779b9) >>> 0 || 1;
  let b = (seed * 0x85ebca6b) >>> 0 || 2;
  let c = 0x1b873593;
  let d = 0xe6546b64;
  const next = () => {
    const t = a ^ (a << 11);
    a = b;
    b = c;
    c = d;
    d = d ^ (d >>> 19) ^ (t ^ (t >>> 8));
    return d >>> 0;
  };
  for (let i = 0; i < 20; i++) next();
  return () => (next() * 2 ** 21 + (next() >>> 11)) / 2 ** 53;
}

/** Both ends uniform. */
export function uniform(scale, seed = 27491095) {
  const nodes = 2 ** scale;
  const edges = 16 * nodes;
  const chance = random(seed);
  const sources = new Uint32Array(edges);
  const targets = new Uint32Array(edges);
  for (let i = 0; i < edges; i++) {
    sources[i] = chance() * nodes;
    targets[i] = chance() * nodes;
  }
  return { name: 'uniform', nodes, sources, targets };
}

/** R-MAT with the parameters of Graph500 (Chakrabarti, Zhan, Faloutsos 2004), nodes renumbered at random. */
export function kronecker(scale, seed = 27491095) {
  const nodes = 2 ** scale;
  const edges = 16 * nodes;
  const chance = random(seed);
  const sources = new Uint32Array(edges);
  const targets = new Uint32Array(edges);
  for (let i = 0; i < edges; i++) {
    let source = 0;
    let target = 0;
    for (let bit = 0; bit < scale; bit++) {
      const quadrant = chance();
      source = source * 2 + (quadrant >= 0.76 ? 1 : 0);
      target = target * 2 + (quadrant >= 0.95 || (quadrant >= 0.57 && quadrant < 0.76) ? 1 : 0);
    }
    sources[i] = source;
    targets[i] = target;
  }
  const names = new Uint32Array(nodes).map((_, i) => i);
  for (let i = nodes - 1; i > 0; i--) {
    const j = Math.floor(chance() * (i + 1));
    [names[i], names[j]] = [names[j], names[i]];
  }
  return { name: 'Kronecker', nodes, sources: sources.map((i) => names[i]), targets: targets.map((i) => names[i]) };
}

/** Whole weights, 1 to 255. */
export function weightsOf(edges, seed = 815) {
  const chance = random(seed);
  return Float64Array.from({ length: edges }, () => 1 + Math.floor(chance() * 255));
}

/** Each undirected edge once, loops left out: what GAP's builder makes of such a list. */
export function distinctEdges({ nodes, sources, targets }) {
  const keys = new Float64Array(sources.length);
  let count = 0;
  for (let i = 0; i < sources.length; i++) {
    const [low, high] = sources[i] < targets[i] ? [sources[i], targets[i]] : [targets[i], sources[i]];
    if (low !== high) keys[count++] = low * nodes + high;
  }
  const sorted = keys.subarray(0, count).sort();
  let kept = 0;
  for (let i = 0; i < count; i++) if (i === 0 || sorted[i] !== sorted[i - 1]) sorted[kept++] = sorted[i];
  return kept;
}
