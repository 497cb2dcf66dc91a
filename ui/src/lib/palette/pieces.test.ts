import { describe, expect, it } from 'vitest';
import { wordsOf } from './match';
import { LONGEST_SHOWN, pieces } from './pieces';

/** The text with its hits in brackets. */
const marked = (title: string, query: string) =>
  pieces(title, wordsOf(query))
    .map(({ text, hit }) => (hit ? `[${text}]` : text))
    .join('');

describe('highlighted letters', () => {
  it.each([
    ['Prime sieve in Python', 'py pri', '[Pri]me sieve in [Py]thon'],
    ['Patterns of terns', 'tern', 'Patterns of [tern]s'],
    ['Crème brûlée', 'creme', '[Crème] brûlée'],
    ['Cre\u0300me', 'crem', '[Cre\u0300m]e'],
    ['Straße', 'strass', '[Straß]e'],
    ['ﬁne', 'f', '[ﬁ]ne'],
    ['terns', 'tern ter', '[tern]s'],
    ['Tern', '', 'Tern'],
    ['<b>bold</b>', '<b>', '[<b>]bold</b>'],
    ['שָׁלוֹם עולם', 'שלום', '[שָׁלוֹם] עולם'],
  ])('%j with %j', (title, query, expected) => {
    expect(marked(title, query)).toBe(expected);
  });

  it('never go through an emoji', () => {
    const family = '👩‍👩‍👧‍👦';
    expect(marked(`a ${family} b`, '👩')).toBe(`a [${family}] b`);
    expect(marked('🇩🇪🇫🇷', '🇩')).toBe('[🇩🇪]🇫🇷');
  });

  it('lose nothing of a title, whatever it holds', () => {
    for (const title of ['<script>alert(1)</script>', '\u202eabc\u202c', 'e\u0301'.repeat(100)]) {
      const cut = pieces(title, wordsOf('e a script'));
      expect(cut.map(({ text }) => text).join('')).toBe(title);
    }
    expect(pieces('', wordsOf('a'))).toEqual([]);
  });

  it('half a pair becomes a character that says so', () => {
    expect(marked('a\ud800b\udc00', 'a')).toBe('[a]\ufffdb\ufffd');
  });

  it('a long title is cut between characters', () => {
    const begin = 'a'.repeat(LONGEST_SHOWN - 1);
    for (const one of ['😀', '👩‍👩‍👧', '🇩🇪', 'e\u0301']) {
      expect(marked(`${begin}${one}`, 'x')).toBe(`${begin}…`);
    }
  });

  it('a title of ten thousand characters is cut', () => {
    const text = marked('tern '.repeat(2000), 'tern');
    expect(text.startsWith('[tern] tern')).toBe(true);
    expect(text.length).toBeLessThan(LONGEST_SHOWN + 10);
  });
});
