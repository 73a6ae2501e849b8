// The obvious implementations, over the same rows.

/** Hops by a queue. */
export function queueHops({ nodes, offsets, targets }, source) {
  const hops = new Float64Array(nodes).fill(Number.POSITIVE_INFINITY);
  const queue = new Uint32Array(nodes);
  let tail = 0;
  hops[source] = 0;
  queue[tail++] = source;
  for (let head = 0; head < tail; head++) {
    const node = queue[head];
    for (let arc = offsets[node]; arc < offsets[node + 1]; arc++) {
      const target = targets[arc];
      if (hops[target] !== Number.POSITIVE_INFINITY) continue;
      hops[target] = hops[node] + 1;
      queue[tail++] = target;
    }
  }
  return hops;
}
