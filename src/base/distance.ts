/**
 * The greatest square of a distance whose root is not above `radius`. The radius's own square may be rounded down, and would
 * leave out the very node whose distance it is.
 */
export function squareLimit(radius: number): number {
  let limit = radius * radius;
  for (let step = 0; step < 4; step++) {
    // The next number: more than half of the last digit above, and less than one and a half.
    const next = limit + limit * (Number.EPSILON * 0.50001);
    if (!(Math.sqrt(next) <= radius) || next === limit) break;
    limit = next;
  }
  return limit;
}
