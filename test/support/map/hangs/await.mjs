// Never loaded: it waits for what does not come.
await new Promise(() => undefined);
export default () => 1;
