import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join, resolve } from 'node:path';

export const ROOT = resolve(import.meta.dirname, '../..');

export interface Ended {
  code: number | null;
  out: string;
  err: string;
}

/** The command line of a built copy in `root`. */
export function start(args: string[], root = ROOT, env: NodeJS.ProcessEnv = process.env): ChildProcess {
  return spawn(process.execPath, [join(root, 'dist/src/cli/main.js'), ...args], { env: { ...env, NO_COLOR: '1' } });
}

export async function ended(child: ChildProcess): Promise<Ended> {
  let [out, err] = ['', ''];
  child.stdout!.setEncoding('utf8').on('data', (text: string) => (out += text));
  child.stderr!.setEncoding('utf8').on('data', (text: string) => (err += text));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, out, err };
}

export const athanor = (...args: string[]): Promise<Ended> => ended(start(args));

/** With this on the standard input. */
export function fed(input: string | Buffer, ...args: string[]): Promise<Ended> {
  const child = start(args);
  child.stdin!.end(input);
  return ended(child);
}
