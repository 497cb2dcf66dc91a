import { describe, expect, it } from 'vitest';
import { beginning, graphemes, isVisible, wholeCharacters } from './graphemes';

const FAMILY = '👩‍👩‍👧‍👦';
const RAINBOW = '🏳️‍🌈';
const FLAGS = '🇩🇪🇫🇷🇯🇵';

describe('the beginning of a text', () => {
  it('is all of a short one', () => {
    expect(beginning('', 3)).toBe('');
    expect(beginning('abc', 3)).toBe('abc');
  });

  it('ends between characters, wherever the cut falls', () => {
    for (const one of [FAMILY, RAINBOW, '🇩🇪', 'é', '👍🏽', '각', 'क्ष', '\r\n']) {
      const text = `ab${one}cd`;
      for (let length = 2; length < 2 + one.length; length += 1) {
        expect(beginning(text, length), `${one} at ${length}`).toBe('ab');
      }
      expect(beginning(text, 2 + one.length)).toBe(`ab${one}`);
    }
  });

  it('counts flags from the first one', () => {
    const flags = FLAGS.repeat(500);
    for (const length of [401, 402, 403, 4001]) {
      expect(beginning(flags, length)).toBe(flags.slice(0, length - (length % 4)));
    }
  });

  it('is cut also in a tower of accents', () => {
    expect(beginning(`a${'\u0301'.repeat(5000)}`, 100)).toHaveLength(100);
  });
});

describe('a place widened to whole characters', () => {
  const widened = (text: string, start: number, end: number) =>
    text.slice(...wholeCharacters(graphemes.segment(text), start, end));

  it('stays where it cuts nothing', () => {
    expect(widened('one two', 4, 7)).toBe('two');
    expect(widened(`a${FAMILY}b`, 0, 1)).toBe('a');
  });

  it('takes in what it would cut', () => {
    expect(widened(`a${FAMILY}b`, 1, 3)).toBe(FAMILY);
    expect(widened(`a${FAMILY}b`, 4, 6)).toBe(FAMILY);
    expect(widened(FLAGS, 2, 6)).toBe('🇩🇪🇫🇷');
    expect(widened('cafés', 3, 4)).toBe('é');
  });
});

describe('something to see', () => {
  it('is a letter, a sign or a picture', () => {
    for (const text of ['a', ' .', '\n👩‍👩‍👧', '\u202eא', '\ud83d', '0'.padStart(1_000_000)]) {
      expect(isVisible(text)).toBe(true);
    }
  });

  it('is no blank, no control character and no mark of no width', () => {
    for (const text of [
      '',
      ' \n\t',
      '\u00a0\u3000\u2028',
      '\0\u0007\u007f\u0085',
      '\u200b\u200d\ufeff',
      '\u202e\u2066',
      '\u00ad\u2060\u3164\ufe0f',
    ]) {
      expect(isVisible(text)).toBe(false);
    }
  });
});
