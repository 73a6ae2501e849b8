import { setTimeout as pause } from 'node:timers/promises';

/** Leaves something behind that throws, in the graphs that `of` names. */
export default function strays(graph, { what, of, spinMs = 0 }) {
  const until = performance.now() + spinMs;
  while (performance.now() < until);
  if (!of.includes(graph.name)) return graph.order;
  const error = Object.assign(new Error(`of ${graph.name}`), { code: 'LEFT' });
  switch (what) {
    case 'rejection':
      Promise.reject(error);
      return graph.order;
    case 'rejection in a chain':
      Promise.resolve()
        .then(() => Promise.resolve())
        .then(() => {
          throw error;
        });
      return graph.order;
    case 'tick':
      process.nextTick(() => {
        throw error;
      });
      return graph.order;
    case 'rejection while awaited':
      Promise.reject(error);
      return pause(20).then(() => graph.order);
    case 'timer while awaited':
      setTimeout(() => {
        throw error;
      }, 2);
      return pause(20).then(() => graph.order);
    case 'timer that is waited for':
      return new Promise(() =>
        setTimeout(() => {
          throw error;
        }, 2),
      );
    case 'rejection that is waited for':
      return new Promise(() => setTimeout(() => Promise.reject(error), 2));
    case 'thenable that throws later':
      return {
        // biome-ignore lint/suspicious/noThenProperty: that is what is tried.
        then: () => {
          setImmediate(() => {
            throw error;
          });
        },
      };
    case 'timer afterwards':
      setTimeout(() => {
        throw error;
      }, 100);
      return graph.order;
    case 'microtask':
      queueMicrotask(() => {
        throw error;
      });
      return graph.order;
  }
}
