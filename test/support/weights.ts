/** Weights of a kind that goes through a whole graph. */
export const weightOf = {
  whole: (chance: () => number) => 1 + Math.floor(chance() * 255),
  ones: () => 1,
  zeros: () => 0,
  fractions: (chance: () => number) => chance(),
  'zeros and fractions': (chance: () => number) => (chance() < 0.5 ? 0 : chance()),
  'all magnitudes': (chance: () => number) => 10 ** (chance() * 600 - 300),
  'the least': () => Number.MIN_VALUE,
  'sums beyond the largest': (chance: () => number) => chance() * Number.MAX_VALUE,
  'some are never taken': (chance: () => number) =>
    chance() < 0.3 ? Number.POSITIVE_INFINITY : Math.floor(chance() * 4),
};

export const kinds = Object.keys(weightOf) as (keyof typeof weightOf)[];
