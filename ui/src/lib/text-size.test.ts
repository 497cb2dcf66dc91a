import { expect, it } from 'vitest';
import { nextTextSize, ORDINARY_TEXT, TEXT_SIZES } from './text-size';

it('every size is reached step by step, and the ends hold', () => {
  let size = 80;
  const up = TEXT_SIZES.map(() => (size = nextTextSize(size, 1)));
  expect([80, ...up]).toEqual([...TEXT_SIZES, 150]);
  const down = TEXT_SIZES.map(() => (size = nextTextSize(size, -1)));
  expect([150, ...down]).toEqual([...TEXT_SIZES.toReversed(), 80]);
  expect(TEXT_SIZES).toContain(ORDINARY_TEXT);
});

it('a size between two steps goes to the nearer ones', () => {
  expect([nextTextSize(104, 1), nextTextSize(104, -1)]).toEqual([110, 100]);
});
