/** Of names that are longer than this none is near. */
const LONGEST = 64;

/** ' (did you mean "x"?)' where one of the names is nearly that word; otherwise ''. */
export function didYouMean(word: string, names: readonly string[]): string {
  const found = nearestOf(word, names);
  return found === undefined ? '' : `; did you mean "${found}"?`;
}

/** The name that takes the fewest changes of letters to reach: at most a third of them; case is no change. */
function nearestOf(word: string, names: readonly string[]): string | undefined {
  let best: string | undefined;
  let least = Math.max(1, Math.floor(word.length / 3)) + 1;
  for (const name of names) {
    if (Math.max(name.length, word.length) > LONGEST) continue;
    const changes = changesBetween(word.toLowerCase(), name.toLowerCase());
    if (changes < least) [best, least] = [name, changes];
  }
  return best;
}

/** Letters put in, left out, changed, or swapped with the next. */
function changesBetween(a: string, b: string): number {
  let before: number[] = [];
  let above = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      row[j] = Math.min(above[j]! + 1, row[j - 1]! + 1, above[j - 1]! + same);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        row[j] = Math.min(row[j]!, before[j - 2]! + 1);
    }
    [before, above] = [above, row];
  }
  return above[b.length]!;
}
