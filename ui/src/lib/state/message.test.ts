import { describe, expect, it } from 'vitest';
import { folded } from './message.svelte';

describe('a long question', () => {
  it('is folded where it has too many characters or lines', () => {
    expect(folded('x'.repeat(4000))).toBeNull();
    expect(folded('x'.repeat(4001))).toBe('x'.repeat(4000));
    expect(folded('a\n'.repeat(59))).toBeNull();
    expect(folded('a\n'.repeat(100_000))).toBe('a\n'.repeat(59) + 'a');
  });

  it('is not cut through an emoji', () => {
    const family = '👩‍👩‍👧‍👦';
    const before = 'x'.repeat(3995);
    expect(folded(`${before}${family}${before}`)).toBe(before);
  });
});
