import { expect, it } from 'vitest';
import { directionOf } from './direction';

it('the first letter decides', () => {
  expect(directionOf('')).toBe('ltr');
  expect(directionOf('1. Tern שלום')).toBe('ltr');
  expect(directionOf('12: שלום Tern')).toBe('rtl');
  expect(directionOf('مرحبا')).toBe('rtl');
  expect(directionOf('にほん')).toBe('ltr');
});
