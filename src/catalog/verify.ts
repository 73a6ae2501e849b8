import { bitLevels, FANOUT, LEAST, type OrderedViews, Word } from './layout.js';
import type { Order } from './orders.js';
import type { GraphFacts, ShardCatalog } from './shard-catalog.js';

/**
 * Names what does not agree between the catalogue of a shard that stands still and the columns. `alive` are the rows of its
 * graphs; the orders are for this alone.
 */
export function verifyCatalog(
  catalog: ShardCatalog,
  graphs: GraphFacts,
  alive: readonly number[],
  orders: { names: Order; times: Order },
): string[] {
  let nodes = 0;
  let edges = 0;
  for (const graph of alive) {
    nodes += graphs.order[graph]!;
    edges += graphs.size[graph]!;
  }
  const problems: string[] = [];
  for (const [what, found, there] of [
    ['graphs', catalog.graphs, alive.length],
    ['nodes', catalog.nodes, nodes],
    ['edges', catalog.edges, edges],
  ] as const) {
    if (found !== there) problems.push(`catalogue: ${found} ${what} in the totals, ${there} there`);
  }
  for (const index of ['names', 'times'] as const) {
    for (const problem of verifyOrdered(catalog[index].views, alive, orders[index]))
      problems.push(`catalogue, ${index}: ${problem}`);
  }
  for (const problem of verifyCounts(catalog, graphs.order, alive)) problems.push(`catalogue, counts: ${problem}`);
  return problems;
}

/** The tree's form, its order, and that it holds these rows and no others. */
export function verifyOrdered(views: OrderedViews, alive: readonly number[], order: Order): string[] {
  const problems: string[] = [];
  const missing = new Set(alive);
  const height = views.words[Word.height]!;
  /** The last node met of each level, -1 before the first. */
  const last = new Array<number>(height).fill(-1);
  let inner = 0;
  let leaves = 0;
  let entries = 0;
  let before = -1;
  const countsOf = (level: number): Uint8Array => (level === 0 ? views.leafCount : views.innerCount);
  const visit = (level: number, node: number): void => {
    const count = countsOf(level)[node]!;
    const left = last[level]!;
    if (count === 0 || count > FANOUT) problems.push(`node ${node} of level ${level} has ${count} entries`);
    if (left >= 0 && countsOf(level)[left]! < LEAST) problems.push(`node ${left} of level ${level} has few entries`);
    if (level === 0) {
      if (views.leafPrev[node] !== left + 1 || (left >= 0 && views.leafNext[left] !== node + 1))
        problems.push(`leaf ${node} is not linked with the one before it`);
      leaves++;
    } else {
      inner++;
    }
    last[level] = node;
    const skip = (level === 0 ? views.leafSkip : views.innerSkip)[node]!;
    const keys = level === 0 ? views.leafKey : views.innerKey;
    const rows = level === 0 ? views.leafRow : views.innerRow;
    for (let at = node * FANOUT; at < node * FANOUT + count; at++) {
      if (keys[at] !== order.keyOf(rows[at]!, skip)) problems.push(`row ${rows[at]} has another key`);
      if (rows[at] !== rows[node * FANOUT] && order.shared(rows[at]!, rows[node * FANOUT]!) < skip)
        problems.push(`row ${rows[at]} does not begin as its node's first`);
      if (level > 0) {
        const child = views.innerChild[at]! * FANOUT;
        if (views.innerRow[at] !== (level === 1 ? views.leafRow : views.innerRow)[child])
          problems.push(`entry ${at} of level ${level} is not the first of its child`);
        visit(level - 1, views.innerChild[at]!);
        continue;
      }
      const row = views.leafRow[at]!;
      if (!missing.delete(row)) {
        problems.push(`row ${row} stands there, and is no graph or stands there twice`);
        continue;
      }
      order.aim(row);
      if (before >= 0 && !order.precedes(views.leafRow[before]!))
        problems.push(`row ${row} is not behind row ${views.leafRow[before]}`);
      before = at;
      entries++;
    }
  };
  if (height > 0) visit(height - 1, views.words[Word.root]!);
  if (height > 0 && last[0]! >= 0 && views.leafNext[last[0]!] !== 0)
    problems.push('the last leaf is linked with another');
  if (missing.size > 0) problems.push(`${missing.size} graphs are missing, row ${[...missing][0]} among them`);
  if (views.words[Word.size] !== entries) problems.push(`${views.words[Word.size]} entries counted, ${entries} there`);
  const free = (next: Uint32Array, first: number): number => {
    let nodes = 0;
    for (let at = first; at !== 0 && nodes <= next.length; at = next[at - 1]!) nodes++;
    return nodes;
  };
  if (leaves + free(views.leafNext, views.words[Word.leafFree]!) !== views.words[Word.leafBump])
    problems.push('a leaf is lost');
  if (inner + free(views.innerNext, views.words[Word.innerFree]!) !== views.words[Word.innerBump])
    problems.push('an inner node is lost');
  return problems;
}

function verifyCounts(catalog: ShardCatalog, order: Uint32Array, alive: readonly number[]): string[] {
  const problems: string[] = [];
  const { counts } = catalog;
  const { bits, head } = counts.views;
  const missing = new Set(alive);
  const used = new Set(alive.map((graph) => order[graph]!));
  for (const count of used) {
    let before = 0;
    for (let at = counts.first(count), steps = 0; at !== 0 && steps <= alive.length; steps++) {
      const graph = catalog.graphOf(at - 1);
      if (order[graph] !== count || !missing.delete(graph))
        problems.push(`row ${graph} is listed with ${count}, and has ${order[graph]} or is listed twice`);
      if (counts.views.link[2 * at - 1] !== before) problems.push(`row ${graph} is not linked with the one before it`);
      before = at;
      at = counts.after(at - 1);
    }
  }
  if (missing.size > 0) problems.push(`${missing.size} graphs are missing, row ${[...missing][0]} among them`);
  for (let count = 0; count <= counts.most; count++) {
    if (head[count] !== 0 && !used.has(count)) problems.push(`a list of graphs with ${count}, and none has so many`);
  }
  // Level by level: the bits that there are are those that follow from the counts in use, and no others.
  const { starts, lengths } = bitLevels(head.length);
  let level = used;
  for (const [i, start] of starts.entries()) {
    const words = new Map<number, number>();
    for (const bit of level) words.set(bit >>> 5, (words.get(bit >>> 5) ?? 0) | (1 << (bit & 31)));
    for (let word = 0; word < Math.min(lengths[i]!, wordsInUse(catalog, i)); word++) {
      if ((bits[start + word]! | 0) !== (words.get(word) ?? 0)) problems.push(`word ${word} of level ${i} of the bits`);
    }
    level = new Set(words.keys());
  }
  return problems;
}

/** Words of a level of the bits up to that of the greatest count ever, and one more. */
function wordsInUse(catalog: ShardCatalog, level: number): number {
  return Math.floor(catalog.counts.most / 32 ** (level + 1)) + 2;
}
