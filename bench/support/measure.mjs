/** Nanoseconds an operation: the median of some runs after `warm` that do not count, and how far they spread. */
export async function measure(operations, run, { runs = 5, warm = 0, before = () => {} } = {}) {
  const times = [];
  for (let i = 0; i < warm; i++) {
    await before();
    await run();
  }
  for (let i = 0; i < runs; i++) {
    await before();
    const start = performance.now();
    await run();
    times.push(((performance.now() - start) * 1e6) / operations);
  }
  times.sort((a, b) => a - b);
  return { ns: times[times.length >> 1], least: times[0], most: times[times.length - 1] };
}

/** One line: what, nanoseconds, spread, and ratios to yardsticks measured in the same process. */
export function report(what, result, yardsticks = {}) {
  const ratios = Object.entries(yardsticks).map(([name, other]) => `${(other.ns / result.ns).toFixed(2)} x ${name}`);
  const spread = `${result.least.toFixed(0)}–${result.most.toFixed(0)}`;
  console.log(`  ${what.padEnd(46)}${result.ns.toFixed(0).padStart(8)} ns  (${spread})  ${ratios.join('  ')}`);
  return result;
}

/** Ends the bench when an answer is wrong: a fast wrong answer is worth nothing. */
export function expectEqual(what, found, wanted) {
  if (found === wanted) return;
  throw new Error(`${what}: found ${found}, wanted ${wanted}`);
}
