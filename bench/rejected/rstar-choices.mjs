// The choices of the R*-tree (Beckmann et al., "The R*-tree", 1990), one at a time, on one plain tree: where
// nodes are split, by least overlap to which leaf, a third of a full leaf inserted anew. Splits of inner nodes are in use.
import { pathToFileURL } from 'node:url';
import { expectEqual, measure, report } from '../support/measure.mjs';
import { clustered, POINT_SEED, places, QUERY_SEED } from '../support/workload.mjs';

const M = 16;
/** Least entries of a half, and entries that are inserted anew. */
const LEAST = 6;
const ANEW = 5;

/** Every entry has a box, points too: what is compared are the trees. A node has room for one entry too many. */
class Tree {
  constructor(points, choices) {
    const nodes = Math.ceil(points / 3) + 64;
    this.choices = choices;
    this.box = new Float64Array(nodes * (M + 1) * 4);
    this.child = new Int32Array(nodes * (M + 1));
    this.count = new Uint8Array(nodes);
    this.level = new Uint8Array(nodes);
    this.parent = new Int32Array(nodes).fill(-1);
    this.used = 1;
    this.root = 0;
    this.anew = false;
    this.growth = new Float64Array(M);
    /** Boxes that queries looked at. */
    this.looked = 0;
  }

  insert(row, x, y) {
    this.anew = this.choices.reinsert;
    this.#add(row, x, y);
  }

  #add(row, x, y) {
    const { box } = this;
    let node = this.root;
    while (this.level[node] > 0) {
      const slot = node * (M + 1) + this.#choose(node, x, y);
      const at = slot * 4;
      if (x < box[at]) box[at] = x;
      if (y < box[at + 1]) box[at + 1] = y;
      if (x > box[at + 2]) box[at + 2] = x;
      if (y > box[at + 3]) box[at + 3] = y;
      node = this.child[slot];
    }
    const slot = node * (M + 1) + this.count[node]++;
    this.child[slot] = row;
    box[slot * 4] = box[slot * 4 + 2] = x;
    box[slot * 4 + 1] = box[slot * 4 + 3] = y;
    if (this.count[node] > M) this.#overflow(node);
  }

  #choose(node, x, y) {
    const { box, growth } = this;
    const first = node * (M + 1);
    const count = this.count[node];
    let best = 0;
    let least = Number.POSITIVE_INFINITY;
    let size = Number.POSITIVE_INFINITY;
    for (let k = 0; k < count; k++) {
      const at = (first + k) * 4;
      const width = box[at + 2] - box[at];
      const height = box[at + 3] - box[at + 1];
      const moreX = Math.max(0, box[at] - x, x - box[at + 2]);
      const moreY = Math.max(0, box[at + 1] - y, y - box[at + 3]);
      growth[k] = moreX + moreY;
      if (growth[k] < least || (growth[k] === least && width + height < size)) {
        best = k;
        least = growth[k];
        size = width + height;
      }
    }
    if (!this.choices.overlap || this.level[node] > 1 || least === 0) return best;
    let leastOverlap = Number.POSITIVE_INFINITY;
    for (let k = 0; k < count; k++) {
      if (growth[k] > 4 * least) continue;
      const more = this.#overlapGrowth(first, count, k, x, y);
      if (more < leastOverlap || (more === leastOverlap && growth[k] < growth[best])) {
        best = k;
        leastOverlap = more;
      }
    }
    return best;
  }

  /** By how much the overlap of a child with the others grows with the point. */
  #overlapGrowth(first, count, k, x, y) {
    const { box } = this;
    const at = (first + k) * 4;
    let more = 0;
    for (let other = 0; other < count; other++) {
      if (other === k) continue;
      const to = (first + other) * 4;
      const before = common(box[at], box[at + 2], box, to, 0) * common(box[at + 1], box[at + 3], box, to, 1);
      const width = common(Math.min(box[at], x), Math.max(box[at + 2], x), box, to, 0);
      const height = common(Math.min(box[at + 1], y), Math.max(box[at + 3], y), box, to, 1);
      more += width * height - before;
    }
    return more;
  }

  #overflow(node) {
    if (this.anew && this.level[node] === 0 && node !== this.root) {
      this.anew = false;
      this.#insertAnew(node);
      return;
    }
    this.#split(node);
  }

  /** The points farthest from the middle of the leaf go in again. */
  #insertAnew(leaf) {
    const { box, child } = this;
    const first = leaf * (M + 1);
    const entries = Array.from({ length: M + 1 }, (_, k) => ({
      row: child[first + k],
      x: box[(first + k) * 4],
      y: box[(first + k) * 4 + 1],
    }));
    const [minX, minY, maxX, maxY] = this.#bounds(leaf, 0, M + 1);
    const away = ({ x, y }) => (x - (minX + maxX) / 2) ** 2 + (y - (minY + maxY) / 2) ** 2;
    entries.sort((a, b) => away(a) - away(b));
    const kept = M + 1 - ANEW;
    this.count[leaf] = kept;
    for (let k = 0; k < kept; k++)
      this.#set(first + k, entries[k].row, [entries[k].x, entries[k].y, entries[k].x, entries[k].y]);
    this.#shrink(leaf);
    for (let k = kept; k <= M; k++) this.#add(entries[k].row, entries[k].x, entries[k].y);
  }

  #set(slot, child, box) {
    this.child[slot] = child;
    this.box.set(box, slot * 4);
  }

  #bounds(node, from, until) {
    const { box } = this;
    let [minX, minY, maxX, maxY] = [1 / 0, 1 / 0, -1 / 0, -1 / 0];
    for (let k = from; k < until; k++) {
      const at = (node * (M + 1) + k) * 4;
      minX = Math.min(minX, box[at]);
      minY = Math.min(minY, box[at + 1]);
      maxX = Math.max(maxX, box[at + 2]);
      maxY = Math.max(maxY, box[at + 3]);
    }
    return [minX, minY, maxX, maxY];
  }

  /** The boxes above a node, exact again. */
  #shrink(node) {
    for (let at = node; at !== this.root; at = this.parent[at]) {
      const up = this.parent[at] * (M + 1);
      let slot = up;
      while (this.child[slot] !== at) slot++;
      this.box.set(this.#bounds(at, 0, this.count[at]), slot * 4);
    }
  }

  #split(node) {
    const first = node * (M + 1);
    const entries = Array.from({ length: M + 1 }, (_, k) => ({
      child: this.child[first + k],
      box: this.box.slice((first + k) * 4, (first + k) * 4 + 4),
    }));
    const cut = this.choices.split?.includes(this.level[node] > 0 ? 'inner' : 'leaf')
      ? byMargins(entries)
      : byMedian(entries);
    const other = this.used++;
    this.level[other] = this.level[node];
    this.count[node] = cut;
    this.count[other] = M + 1 - cut;
    entries.forEach((entry, k) => {
      const to = k < cut ? node : other;
      this.#set(to * (M + 1) + (k < cut ? k : k - cut), entry.child, entry.box);
      if (this.level[node] > 0) this.parent[entry.child] = to;
    });
    if (node === this.root) {
      this.root = this.used++;
      this.level[this.root] = this.level[node] + 1;
      this.#set(this.root * (M + 1), node, this.#bounds(node, 0, cut));
      this.count[this.root] = 1;
      this.parent[node] = this.root;
    }
    const up = this.parent[node];
    this.parent[other] = up;
    this.#shrink(node);
    this.#set(up * (M + 1) + this.count[up]++, other, this.#bounds(other, 0, M + 1 - cut));
    this.#shrink(other);
    if (this.count[up] > M) this.#overflow(up);
  }

  within(x, y, radius) {
    const { box, child, count, level } = this;
    const stack = [this.root];
    let hits = 0;
    while (stack.length > 0) {
      const node = stack.pop();
      this.looked += count[node];
      for (let slot = node * (M + 1), end = slot + count[node]; slot < end; slot++) {
        const at = slot * 4;
        if (box[at] > x + radius || box[at + 2] < x - radius || box[at + 1] > y + radius || box[at + 3] < y - radius)
          continue;
        if (level[node] > 0) stack.push(child[slot]);
        else if ((box[at] - x) ** 2 + (box[at + 1] - y) ** 2 <= radius * radius) hits++;
      }
    }
    return hits;
  }
}

function common(min, max, box, at, axis) {
  return Math.max(0, Math.min(max, box[at + 2 + axis]) - Math.max(min, box[at + axis]));
}

function boundsOf(entries) {
  const least = (axis) => entries.reduce((value, { box }) => Math.min(value, box[axis]), Number.POSITIVE_INFINITY);
  const most = (axis) => entries.reduce((value, { box }) => Math.max(value, box[axis]), Number.NEGATIVE_INFINITY);
  return [least(0), least(1), most(2), most(3)];
}

const byCentre = (axis) => (a, b) => a.box[axis] + a.box[axis + 2] - b.box[axis] - b.box[axis + 2];

/** In use: at the median of the longest side. */
function byMedian(entries) {
  const [minX, minY, maxX, maxY] = boundsOf(entries);
  entries.sort(byCentre(maxX - minX >= maxY - minY ? 0 : 1));
  return M / 2;
}

/** R*: the axis whose distributions have the least margins; of these the one with the least overlap, then area. */
function byMargins(entries) {
  let best;
  for (const axis of [0, 1]) {
    const sorted = entries.slice().sort(byCentre(axis));
    let margins = 0;
    let own;
    for (let cut = LEAST; cut <= M + 1 - LEAST; cut++) {
      const a = boundsOf(sorted.slice(0, cut));
      const b = boundsOf(sorted.slice(cut));
      margins += a[2] - a[0] + (a[3] - a[1]) + (b[2] - b[0]) + (b[3] - b[1]);
      const overlap = common(a[0], a[2], b, 0, 0) * common(a[1], a[3], b, 0, 1);
      const area = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]);
      if (own === undefined || overlap < own.overlap || (overlap === own.overlap && area < own.area))
        own = { cut, overlap, area };
    }
    if (best === undefined || margins < best.margins) best = { margins, sorted, cut: own.cut };
  }
  best.sorted.forEach((entry, k) => {
    entries[k] = entry;
  });
  return best.cut;
}

export async function run({ tiny = false } = {}) {
  const count = tiny ? 2000 : 100_000;
  const asked = places(tiny ? 500 : 20_000, QUERY_SEED);
  const ways = {
    'in use: inner nodes split by margins': { split: 'inner' },
    'all split at the median': {},
    'leaves split by margins as well': { split: 'inner and leaf' },
    'leaf by least overlap': { split: 'inner', overlap: true },
    'a third inserted anew': { split: 'inner', reinsert: true },
    'all of the R*-tree': { overlap: true, split: 'inner and leaf', reinsert: true },
  };
  for (const [name, points] of Object.entries({ uniform: places(count, POINT_SEED), clustered: clustered(count) })) {
    console.log(` ${count} points, ${name}`);
    let yardstick;
    let wanted;
    for (const [way, choices] of Object.entries(ways)) {
      let tree;
      const insertAll = () => {
        tree = new Tree(count, choices);
        for (let i = 0; i < count; i++) tree.insert(i, points.x[i], points.y[i]);
      };
      const insert = await measure(count, insertAll, { runs: tiny ? 1 : 3, warm: tiny ? 0 : 1 });
      let hits = 0;
      const ask = () => {
        hits = 0;
        tree.looked = 0;
        for (let i = 0; i < asked.x.length; i++) hits += tree.within(asked.x[i], asked.y[i], 10);
      };
      const query = await measure(asked.x.length, ask, { runs: tiny ? 1 : 5, warm: tiny ? 0 : 1 });
      wanted ??= hits;
      expectEqual('hits', hits, wanted);
      yardstick ??= { insert, query };
      report(`insert, ${way}`, insert, { 'in use': yardstick.insert });
      report(`radius, ${way}`, query, { 'in use': yardstick.query });
      console.log(`    ${(tree.looked / asked.x.length).toFixed(1)} boxes looked at a query`);
    }
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) await run({ tiny: process.argv.includes('--tiny') });
