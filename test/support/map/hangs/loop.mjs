// Never loaded: the thread does not come back from it.
for (;;);
export default () => 1;
