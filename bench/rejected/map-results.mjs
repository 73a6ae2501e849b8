// How a result of `graphs.map` gets from a worker to the main thread. It has to be kept as it was returned: the function may
// change it when it is called again. Here both ends are on one thread, and a batch is 512 summaries.
import { pathToFileURL } from 'node:url';
import { DefaultDeserializer, DefaultSerializer } from 'node:v8';
import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads';
import { plainCopy } from '../../dist/src/pool/plain-copy.js';
import { expectEqual, measure, report } from '../support/measure.mjs';

const BATCH = 512;

export async function run({ tiny = false } = {}) {
  const batches = tiny ? 2 : 400;
  const runs = tiny ? 1 : 7;
  const result = (i) => ({ nodes: i, edges: i + 5, components: 1, triangles: 0, degrees: [0, 1, 2, 3, 4] });
  const { port1, port2 } = new MessageChannel();
  const sumOf = (values) => values.reduce((sum, { edges }) => sum + edges, 0);
  const posted = (kept) => () => {
    let sum = 0;
    for (let batch = 0; batch < batches; batch++) {
      port1.postMessage(Array.from({ length: BATCH }, (_, i) => kept(result(i))));
      sum += sumOf(receiveMessageOnPort(port2).message);
    }
    return sum;
  };
  const ways = {
    // In use: small plain values copied, then all posted.
    'plainCopy, postMessage': posted(plainCopy),
    // Rejected.
    'structuredClone, postMessage': posted(structuredClone),
    // Rejected; and an object that is returned twice is written once.
    'v8.Serializer, one buffer a batch': () => {
      let sum = 0;
      for (let batch = 0; batch < batches; batch++) {
        const serializer = new DefaultSerializer();
        serializer.writeHeader();
        for (let i = 0; i < BATCH; i++) serializer.writeValue(result(i));
        port1.postMessage(serializer.releaseBuffer());
        const deserializer = new DefaultDeserializer(receiveMessageOnPort(port2).message);
        deserializer.readHeader();
        sum += sumOf(Array.from({ length: BATCH }, () => deserializer.readValue()));
      }
      return sum;
    },
    'postMessage alone: wrong when the function changes it': posted((value) => value),
  };
  const measured = {};
  for (const [name, way] of Object.entries(ways)) {
    let sum = 0;
    measured[name] = await measure(batches * BATCH, () => (sum = way()), { runs, warm: 1 });
    expectEqual('sum', sum, batches * ((BATCH * (BATCH - 1)) / 2 + 5 * BATCH));
    report(name, measured[name], { 'in use': measured['plainCopy, postMessage'] });
  }
  port1.close();
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) await run({ tiny: process.argv.includes('--tiny') });
