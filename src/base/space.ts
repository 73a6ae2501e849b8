/** The space of a graph's positions, from its options `dimensions` and `metric`. */
export const Space = {
  /** x and y, euclidean. */
  plane: 0,
  /** x, y and z, euclidean. */
  solid: 1,
  /** Longitude x and latitude y in degrees; distances in metres on a sphere. */
  sphere: 2,
} as const;

/** Bits of a graph's options, as its column and the `kind` column of a `graph.created` event hold them. */
export const GraphOption = { lateIgnore: 1, solid: 2, sphere: 4, anySpace: 2 | 4 } as const;

/** The Space that option bits stand for. */
export function spaceOf(optionBits: number): number {
  return (optionBits & GraphOption.anySpace) >>> 1;
}
