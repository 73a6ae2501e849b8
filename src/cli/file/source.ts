import type { Engine, EngineEvent } from '../../index.js';
import type { Comparison } from '../comparison.js';
import { formatThings } from '../format.js';
import { kindOf } from '../option-owners.js';
import { publishAll, turn } from '../pace.js';
import { codeOf, firstLine, Problem } from '../problem.js';
import { type Answers, BadRows, type RunOptions, type Source, type SourceRun } from '../source.js';
import { Input, unreadable } from './input.js';
import { PlainState } from './plain-state.js';
import { csvReader, type FileRecord, ndjsonReader, type RecordReader } from './records.js';

/** Records that are published at once. */
const BATCH = 512;
/** Places of a file's own nodes at which the answers ask. */
const PLACES = 5;
const NEAREST = 5;

export async function fileSource(options: RunOptions): Promise<Source> {
  const reader = readerFor(options);
  const input = await Input.open(options.source);
  return { name: options.source, engineOptions: {}, start: (engine) => new FileRun(engine, input, reader, options) };
}

function readerFor(options: RunOptions): RecordReader {
  const kind = kindOf(options.source);
  if (kind === 'csv') return csvReader(options);
  if (kind === 'ndjson') return ndjsonReader();
  throw new Problem(
    `unknown source "${options.source}": flights, swarm, or a file that ends in .csv, .ndjson or .gz of these`,
  );
}

class FileRun implements SourceRun {
  readonly notes = ['Times without a zone are read as UTC.'];
  readonly badRows = new BadRows();
  readonly #engine: Engine;
  readonly #input: Input;
  readonly #reader: RecordReader;
  readonly #options: RunOptions;
  /** Kept for the check alone. */
  readonly #plain: PlainState | undefined;
  readonly #graphs = new Set<string>();
  #rows = 0;

  constructor(engine: Engine, input: Input, reader: RecordReader, options: RunOptions) {
    this.#engine = engine;
    this.#input = input;
    this.#reader = reader;
    this.#options = options;
    this.#plain = options.check ? new PlainState() : undefined;
  }

  async publish(signal: AbortSignal): Promise<void> {
    const limit = this.#options.limit ?? Number.POSITIVE_INFINITY;
    let batch: FileRecord[] = [];
    try {
      for await (const record of this.#reader(this.#input)) {
        if (signal.aborted || this.#rows >= limit) break;
        this.#rows++;
        if (batch.push(record) < BATCH) continue;
        await this.#publish(batch);
        batch = [];
        await turn();
      }
    } catch (error) {
      throw unreadable(this.#input.path, error);
    }
    await this.#publish(batch);
  }

  async #publish(records: FileRecord[]): Promise<void> {
    const events: EngineEvent[] = [];
    for (const record of records) {
      if ('event' in record) events.push(record.event);
      else this.#bad(record.line, record.reason);
    }
    try {
      await publishAll(this.#engine, events);
      for (const event of events) this.#accepted(event);
    } catch (error) {
      if (!isBadEvent(error)) throw error;
      // The array was refused whole for one of its events: one by one, the good ones go in.
      for (const record of records) if ('event' in record) await this.#publishOne(record.line, record.event);
    }
  }

  async #publishOne(line: number, event: EngineEvent): Promise<void> {
    try {
      await publishAll(this.#engine, event);
      this.#accepted(event);
    } catch (error) {
      if (!isBadEvent(error)) throw error;
      this.#bad(line, firstLine(error));
    }
  }

  #accepted(event: EngineEvent): void {
    this.#graphs.add(event.graph);
    this.#plain?.apply(event);
  }

  #bad(line: number, reason: string): void {
    this.badRows.add(line, reason);
    if (this.#options.strict) throw new Problem(`${this.#input.path}, line ${line}: ${reason}`, 1);
  }

  done(): number {
    return this.#input.done;
  }

  live(): string {
    const { graphs, nodes, edges } = this.#totals();
    return `${formatThings(nodes, 'node')}, ${formatThings(edges, 'edge')} in ${formatThings(graphs, 'graph')}`;
  }

  #totals(): { graphs: number; nodes: number; edges: number } {
    let nodes = 0;
    let edges = 0;
    for (const name of this.#graphs) {
      nodes += this.#engine.graph(name).order;
      edges += this.#engine.graph(name).size;
    }
    return { graphs: this.#graphs.size, nodes, edges };
  }

  answers(): Answers {
    const totals = this.#totals();
    const lines = [this.live(), `${formatThings(this.#rows, 'row')}, ${this.badRows.count} of them bad`];
    const near: Array<{ graph: string; node: string | number; nearest: Array<string | number> }> = [];
    for (const name of this.#graphs) {
      for (const node of this.#places(name)) {
        const graph = this.#engine.graph(name);
        const nearest = graph.nearest({ x: node.x, y: node.y, k: NEAREST }).ids();
        near.push({ graph: name, node: node.id, nearest });
        const others = nearest.filter((id) => id !== node.id);
        if (others.length > 0) lines.push(`nearest to ${node.id}: ${others.join(', ')}`);
      }
    }
    const values = { rows: this.#rows, badRows: this.badRows.count, ...totals, near };
    return { values, sections: [{ title: 'File', lines }] };
  }

  /** The first few nodes with a position. */
  #places(name: string): Array<{ id: string | number; x: number; y: number }> {
    const places: Array<{ id: string | number; x: number; y: number }> = [];
    for (const node of this.#engine.graph(name).nodes()) {
      if (!Number.isNaN(node.x + node.y)) places.push(node);
      if (places.length === PLACES) break;
    }
    return places;
  }

  async check(comparison: Comparison): Promise<void> {
    this.#plain?.compare(this.#engine, comparison);
  }
}

function isBadEvent(error: unknown): boolean {
  return ['ATHANOR_INVALID_EVENT', 'ATHANOR_PAYLOAD_TOO_LARGE', 'ATHANOR_UNSUPPORTED'].includes(codeOf(error));
}
