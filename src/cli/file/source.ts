import type { Engine, EngineEvent, GraphOptions, NodeView } from '../../index.js';
import type { Comparison } from '../comparison.js';
import { formatThings } from '../format.js';
import { kindOf } from '../option-owners.js';
import { turn } from '../pace.js';
import { Problem } from '../problem.js';
import { type Answers, BadRows, type RunOptions, type Source, type SourceRun } from '../source.js';
import type { Questions } from '../space/questions.js';
import { coordinatesOf, isPlaced, type Space, spaceOf } from '../space/space.js';
import { Input, unreadable } from './input.js';
import { PlainState } from './plain-state.js';
import { publishRecords, type RecordFate } from './publish-records.js';
import { csvGraphOf, csvReader, type FileRecord, ndjsonReader, type RecordReader } from './records.js';

/** Records that are published at once. */
const BATCH = 512;
/** Places of a file's own nodes at which the answers ask. */
const PLACES = 5;
const NEAREST = 5;

export async function fileSource(options: RunOptions): Promise<Source> {
  const reader = readerFor(options);
  const input = await Input.open(options.source);
  return {
    name: options.source,
    engineOptions: {},
    dimensions: kindOf(options.source) === 'csv' ? (options.z === undefined ? 2 : 3) : undefined,
    start: (engine, questions) => new FileRun(engine, questions, input, reader, options),
  };
}

function readerFor(options: RunOptions): RecordReader {
  const kind = kindOf(options.source);
  if (kind === 'csv') return csvReader(options);
  if (kind === 'ndjson') return ndjsonReader(options.metric);
  throw new Problem(
    `unknown source "${options.source}": flights, swarm, or a file that ends in .csv, .ndjson or .gz of these`,
  );
}

class FileRun implements SourceRun {
  readonly notes = ['Times without a zone are read as UTC.'];
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

  constructor(engine: Engine, questions: Questions, input: Input, reader: RecordReader, options: RunOptions) {
    this.#engine = engine;
    this.#questions = questions;
    this.#input = input;
    this.#reader = reader;
    this.#options = options;
    this.#plain = options.check ? new PlainState(questions.plain) : undefined;
    if (kindOf(options.source) === 'csv') this.#declare(csvGraphOf(options));
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
