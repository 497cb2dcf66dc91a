import { expect, it } from 'vitest';
import { directionOf, isolated } from './direction';

it('the first letter decides', () => {
  expect(directionOf('')).toBe('ltr');
  expect(directionOf('1. Tern שלום')).toBe('ltr');
  expect(directionOf('12: שלום Tern')).toBe('rtl');
  expect(directionOf('مرحبا')).toBe('rtl');
  expect(directionOf('にほん')).toBe('ltr');
});

it('a name turns only itself round', () => {
  expect(isolated('Prime sieve “2”')).toBe('Prime sieve “2”');
  expect(isolated('שלום')).toBe('\u2068שלום\u2069');
  expect(isolated('a\u202eb')).toBe('\u2068ab\u2069');
  // It can't end its own isolation.
  expect(isolated('a\u2069\u202eb')).toBe('\u2068ab\u2069');
});
