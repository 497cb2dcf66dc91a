import { describe, expect, it } from 'vitest';
import { finishedLength, firstWords, plainWords } from './plain';

describe('sentences for a screen reader', () => {
  it('a sentence is finished when something follows its end', () => {
    expect(finishedLength('One. Two')).toBe(4);
    expect(finishedLength('Version 1.58 is')).toBe(0);
    expect(finishedLength('Ends')).toBe(0);
    expect(finishedLength('A line\nnext')).toBe(7);
    expect(finishedLength('He said “go.” Then')).toBe(13);
  });

  it('marks are not read out', () => {
    expect(plainWords('## **Bold** [paper](https://example.org) and `code`')).toBe(
      'Bold paper and code',
    );
    expect(plainWords('```rust\nlet x\n```')).toBe('let x');
  });
});

it('first words are short, whatever the text', () => {
  expect(firstWords('# A **sieve** of primes', 40)).toBe('A sieve of primes');
  expect(firstWords('one two three', 8)).toBe('one two…');
  expect(firstWords('word '.repeat(100_000), 20)).toBe('word word word word…');
});
