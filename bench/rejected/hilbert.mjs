// Trees packed along a Hilbert curve (Kamel and Faloutsos, "On packing R-trees", 1993) against the tiles in use: radius queries on
// even and on clustered points, and what they look at.
import { pathToFileURL } from 'node:url';
import { expectEqual, measure, report } from '../support/measure.mjs';
import { clustered, POINT_SEED, places, QUERY_SEED, SIDE } from '../support/workload.mjs';

const LEAF_FILL = 14;
const INNER_FILL = 12;
const RADIUS = 10;

/** Place on a Hilbert curve of 2^32 cells. */
function hilbert(x, y) {
  let place = 0;
  for (let side = 1 << 15; side > 0; side >>>= 1) {
    const right = (x & side) > 0 ? 1 : 0;
    const up = (y & side) > 0 ? 1 : 0;
    place = place * 4 + ((3 * right) ^ up);
    if (up === 0) {
      if (right === 1) {
        x = 65535 - x;
        y = 65535 - y;
      }
      [x, y] = [y, x];
    }
  }
  return place;
}

const centre = (item, axis) => (item.box[axis] + item.box[axis + 2]) / 2;

function alongTheCurve(items, fill) {
  const cell = (item, axis) => Math.min(65535, Math.max(0, Math.floor((centre(item, axis) / SIDE) * 65536)));
  for (const item of items) item.place = hilbert(cell(item, 0), cell(item, 1));
  items.sort((a, b) => a.place - b.place);
  const groups = [];
  for (let i = 0; i < items.length; i += fill) groups.push(items.slice(i, i + fill));
  return groups;
}

/** Sort-tile-recursive, as in use. */
function tiles(items, fill) {
  const nodes = Math.ceil(items.length / fill);
  const slab = Math.ceil(nodes / Math.ceil(Math.sqrt(nodes))) * fill;
  items.sort((a, b) => centre(a, 0) - centre(b, 0));
  const groups = [];
  for (let i = 0; i < items.length; i += slab) {
    const part = items.slice(i, i + slab).sort((a, b) => centre(a, 1) - centre(b, 1));
    for (let k = 0; k < part.length; k += fill) groups.push(part.slice(k, k + fill));
  }
  return groups;
}

function build({ x, y }, group) {
  let items = Array.from(x, (_, row) => ({ row, box: [x[row], y[row], x[row], y[row]] }));
  for (let fill = LEAF_FILL; items.length > 1; fill = INNER_FILL) {
    items = group(items, fill).map((children) => ({
      boxes: Float64Array.from(children.flatMap(({ box }) => box)),
      children: fill === LEAF_FILL ? undefined : children,
      rows: fill === LEAF_FILL ? Uint32Array.from(children, ({ row }) => row) : undefined,
      box: children.reduce(
        ([a, b, c, d], { box }) => [Math.min(a, box[0]), Math.min(b, box[1]), Math.max(c, box[2]), Math.max(d, box[3])],
        [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY],
      ),
    }));
  }
  return items[0];
}

function within(root, x, y, radius, seen) {
  const stack = [root];
  let hits = 0;
  while (stack.length > 0) {
    const { boxes, children } = stack.pop();
    if (children === undefined) {
      seen.leaves++;
      for (let at = 0; at < boxes.length; at += 4)
        if ((boxes[at] - x) ** 2 + (boxes[at + 1] - y) ** 2 <= radius * radius) hits++;
      continue;
    }
    seen.boxes += children.length;
    for (let k = 0; k < children.length; k++) {
      const at = 4 * k;
      if (
        boxes[at] > x + radius ||
        boxes[at + 2] < x - radius ||
        boxes[at + 1] > y + radius ||
        boxes[at + 3] < y - radius
      )
        continue;
      stack.push(children[k]);
    }
  }
  return hits;
}

export async function run({ tiny = false } = {}) {
  const count = tiny ? 2000 : 100_000;
  const asked = places(tiny ? 500 : 20_000, QUERY_SEED);
  for (const [name, points] of Object.entries({ even: places(count, POINT_SEED), clustered: clustered(count) })) {
    console.log(` ${count} points, ${name}`);
    let inUse;
    let wanted;
    for (const [way, group] of Object.entries({ tiles, 'a Hilbert curve': alongTheCurve })) {
      const root = build(points, group);
      let hits = 0;
      let seen;
      const ask = () => {
        hits = 0;
        seen = { leaves: 0, boxes: 0 };
        for (let i = 0; i < asked.x.length; i++) hits += within(root, asked.x[i], asked.y[i], RADIUS, seen);
      };
      const timed = await measure(asked.x.length, ask, { runs: tiny ? 1 : 5, warm: tiny ? 0 : 1 });
      wanted ??= hits;
      expectEqual('hits', hits, wanted);
      inUse ??= timed;
      report(`radius, ${way}`, timed, { tiles: inUse });
      const each = (value) => (value / asked.x.length).toFixed(1);
      console.log(`    ${each(seen.leaves)} leaves and ${each(seen.boxes)} boxes looked at a query`);
    }
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) await run({ tiny: process.argv.includes('--tiny') });
