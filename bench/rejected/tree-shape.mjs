// Radius queries on packed trees of other shapes: fan-outs, float32 boxes, boxes quantised to their parent's.
import { pathToFileURL } from 'node:url';
import { expectEqual, measure, report } from '../support/measure.mjs';
import { POINT_SEED, places, QUERY_SEED } from '../support/workload.mjs';

const RADIUS = 10;
/** Guard bits of two 15-bit coordinates in a word: both differences of a test are seen in one subtraction. */
const GUARD = 0x80008000 | 0;

/** Tiles of `fill` items: sorted by x, cut into strips, each sorted by y. */
function tiles(items, fill, x, y) {
  const nodes = Math.ceil(items.length / fill);
  const strip = Math.ceil(nodes / Math.ceil(Math.sqrt(nodes))) * fill;
  const sorted = items.slice().sort((a, b) => x(a) - x(b));
  const groups = [];
  for (let i = 0; i < sorted.length; i += strip) {
    const part = sorted.slice(i, i + strip).sort((a, b) => y(a) - y(b));
    for (let k = 0; k < part.length; k += fill) groups.push(part.slice(k, k + fill));
  }
  return groups;
}

const least = (items, of) => items.reduce((value, item) => Math.min(value, of(item)), Number.POSITIVE_INFINITY);
const most = (items, of) => items.reduce((value, item) => Math.max(value, of(item)), Number.NEGATIVE_INFINITY);

/** Shared memory, as the tree in use has it. */
const column = (type, length) => new type(new SharedArrayBuffer(length * type.BYTES_PER_ELEMENT));

function build({ x, y }, leafSize, leafFill, fanout) {
  const leaves = Math.ceil(x.length / leafFill) + 1024;
  const inners = Math.ceil(leaves / 4) + 64;
  const tree = {
    leafSize,
    fanout,
    xy: column(Float64Array, leaves * leafSize * 2),
    row: column(Uint32Array, leaves * leafSize),
    leafCount: column(Uint8Array, leaves),
    box: column(Float64Array, inners * fanout * 4),
    box32: column(Float32Array, inners * fanout * 4),
    frame: column(Float64Array, inners * 4),
    low: column(Int32Array, inners * fanout),
    high: column(Int32Array, inners * fanout),
    child: column(Int32Array, inners * fanout),
    count: column(Uint8Array, inners),
    root: 0,
  };
  const rows = Array.from(x, (_, i) => i);
  let made = 0;
  let level = tiles(
    rows,
    leafFill,
    (i) => x[i],
    (i) => y[i],
  ).map((group) => {
    const leaf = made++;
    group.forEach((row, k) => {
      const slot = leaf * leafSize + k;
      tree.xy[slot * 2] = x[row];
      tree.xy[slot * 2 + 1] = y[row];
      tree.row[slot] = row;
    });
    tree.leafCount[leaf] = group.length;
    const [minX, minY] = [least(group, (i) => x[i]), least(group, (i) => y[i])];
    return { ref: leaf << 1, box: [minX, minY, most(group, (i) => x[i]), most(group, (i) => y[i])] };
  });
  let inner = 0;
  while (level.length > 1) {
    const groups = tiles(
      level,
      fanout,
      (node) => node.box[0] + node.box[2],
      (node) => node.box[1] + node.box[3],
    );
    level = groups.map((group) => {
      const node = inner++;
      const box = [0, 1]
        .map((k) => least(group, (child) => child.box[k]))
        .concat([2, 3].map((k) => most(group, (child) => child.box[k])));
      const side = Math.max(box[2] - box[0], box[3] - box[1]);
      const [left, bottom, scale] = [box[0] - side / 8, box[1] - side / 8, 32767 / (side * 1.25)];
      tree.frame.set([left, bottom, scale], node * 4);
      const packed = (px, py) => ((px - left) * scale) | 0 | ((((py - bottom) * scale) | 0) << 16);
      group.forEach((child, k) => {
        const slot = node * fanout + k;
        tree.box.set(child.box, slot * 4);
        // Rounded outwards.
        for (let side4 = 0; side4 < 4; side4++) {
          const rounded = Math.fround(child.box[side4]);
          const step = Math.abs(rounded) * 2 ** -23;
          tree.box32[slot * 4 + side4] = side4 < 2 ? rounded - step : rounded + step;
        }
        tree.low[slot] = packed(child.box[0], child.box[1]);
        tree.high[slot] = packed(child.box[2], child.box[3]) | GUARD;
        tree.child[slot] = child.ref;
      });
      tree.count[node] = group.length;
      return { ref: (node << 1) | 1, box };
    });
  }
  tree.root = level[0].ref;
  return tree;
}

/** A kernel of its own for each tree, as in use: made from text, so that its sizes are constants. */
function kernel(tree, boxes) {
  const test = {
    float64:
      'const at = slot << 2; const meets = +(box[at] <= right) & +(box[at + 2] >= left) & +(box[at + 1] <= top) & +(box[at + 3] >= bottom);',
    quantised:
      'const guards = (asked1 - low[slot]) & (high[slot] - asked0); const meets = (guards >>> 31) & (guards >>> 15);',
  };
  test.float32 = test.float64.replaceAll('box[', 'box32[');
  const prepare =
    boxes !== 'quantised'
      ? ''
      : `const f = node << 2, scale = frame[f + 2];
    const clamp = (v) => (v > 0 ? (v < 32767 ? v : 32767) : 0) | 0;
    const asked0 = clamp((left - frame[f]) * scale) | (clamp((bottom - frame[f + 1]) * scale) << 16);
    const asked1 = clamp((right - frame[f]) * scale) | (clamp((top - frame[f + 1]) * scale) << 16) | ${GUARD};`;
  return new Function(
    'tree',
    `const { xy, row, leafCount, box, box32, frame, low, high, child, count, root } = tree;
  const leaves = new Int32Array(65536), stack = new Int32Array(4096);
  function collect(left, bottom, right, top) {
    let total = 0, depth = 0;
    if (root & 1) stack[depth++] = root; else leaves[total++] = root;
    while (depth > 0) {
      const node = stack[--depth] >>> 1;
      ${prepare}
      const first = node * ${tree.fanout}, end = first + count[node];
      for (let slot = first; slot < end; slot++) {
        ${test[boxes]}
        const ref = child[slot], isInner = ref & 1;
        stack[depth] = ref; depth += meets & isInner;
        leaves[total] = ref; total += meets & (isInner ^ 1);
      }
    }
    return total;
  }
  function scan(total, x, y, r2, out) {
    let found = 0;
    for (let i = 0; i < total; i++) {
      const leaf = leaves[i] >>> 1, first = leaf * ${tree.leafSize}, end = first + leafCount[leaf];
      for (let slot = first; slot < end; slot++) {
        const dx = xy[slot << 1] - x, dy = xy[(slot << 1) + 1] - y;
        out[found] = row[slot];
        found += +(dx * dx + dy * dy <= r2);
      }
    }
    return found;
  }
  return (x, y, r, out) => scan(collect(x - r, y - r, x + r, y + r), x, y, r * r, out);`,
  )(tree);
}

export async function run({ tiny = false } = {}) {
  const points = places(tiny ? 2000 : 100_000, POINT_SEED);
  const { x, y } = places(tiny ? 500 : 100_000, QUERY_SEED);
  const out = new Uint32Array(points.x.length + 16);
  const shapes = [
    [16, 14, 16, 'float64'],
    [16, 14, 16, 'float32'],
    [16, 14, 16, 'quantised'],
    [16, 16, 16, 'float64'],
    [8, 7, 16, 'float64'],
    [8, 7, 8, 'float64'],
    [16, 14, 32, 'float64'],
    [32, 28, 16, 'float64'],
  ];
  let inUse;
  let hits;
  for (const [leafSize, leafFill, fanout, boxes] of shapes) {
    const within = kernel(build(points, leafSize, leafFill, fanout), boxes);
    let found = 0;
    const timed = await measure(
      x.length,
      () => {
        found = 0;
        for (let i = 0; i < x.length; i++) found += within(x[i], y[i], RADIUS, out);
      },
      { runs: tiny ? 1 : 5, warm: tiny ? 0 : 1 },
    );
    inUse ??= timed;
    hits ??= found;
    expectEqual('hits', found, hits);
    report(`leaves of ${leafFill} in ${leafSize}, fan-out ${fanout}, ${boxes}`, timed, { 'the first': inUse });
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) await run({ tiny: process.argv.includes('--tiny') });
