import { setTimeout as pause } from 'node:timers/promises';

const scratch = new Uint32Array(1);
const kept = [];

/** Does what `data` asks for: of all graphs, or of those that `data.of` names. */
export default function behaves(graph, data = {}) {
  if (data.calls !== undefined) Atomics.add(data.calls, 0, 1);
  if (data.of !== undefined && !data.of.includes(graph.name)) return graph.order;
  switch (data.what) {
    case 'throw':
      throw Object.assign(new RangeError(`not ${graph.name}`), { code: 'MINE' });
    case 'throw a function':
      throw () => undefined;
    case 'reject':
      return Promise.reject(new Error(`no ${graph.name}`));
    case 'function':
      return { inside: () => undefined };
    case 'symbol':
      return Symbol('result');
    case 'async':
      return pause(data.ms ?? 1).then(() => graph.id(0));
    case 'at once':
      return Promise.resolve(graph.name);
    case 'never':
      return new Promise(() => undefined);
    case 'until told':
      // Then which ids it has.
      return (async () => {
        while (Atomics.load(data.told, 0) === 0) await pause(5);
        return Array.from({ length: graph.order }, (_, i) => graph.id(i));
      })();
    case 'memory': {
      const kept = [];
      for (;;) kept.push(new Array(1000).fill(kept.length));
    }
    case 'loop':
      for (;;);
    case 'spin': {
      const until = performance.now() + data.ms;
      while (performance.now() < until);
      return graph.order;
    }
    case 'exit':
      process.exit(3);
      break;
    case 'exit once':
      if (Atomics.exchange(data.once, 0, 1) === 0) process.exit(3);
      return graph.order;
    case 'reused':
      scratch[0] = graph.order;
      return { scratch };
    case 'kinds of values':
      return [
        undefined,
        null,
        true,
        1.5,
        'text',
        10n,
        new Map([[1, new Set([2])]]),
        new Date(5),
        new Float64Array([1, 2]),
      ];
    case 'shared':
      return data.shared;
    case 'keep':
      kept.push(graph);
      return kept.length;
    case 'ask kept':
      return kept[0].csr().targets.length;
    case 'bad index':
      return graph.id(graph.order);
    default:
      return graph.order;
  }
}
