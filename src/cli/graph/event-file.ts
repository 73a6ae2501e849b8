import type { Engine } from '../../index.js';
import { type Input, unreadable } from '../file/input.js';
import { publishRecords, type RecordFate } from '../file/publish-records.js';
import { ndjsonReader } from '../file/records.js';
import { turn } from '../pace.js';
import { codeOf, Problem } from '../problem.js';
import { BadRows } from '../source.js';
import type { GraphRunOptions, GraphSource } from './source.js';

/** Records that are published at once. */
const BATCH = 512;

/** A file of events, one a line: the only way to have kinds of edges, nodes without edges, and removals. */
export class EventFileSource implements GraphSource {
  readonly name: string;
  readonly graphOptions = undefined;
  readonly capacity = {};
  readonly notes: readonly string[] = [];
  readonly badRows = new BadRows();
  rows = 0;
  edges = 0;
  readonly #input: Input;
  readonly #options: GraphRunOptions;
  readonly #graphs = new Set<string>();

  constructor(input: Input, options: GraphRunOptions) {
    this.name = options.source;
    this.#input = input;
    this.#options = options;
  }

  /** The one that was asked for, or the only one. */
  get graph(): string {
    const { graph } = this.#options;
    const names = [...this.#graphs];
    if (graph !== undefined && (this.#graphs.has(graph) || names.length === 0)) return graph;
    if (graph === undefined && names.length <= 1) return names[0] ?? 'edges';
    const some = names.slice(0, 5).join(', ') + (names.length > 5 ? ', …' : '');
    if (graph === undefined) throw new Problem(`${this.name} has ${names.length} graphs: name one, --graph of ${some}`);
    throw new Problem(`${this.name} has no graph "${graph}" (--graph); its graphs are ${some}`);
  }

  async load(engine: Engine, signal: AbortSignal): Promise<void> {
    const fate: RecordFate = {
      accepted: (event) => {
        this.badRows.good++;
        this.#graphs.add(event.graph);
        if (event.type === 'edge.upserted') this.edges++;
      },
      bad: (line, reason) => {
        this.badRows.add(line, reason);
        if (this.#options.strict) throw new Problem(`${this.#input.path}, line ${line}: ${reason}`, 1);
      },
    };
    try {
      for await (const records of ndjsonReader()(this.#input, signal)) {
        for (let from = 0; from < records.length && !signal.aborted; from += BATCH) {
          const batch = records.slice(from, from + BATCH);
          this.rows += batch.length;
          await publishRecords(engine, batch, fate);
          await turn();
        }
      }
    } catch (error) {
      throw codeOf(error).startsWith('ATHANOR') ? error : unreadable(this.#input.path, error);
    }
  }

  done(): number {
    return this.#input.done;
  }
}
