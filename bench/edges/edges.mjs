// Edges, published → applied, against graphology's mergeEdge on the same events in the same run; then what hubs and memory
// cost. `--edges 50000000` does nothing but load so many by columns, weigh them and look them up.
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import Graph from 'graphology';
import { createEngine } from '../../dist/src/index.js';
import { expectEqual, measure, report } from '../support/measure.mjs';
import { POINT_SEED } from '../support/workload.mjs';
import { rmatEdges, uniformEdges } from './generate.mjs';
import { runHubs } from './hubs.mjs';
import { runMany } from './many.mjs';

export async function byColumns(engine, graph, sources, targets) {
  for (let done = 0; done < sources.length; ) {
    done += graph.upsertEdges(sources.subarray(done), targets.subarray(done));
    if (done < sources.length) await engine.drained();
  }
  await engine.flush();
}

async function byIds(engine, graph, ids, { sources, targets }) {
  for (let i = 0; i < sources.length; i++) {
    if (!graph.upsertEdge(ids[sources[i]], ids[targets[i]])) await engine.drained();
  }
  await engine.flush();
}

export async function makeNodes(engine, graph, ids) {
  for (const id of ids) if (!graph.upsertNode(id)) await engine.drained();
  await engine.flush();
}

/** Graphs one after another, each removed before the next is made. */
class Turns {
  constructor(engine, name, { nodes, sources, targets }) {
    this.engine = engine;
    this.name = name;
    this.ids = Array.from({ length: nodes }, (_, i) => `node-${i}`);
    this.edges = { sources, targets };
    this.turn = 0;
  }

  /** A graph, with its nodes or without, and handles where they are wanted. */
  async next({ known, handles }) {
    const { engine, ids } = this;
    if (this.graph !== undefined) {
      this.graph.remove();
      await engine.flush();
      // Reclaiming goes on behind the flush; it is not what is measured.
      await sleep(this.edges.sources.length / 400 + 50);
    }
    this.graph = engine.graph(`${this.name} ${this.turn++}`);
    if (known) await makeNodes(engine, this.graph, ids);
    if (!handles) return;
    const rows = this.graph.handles(ids);
    this.sources = this.edges.sources.map((source) => rows[source]);
    this.targets = this.edges.targets.map((target) => rows[target]);
  }

  columns() {
    return byColumns(this.engine, this.graph, this.sources, this.targets);
  }

  single() {
    return byIds(this.engine, this.graph, this.ids, this.edges);
  }
}

async function ingest(engine, name, edges, { runs, yardstickRuns }) {
  const { nodes, sources, targets } = edges;
  const events = sources.length;
  const distinct = new Set(Array.from(sources, (source, i) => source * nodes + targets[i])).size;
  console.log(` ${name}: ${nodes} nodes, ${events} events, ${distinct} edges, seed ${POINT_SEED.toString(16)}`);
  const turns = new Turns(engine, name, edges);
  const { ids } = turns;
  const plain = await measure(
    events,
    () => {
      const graph = new Graph({ type: 'directed' });
      for (let i = 0; i < events; i++) graph.mergeEdge(ids[sources[i]], ids[targets[i]]);
      expectEqual('edges of graphology', graph.size, distinct);
    },
    { runs: yardstickRuns },
  );
  report('graphology, mergeEdge', plain);
  const yardsticks = { graphology: plain };
  const rows = [
    ['by columns', 'columns', { known: true, handles: true }],
    ['by columns, all there already', 'columns', undefined],
    ['by columns, ends new', 'columns', { known: false, handles: true }],
    ['by single string ids', 'single', { known: true, handles: false }],
    ['by single string ids, all there already', 'single', undefined],
    ['by single string ids, ends new', 'single', { known: false, handles: false }],
  ];
  for (const [what, how, fresh] of rows) {
    const before = fresh === undefined ? () => {} : () => turns.next(fresh);
    report(what, await measure(events, () => turns[how](), { runs, warm: fresh?.known ? 1 : 0, before }), yardsticks);
    expectEqual('edges', turns.graph.size, distinct);
  }
}

export async function run({ tiny = false } = {}) {
  const nodes = tiny ? 1 << 10 : 1 << 17;
  const events = tiny ? 1 << 13 : 1 << 20;
  const options = { runs: tiny ? 1 : 3, yardstickRuns: 1 };
  const engine = await createEngine({ workers: 1, capacity: { nodes: 1 << 21 } });
  await ingest(engine, 'uniform', uniformEdges(nodes, events, POINT_SEED), options);
  await ingest(engine, 'R-MAT', rmatEdges(nodes, events, POINT_SEED), options);
  expectEqual('problems', (await engine.verify()).problems.join(), '');
  await engine.close();
  await runHubs({ neighbours: tiny ? 2000 : 1_000_000 });
  await runMany({ edges: tiny ? 20_000 : 4_000_000 });
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const at = process.argv.indexOf('--edges');
  if (at >= 0) await runMany({ edges: Number(process.argv[at + 1]) });
  else if (process.argv.includes('--hubs')) await runHubs({ neighbours: 1_000_000 });
  else await run({ tiny: process.argv.includes('--tiny') });
}
