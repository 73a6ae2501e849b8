import { totalmem } from 'node:os';
import type { Engine, EngineOptions, Graph } from '../../index.js';
import { type Input, unreadable } from '../file/input.js';
import { upsertAllEdges } from '../pace.js';
import { codeOf, Problem } from '../problem.js';
import { BadRows } from '../source.js';
import { EdgeLines } from './edge-lines.js';
import { NodeHandles } from './node-handles.js';
import type { GraphRunOptions, GraphSource } from './source.js';

/** The engine's own, and as many as a guess may come to: more are asked for by name. */
const DEFAULT_NODES = 4_194_304;
const DEFAULT_EDGES = 16_777_216;
const MOST_NODES = 2 ** 24;
const MOST_EDGES = 2 ** 27;
/** The shortest line of an edge: '1 2' and its end. */
const LEAST_LINE_BYTES = 4;
/** How many times its size a packed edge list unpacks to, at most: numbers pack to a third or a tenth. */
const MOST_UNPACKED = 12;
/** Memory that an edge takes, and address space that the system has to grant at once for a node. */
const EDGE_BYTES = 64;
const NODE_BYTES = 1300;

/** A file of lines `source target [weight]`, into one graph: read in chunks, published by columns, with back-pressure. */
export class EdgeListSource implements GraphSource {
  readonly name: string;
  readonly graph = 'edges';
  readonly graphOptions = undefined;
  readonly notes: string[] = [];
  readonly badRows = new BadRows();
  readonly capacity: EngineOptions['capacity'];
  readonly #input: Input;
  readonly #strict: boolean;
  readonly #lines: EdgeLines;

  constructor(input: Input, options: GraphRunOptions) {
    this.name = options.source;
    this.capacity = capacityFor(input);
    this.#input = input;
    this.#strict = options.strict;
    this.#lines = new EdgeLines((line, reason) => this.#bad(line, reason), options.weights);
  }

  get rows(): number {
    return this.#lines.lines;
  }

  get edges(): number {
    return this.#lines.edges;
  }

  async load(engine: Engine, signal: AbortSignal): Promise<void> {
    const graph = engine.graph(this.graph);
    const handles = new NodeHandles(engine, graph);
    try {
      for await (const chunk of this.#input.chunks(signal)) {
        this.#lines.push(chunk);
        await this.#publish(engine, graph, handles);
      }
      if (signal.aborted) return;
      this.#lines.end();
      await this.#publish(engine, graph, handles);
      this.#noteTimes();
    } catch (error) {
      // What the engine says is said already; what remains is the stream's.
      throw codeOf(error).startsWith('ATHANOR') ? error : unreadable(this.#input.path, error);
    }
  }

  async #publish(engine: Engine, graph: Graph, handles: NodeHandles): Promise<void> {
    const { columns } = this.#lines;
    const { count } = columns;
    if (count === 0) return;
    this.badRows.good += count;
    const ends = await handles.of(columns.sources, columns.targets, count);
    const [sources, targets] = [ends.subarray(0, count), ends.subarray(count)];
    // Until a line has a weight all are 1, as they are by default.
    const weights = this.#lines.weighted ? columns.weights.subarray(0, count) : undefined;
    await upsertAllEdges(engine, graph, sources, targets, weights);
  }

  #noteTimes(): void {
    const { times } = this.#lines;
    if (!times.look) return;
    this.notes.push(
      `The third column looks like times (${times.least} to ${times.most}) and was taken for weights: --no-weights passes over it.`,
    );
  }

  #bad(line: number, reason: string): void {
    this.badRows.add(line, reason);
    if (this.#strict) throw new Problem(`${this.#input.path}, line ${line}: ${reason}`, 1);
  }

  done(): number {
    return this.#input.done;
  }
}

/** Room for as many edges as the file can hold: address space, not memory. */
function capacityFor(input: Input): EngineOptions['capacity'] {
  const bytes = input.bytes * (input.packed ? MOST_UNPACKED : 1);
  const edges = Math.ceil(Math.min(bytes / LEAST_LINE_BYTES, totalmem() / EDGE_BYTES, MOST_EDGES));
  const nodes = Math.ceil(Math.min(edges, totalmem() / NODE_BYTES, MOST_NODES));
  return { nodes: Math.max(nodes, DEFAULT_NODES), edges: Math.max(edges, DEFAULT_EDGES) };
}
