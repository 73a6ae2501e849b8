import { basename } from 'node:path';
import { isStandardInput } from './file/input.js';

export const FILE_FORMATS = ['csv', 'ndjson', 'parquet'] as const;
export type FileFormat = (typeof FILE_FORMATS)[number];
export type Kind = 'flights' | 'swarm' | FileFormat;

/** What names a source, and says what it is where its name does not. */
export interface SourceName {
  source: string;
  format?: FileFormat;
  id?: string;
}

/** What a source is by its name or `--format`; the standard input is csv where a column is named. undefined where it is none. */
export function kindOf({ source, format, id }: SourceName): Kind | undefined {
  if (format !== undefined) return format;
  if (source === 'flights' || source === 'swarm') return source;
  if (isStandardInput(source)) return id === undefined ? 'ndjson' : 'csv';
  if (/\.[ct]sv(\.gz)?$/i.test(source)) return 'csv';
  if (/\.parquet$/i.test(source)) return 'parquet';
  return /\.(ndjson|jsonl)(\.gz)?$/i.test(source) ? 'ndjson' : undefined;
}

/** The one graph of a file of rows: 'data/ais.csv.gz' → 'ais', where the options do not name it. */
export function graphNameOf({ source, graph }: { source: string; graph?: string }): string {
  if (graph !== undefined) return graph;
  return basename(source)
    .replace(/(\.csv|\.tsv|\.parquet)?(\.gz)?$/i, '')
    .replace(/^-$|^$/, 'file');
}
