import { expect, test } from 'vitest';
import { shortened, show } from '../../dist/src/base/errors.js';

test('a long text is cut in its middle: both ends stand in the message', () => {
  const path = `/home/${'x'.repeat(200)}/module.mjs`;
  const shown = show(path);
  expect(shown.length).toBe(62);
  expect(shown).toMatch(/^"\/home\/x+…x+\/module\.mjs"$/);
  expect(shortened(path, 5)).toBe('/h…js');
});

test('what fits stays as it is, and one more is cut', () => {
  expect(show('y'.repeat(60))).toBe(`"${'y'.repeat(60)}"`);
  expect(shortened('y'.repeat(61))).toBe(`${'y'.repeat(29)}…${'y'.repeat(30)}`);
});
