import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { fitCapacity, plannedBytes } from '../../dist/src/engine/fit-memory.js';
import { planMemory } from '../../dist/src/engine/memory-plan.js';
import { resolveOptions } from '../../dist/src/engine/options.js';
import { AthanorError, createEngine } from '../../dist/src/index.js';
import { DECLARATION_BYTES } from '../../dist/src/publish/event-writer.js';

const UNBOUNDED = { bytes: Number.POSITIVE_INFINITY, bound: 'nothing' };
const ROOMY = 2 ** 34;
const THREAD = 700e6;

function refusalOf(task: () => unknown): AthanorError {
  try {
    task();
  } catch (error) {
    if (error instanceof AthanorError) return error;
  }
  throw new Error('nothing was refused');
}

describe('what an engine reserves', () => {
  test('follows its capacity: some hundred megabytes for 1,000 nodes', () => {
    const bytesOf = (nodes: number, workers: number): number => {
      const options = resolveOptions({ workers, capacity: { nodes } });
      return plannedBytes(planMemory(options, DECLARATION_BYTES));
    };
    expect(bytesOf(1000, 2)).toBeLessThan(600e6);
    expect(bytesOf(10_000, 2)).toBeLessThan(10 * bytesOf(1000, 2));
    const few = resolveOptions({
      workers: 2,
      capacity: { nodes: 1000, graphs: 10, edges: 1000, dataBytes: 1e6, zones: 10 },
    });
    expect(plannedBytes(planMemory(few, DECLARATION_BYTES))).toBeLessThan(150e6);
  });

  test('is what was measured before it is reserved', async () => {
    await using engine = await createEngine({ workers: 1, shards: 2, capacity: { nodes: 5000, graphs: 100 } });
    const { capacity, memoryBytes } = engine.stats();
    const options = resolveOptions({ workers: 1, shards: 2, capacity });
    expect(memoryBytes.reserved).toBe(plannedBytes(planMemory(options, DECLARATION_BYTES)));
    expect(capacity).toMatchObject({ nodes: 5000, graphs: 100, edges: 320_000, zones: 262_144 });
  });
});

test('graphs and nodes of a tiny capacity come and go by the thousand before they wait for a quarantine', async () => {
  await using engine = await createEngine({ workers: 1, shards: 1, capacity: { graphs: 1, nodes: 1, edges: 1 } });
  for (let i = 0; i < 2000; i++) {
    const graph = engine.graph(`g${i}`);
    graph.upsertNode(i);
    graph.removeNode(i);
    graph.remove();
    if (i % 50 === 49) await engine.flush();
  }
  expect(engine.stats().rejected).toBe(0);
});

describe('capacity that fits', () => {
  test('the defaults stay where there is room', () => {
    const options = resolveOptions({ workers: 2 });
    expect(fitCapacity(options, UNBOUNDED, ROOMY)).toEqual(options.capacity);
    expect(options.capacity.nodes).toBe(4_194_304);
  });

  test('defaults are smaller in proportion where memory is below 4 GiB; what was named stays', () => {
    const options = resolveOptions({ workers: 2, capacity: { graphs: 5000 } });
    const capacity = fitCapacity(options, UNBOUNDED, 2 ** 30);
    expect(capacity).toMatchObject({ graphs: 5000, nodes: 1_048_576, edges: 4_194_304 });
  });

  test.each([3e9, 8e9, 32e9, 100e9])('defaults fit %d bytes of address space', (bytes) => {
    const options = resolveOptions({ workers: 2 });
    const capacity = fitCapacity(options, { bytes, bound: 'a test' }, ROOMY);
    const reserved = plannedBytes(planMemory(options, DECLARATION_BYTES, capacity));
    expect(reserved).toBeLessThan(bytes - 2 * THREAD);
    // And use it: half of what is left for it at least.
    expect(reserved).toBeGreaterThan(0.5 * (bytes - 2 * THREAD) * 0.8 - 256e6);
  });

  test('what was named and does not fit is refused with values that do', () => {
    const space = { bytes: 8e9, bound: 'the limit of a test' };
    const options = resolveOptions({ workers: 2, capacity: { nodes: 20_000_000, edges: 90_000_000 } });
    const { code, message } = refusalOf(() => fitCapacity(options, space, ROOMY));
    expect(code).toBe('ATHANOR_CAPACITY');
    expect(message).toMatch(/capacity\.nodes 20000000, capacity\.edges 90000000 with 4 shards and 2 workers/);
    expect(message).toContain('the limit of a test leaves 8000 MB');
    const [, nodes, edges] = /lower it to capacity: \{ nodes: (\d+), edges: (\d+) \}/.exec(message)!;
    const advised = { nodes: Number(nodes), edges: Number(edges) };
    const followed = resolveOptions({ workers: 2, capacity: advised });
    expect(fitCapacity(followed, space, ROOMY)).toMatchObject(advised);
  });

  test('too many workers for the address space: the message names how many there may be', () => {
    const space = { bytes: 8e9, bound: 'the limit of a test' };
    const { message } = refusalOf(() => fitCapacity(resolveOptions({ workers: 16 }), space, ROOMY));
    const [, workers, shards] = /lower workers to (\d+) and shards to (\d+)/.exec(message)!;
    const followed = resolveOptions({ workers: Number(workers), shards: Number(shards) });
    expect(fitCapacity(followed, space, ROOMY).nodes).toBeGreaterThan(256);
  });
});

test('what an engine needs is more than what is there, as the refusal says it, and is enough', () => {
  for (const given of [{ workers: 1 }, { workers: 4, capacity: { nodes: 50_000_000 } }]) {
    const options = resolveOptions(given);
    const refused = (bytes: number): [needed: number, left: number] => {
      try {
        fitCapacity(options, { bytes, bound: 'a limit' }, ROOMY);
      } catch (error) {
        const [, needed, left] = /needs (\d+) MB .* leaves (\d+) MB/.exec((error as Error).message)!;
        return [Number(needed), Number(left)];
      }
      return [0, 0];
    };
    const [needed, left] = refused(987e6);
    expect(left).toBe(987);
    expect(needed).toBeGreaterThan(left);
    expect(refused(needed * 1e6 * 0.98)[0]).toBe(needed);
    expect(refused(needed * 1e6 * 1.05)).toEqual([0, 0]);
  }
});

describe.runIf(process.platform === 'linux')('under ulimit -v', () => {
  const index = new URL('../../dist/src/index.js', import.meta.url).href;
  const start = (kib: number, options: string): string => {
    const program = `import { createEngine } from ${JSON.stringify(index)};
      const engine = await createEngine(${options}).catch((error) => console.log(error.code, error.message));
      if (engine) {
        for (let i = 0; i < 1000; i++) engine.graph('g').upsertNode(i, { x: i, y: i, data: { i } });
        await engine.flush();
        console.log(JSON.stringify({ found: engine.graph('g').order, ...engine.stats().capacity }));
        await engine.close();
      }`;
    const shell = `ulimit -v ${kib} && exec "$0" --input-type=module -e "$1"`;
    return execFileSync('bash', ['-c', shell, process.execPath, program], {
      cwd: fileURLToPath(new URL('.', import.meta.url)),
    }).toString();
  };

  test('8 GB start with defaults that are made to fit, and say so', () => {
    const { found, nodes } = JSON.parse(start(8_000_000, '{ workers: 2 }')) as { found: number; nodes: number };
    expect(found).toBe(1000);
    expect(nodes).toBeGreaterThan(100_000);
    expect(nodes).toBeLessThan(4_194_304);
  });

  test('a capacity that does not fit: the advice helps', () => {
    const refused = start(8_000_000, '{ workers: 2, capacity: { nodes: 50_000_000 } }');
    const advice = /capacity: \{ nodes: \d+ \}/.exec(refused)?.[0];
    expect(refused).toMatch(/^ATHANOR_CAPACITY/);
    expect(JSON.parse(start(8_000_000, `{ workers: 2, ${advice} }`))).toMatchObject({ found: 1000 });
  });
});
