import { Problem } from './problem.js';
import type { RunOptions } from './source.js';
import type { Kind } from './source-name.js';

/** Options that mean something to some sources only. */
const OWNERS: ReadonlyArray<readonly [keyof RunOptions, readonly Kind[]]> = [
  ['days', ['flights']],
  ['nodes', ['swarm']],
  ['seconds', ['swarm']],
  ['seed', ['swarm']],
  ['id', ['csv', 'parquet']],
  ['x', ['csv', 'parquet']],
  ['y', ['csv', 'parquet']],
  ['z', ['csv', 'parquet']],
  ['metric', ['csv', 'ndjson', 'parquet']],
  ['time', ['csv', 'parquet']],
  ['kind', ['csv', 'parquet']],
  ['graph', ['csv', 'parquet', 'swarm']],
  ['strict', ['csv', 'ndjson', 'parquet']],
  ['delimiter', ['csv']],
  ['encoding', ['csv', 'ndjson']],
];

/** Refuses an option that the source would ignore. */
export function refuseForeignOptions(options: RunOptions, kind: Kind): void {
  for (const [option, owners] of OWNERS) {
    const given = options[option] !== undefined && options[option] !== false;
    if (given && !owners.includes(kind)) {
      throw new Problem(`--${option} means nothing to the source ${options.source}: it is for ${listed(owners)}`);
    }
  }
}

/** 'a', 'a and b', 'a, b and c'. */
function listed(names: readonly string[]): string {
  const last = names.at(-1)!;
  return names.length === 1 ? last : `${names.slice(0, -1).join(', ')} and ${last}`;
}
