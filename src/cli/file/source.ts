import type { Engine, EngineEvent, GraphOptions, NodeView } from '../../index.js';
import type { Comparison } from '../comparison.js';
import { didYouMean } from '../did-you-mean.js';
import { formatThings } from '../format.js';
import { turn } from '../pace.js';
import { codeOf, Problem } from '../problem.js';
import { type Answers, BadRows, type RunOptions, type Source, type SourceRun } from '../source.js';
import { graphNameOf, kindOf } from '../source-name.js';
import type { Questions } from '../space/questions.js';
import { coordinatesOf, isPlaced, type Space, spaceOf } from '../space/space.js';
import { csvReader } from './csv-reader.js';
import { Input, unreadable } from './input.js';
import { parquetReader } from './parquet.js';
import { PlainState } from './plain-state.js';
import { publishRecords, type RecordFate } from './publish-records.js';
import { type FileRecord, ndjsonReader, type RecordReader } from './records.js';

/** Records that are published at once. */
const BATCH = 512;
/** Places of a file's own nodes at which the answers ask. */
const PLACES = 5;
const NEAREST = 5;

export async function fileSource(options: RunOptions): Promise<Source> {
  const notes = ['Times without a zone are read as UTC.'];
  const reader = readerFor(options, notes);
  const input = await Input.open(options.source, options.encoding);
  return {
    name: options.source,
    engineOptions: {},
    dimensions: isOfRows(options) ? (options.z === undefined ? 2 : 3) : undefined,
    start: (engine, questions) => new FileRun(engine, questions, input, { reader, options, notes }),
  };
}

/** Of one graph, whose events are rows; otherwise of events that name their graphs. */
function isOfRows(options: RunOptions): boolean {
  return kindOf(options) !== 'ndjson';
}

function readerFor(options: RunOptions, notes: string[]): RecordReader {
  const kind = kindOf(options);
  if (kind === 'csv') return csvReader(options, notes);
  if (kind === 'ndjson') return ndjsonReader(options.metric);
  if (kind === 'parquet') return parquetReader(options);
  const { source } = options;
  throw new Problem(
    `unknown source "${source}": flights, swarm, - for the standard input, or a file that ends in .csv, .tsv, .ndjson, .gz of these, or .parquet; --format says what a file of another name is${didYouMean(source, ['flights', 'swarm'])}`,
  );
}

class FileRun implements SourceRun {
  readonly notes: readonly string[];
  readonly badRows = new BadRows();
  readonly #engine: Engine;
  readonly #questions: Questions;
  readonly #input: Input;
  readonly #reader: RecordReader;
  readonly #options: RunOptions;
  /** Kept for the check alone. */
  readonly #plain: PlainState | undefined;
  /** Graphs that were begun, and those of them that an event of was accepted. */
  readonly #begun = new Map<string, Space>();
  readonly #graphs = new Set<string>();
  readonly #fate: RecordFate = {
    accepted: (event) => this.#accepted(event),
    bad: (line, reason) => this.#bad(line, reason),
  };
  #rows = 0;

  constructor(
    engine: Engine,
    questions: Questions,
    input: Input,
    given: { reader: RecordReader; options: RunOptions; notes: readonly string[] },
  ) {
    const { reader, options, notes } = given;
    this.notes = notes;
    this.#engine = engine;
    this.#questions = questions;
    this.#input = input;
    this.#reader = reader;
    this.#options = options;
    this.#plain = options.check ? new PlainState(questions.plain) : undefined;
    if (isOfRows(options)) this.#declare(graphNameOf(options));
  }

  /** Before the first event of a graph that the file itself does not describe. */
  #declare(graph: string): void {
    const { metric, z } = this.#options;
    const given: GraphOptions = { ...(metric !== undefined && { metric }), ...(z !== undefined && { dimensions: 3 }) };
    this.#engine.graph(graph, given);
    this.#begin(graph, given);
  }

  #begin(graph: string, given: GraphOptions | undefined): void {
    const space = spaceOf(given);
    this.#begun.set(graph, space);
    this.#plain?.begin(graph, space);
    this.#questions.begin(graph, space);
  }

  async publish(signal: AbortSignal): Promise<void> {
    const limit = this.#options.limit ?? Number.POSITIVE_INFINITY;
    try {
      for await (const records of this.#reader(this.#input, signal)) {
        for (let from = 0; from < records.length && !signal.aborted; from += BATCH) {
          const batch = records.slice(from, Math.min(from + BATCH, from + limit - this.#rows));
          this.#rows += batch.length;
          await this.#publish(batch);
          await turn();
        }
        if (signal.aborted || this.#rows >= limit) return;
      }
    } catch (error) {
      throw codeOf(error).startsWith('ATHANOR') ? error : unreadable(this.#input.path, error);
    }
  }

  async #publish(records: FileRecord[]): Promise<void> {
    let together: FileRecord[] = [];
    for (const record of records) {
      if ('event' in record && this.#isNew(record.event.graph)) {
        // What came before goes first, so that the graph is new to nobody but this event.
        await publishRecords(this.#engine, together, this.#fate);
        together = [];
        await this.#beginWith(record.line, record.event);
      } else {
        together.push(record);
      }
    }
    await publishRecords(this.#engine, together, this.#fate);
  }

  /** Names that are none are the engine's to refuse. */
  #isNew(graph: unknown): graph is string {
    return typeof graph === 'string' && graph !== '' && Buffer.byteLength(graph) <= 256 && !this.#begun.has(graph);
  }

  async #beginWith(line: number, event: EngineEvent): Promise<void> {
    const describes = event.type === 'graph.created';
    if (!describes) this.#declare(event.graph);
    await publishRecords(this.#engine, [{ line, event }], this.#fate);
    if (describes && this.#graphs.has(event.graph)) this.#begin(event.graph, event.options);
  }

  #accepted(event: EngineEvent): void {
    this.badRows.good++;
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
        const nearest = graph.nearest({ ...coordinatesOf(node, this.#spaceOf(name)), k: NEAREST }).ids();
        near.push({ graph: name, node: node.id, nearest });
        const others = nearest.filter((id) => id !== node.id);
        if (others.length > 0) lines.push(`nearest to ${node.id}: ${others.join(', ')}`);
      }
    }
    const values = { rows: this.#rows, badRows: this.badRows.count, ...totals, near };
    return { values, sections: [{ title: 'File', lines }] };
  }

  #spaceOf(graph: string): Space {
    return this.#begun.get(graph) ?? spaceOf();
  }

  /** The first few nodes with a position. */
  #places(name: string): NodeView[] {
    const places: NodeView[] = [];
    const flat = this.#spaceOf(name).dimensions === 2;
    for (const node of this.#engine.graph(name).nodes()) {
      if (isPlaced(flat ? { ...node, z: 0 } : node)) places.push(node);
      if (places.length === PLACES) break;
    }
    return places;
  }

  async check(comparison: Comparison): Promise<void> {
    this.#plain?.compare(this.#engine, comparison);
  }
}
