import { expect, test } from 'vitest';
import { addressSpace, ofCommitment, ofLimit } from '../../dist/src/memory/address-space.js';

const limits = (soft: string) => `Limit                     Soft Limit           Hard Limit           Units
Max file size             unlimited            unlimited            bytes
Max address space         ${soft.padEnd(20)} unlimited            bytes
Max file locks            unlimited            unlimited            locks
`;
const STATUS = 'Name:\tnode\nVmPeak:\t  900000 kB\nVmSize:\t  800000 kB\n';

test('a limit of address space leaves what is not used, and is named as the shell counts it', () => {
  const space = ofLimit(limits('8192000000'), STATUS);
  expect(space.bytes).toBe(8_192_000_000 - 800_000 * 1024);
  expect(space.bound).toContain('ulimit -v 8000000)');
  expect(ofLimit(limits('1000'), STATUS).bytes).toBe(0);
});

test('no limit, or no /proc: nothing is bounded', () => {
  for (const [of, status] of [
    [limits('unlimited'), STATUS],
    ['', ''],
    [limits('8192000000'), ''],
  ] as const)
    expect(ofLimit(of, status).bytes).toBe(Number.POSITIVE_INFINITY);
});

test('strict accounting of commitments leaves what is not committed; heuristics bound nothing', () => {
  const meminfo = 'MemTotal: 24 kB\nCommitLimit:    12000000 kB\nCommitted_AS:    2000000 kB\n';
  expect(ofCommitment('2\n', meminfo).bytes).toBe(10_000_000 * 1024);
  for (const mode of ['0\n', '1\n', '']) expect(ofCommitment(mode, meminfo).bytes).toBe(Number.POSITIVE_INFINITY);
  expect(ofCommitment('2\n', '').bytes).toBe(Number.POSITIVE_INFINITY);
});

test('of this process', () => {
  expect(addressSpace().bytes).toBeGreaterThan(0);
});
