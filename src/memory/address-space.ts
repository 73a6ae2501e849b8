import { readFileSync } from 'node:fs';

/** What bounds the address space of this process. */
export interface AddressSpace {
  /** Bytes that may still be reserved; Infinity where nothing bounds them. */
  readonly bytes: number;
  /** What the bound is, as a message names it. */
  readonly bound: string;
}

const KIB = 1024;
const UNBOUNDED: AddressSpace = { bytes: Number.POSITIVE_INFINITY, bound: 'nothing' };

/**
 * What this process may still reserve, by its limit of address space (`ulimit -v`) and by the machine's limit of committed
 * memory where that is strict. Read from /proc: a system without one sets no bound that is known before a reservation fails.
 */
export function addressSpace(): AddressSpace {
  const own = ofLimit(contentOf('/proc/self/limits'), contentOf('/proc/self/status'));
  const machine = ofCommitment(contentOf('/proc/sys/vm/overcommit_memory'), contentOf('/proc/meminfo'));
  return machine.bytes < own.bytes ? machine : own;
}

/** By the text of /proc/self/limits and /proc/self/status. */
export function ofLimit(limits: string, status: string): AddressSpace {
  const limit = numberIn(/^Max address space\s+(\d+)/m, limits);
  const used = numberIn(/^VmSize:\s+(\d+) kB/m, status);
  if (limit === undefined || used === undefined) return UNBOUNDED;
  return { bytes: Math.max(0, limit - used * KIB), bound: `the limit of address space (ulimit -v ${limit / KIB})` };
}

/** By the text of /proc/sys/vm/overcommit_memory and /proc/meminfo. */
export function ofCommitment(overcommit: string, meminfo: string): AddressSpace {
  // 2: what is reserved counts, touched or not.
  if (overcommit.trim() !== '2') return UNBOUNDED;
  const limit = numberIn(/^CommitLimit:\s+(\d+) kB/m, meminfo);
  const committed = numberIn(/^Committed_AS:\s+(\d+) kB/m, meminfo);
  if (limit === undefined || committed === undefined) return UNBOUNDED;
  return {
    bytes: Math.max(0, limit - committed) * KIB,
    bound: 'the limit of committed memory (vm.overcommit_memory 2)',
  };
}

function numberIn(pattern: RegExp, text: string): number | undefined {
  const found = pattern.exec(text)?.[1];
  return found === undefined ? undefined : Number(found);
}

function contentOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
