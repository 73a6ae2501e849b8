import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Bytes of buffers that are held. What was given up is freed by another thread: it is looked at until nothing more goes. */
export async function heldBytes(): Promise<number> {
  let bytes = Number.POSITIVE_INFINITY;
  for (let same = 0; same < 5; ) {
    collect();
    await setImmediate();
    const now = process.memoryUsage().arrayBuffers;
    same = now < bytes ? 0 : same + 1;
    bytes = Math.min(bytes, now);
  }
  return bytes;
}
