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

/** Dijkstra's algorithm with a binary heap; with a target, until that is settled. */
export function heapDistances({ nodes, offsets, targets, weights }, source, target) {
  const distances = new Float64Array(nodes).fill(Number.POSITIVE_INFINITY);
  const keys = [];
  const values = [];
  const push = (key, value) => {
    let at = keys.length;
    keys.push(key);
    values.push(value);
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (keys[above] <= key) break;
      keys[at] = keys[above];
      values[at] = values[above];
      at = above;
    }
    keys[at] = key;
    values[at] = value;
  };
  distances[source] = 0;
  push(0, source);
  while (keys.length > 0) {
    const distance = keys[0];
    const node = values[0];
    const key = keys.pop();
    const value = values.pop();
    const length = keys.length;
    let at = 0;
    for (let below = 1; below < length; below = 2 * at + 1) {
      if (below + 1 < length && keys[below + 1] < keys[below]) below++;
      if (keys[below] >= key) break;
      keys[at] = keys[below];
      values[at] = values[below];
      at = below;
    }
    if (length > 0) {
      keys[at] = key;
      values[at] = value;
    }
    if (node === target) break;
    if (distance > distances[node]) continue;
    for (let arc = offsets[node]; arc < offsets[node + 1]; arc++) {
      const found = distance + weights[arc];
      if (found >= distances[targets[arc]]) continue;
      distances[targets[arc]] = found;
      push(found, targets[arc]);
    }
  }
  return distances;
}
