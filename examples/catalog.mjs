// A catalogue of graphs: one a customer, found by name, age and size while they change.
import { createEngine } from 'athanor';

const engine = await createEngine();
const start = Date.UTC(2026, 0, 1);
for (const [day, customer] of ['acme/eu', 'acme/us', 'birch', 'cedar', 'acme/asia'].entries()) {
  engine.publish({ type: 'graph.created', graph: customer, time: start + day * 86_400_000 });
  for (let part = 0; part < (day * 7) % 5; part++) engine.graph(customer).upsertNode(part);
}
await engine.flush();

const { graphs } = engine;
console.log(graphs.totals);
console.log(
  'of acme:',
  graphs
    .byName({ prefix: 'acme/' })
    .map((graph) => graph.name)
    .join(', '),
);
const [newest] = graphs.createdBetween(0, Number.POSITIVE_INFINITY, { limit: 1, descending: true });
console.log('newest:', newest.name, new Date(newest.createdAt).toISOString());

engine.graph('acme/us').remove();
await engine.flush();
const [largest] = graphs.nodeCountBetween(1, Number.POSITIVE_INFINITY, { limit: 1, descending: true });
console.log('largest:', largest.name, 'with', largest.nodes, 'nodes;', graphs.get('acme/us'));

await engine.close();
