// Never loaded: what it waits for throws.
await new Promise(() =>
  setTimeout(() => {
    throw new Error('too late to load');
  }, 5),
);
export default () => 1;
