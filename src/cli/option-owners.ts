import { Problem } from './problem.js';
import type { RunOptions } from './source.js';

type Kind = 'flights' | 'swarm' | 'csv' | 'ndjson';

/** Options that mean something to some sources alone. */
const OWNERS: ReadonlyArray<readonly [keyof RunOptions, readonly Kind[]]> = [
  ['days', ['flights']],
  ['nodes', ['swarm']],
  ['seconds', ['swarm']],
  ['seed', ['swarm']],
  ['id', ['csv']],
  ['x', ['csv']],
  ['y', ['csv']],
  ['z', ['csv']],
  ['metric', ['csv', 'ndjson']],
  ['time', ['csv']],
  ['kind', ['csv']],
  ['graph', ['csv', 'swarm']],
  ['strict', ['csv', 'ndjson']],
];

/** What a source is by its name; undefined where it is none. */
export function kindOf(source: string): Kind | undefined {
  if (source === 'flights' || source === 'swarm') return source;
  if (/\.csv(\.gz)?$/i.test(source)) return 'csv';
  return /\.(ndjson|jsonl)(\.gz)?$/i.test(source) ? 'ndjson' : undefined;
}

/** Refuses an option that the source would ignore. */
export function refuseForeignOptions(options: RunOptions, kind: Kind): void {
  for (const [option, owners] of OWNERS) {
    const given = options[option] !== undefined && options[option] !== false;
    if (given && !owners.includes(kind)) {
      throw new Problem(`--${option} means nothing to the source ${options.source}: it is for ${owners.join(' and ')}`);
    }
  }
}
