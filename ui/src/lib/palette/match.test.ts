import { describe, expect, it } from 'vitest';
import { fold, foldWithPlaces } from '../fold';
import { fit, fitting, wordsOf } from './match';

const fits = (title: string, query: string) => fit(fold(title), wordsOf(query));
const ranked = (titles: string[], query: string) =>
  fitting(
    titles.map((title) => ({ title, folded: fold(title) })),
    wordsOf(query),
  ).map(({ item }) => item.title);

describe('matching', () => {
  it('asks for every typed word, in any order', () => {
    expect(fits('A letter to the landlord', 'landlord let')).toBe(0);
    expect(fits('A letter to the landlord', 'landlord bill')).toBeNull();
    expect(fits('Anything', '  \t\u3000 ')).toBe(0);
  });

  it.each([
    ['Crème brûlée', 'CREME brulee'],
    ['creme brulee', 'Crème Brûlée'],
    ['Straße nach Łódź', 'strasse lodz'],
    ['Smørrebrød', 'smorrebrod'],
    ['İstanbul’da kış', 'istanbul kis'],
    ['ΟΔΟΣ', 'οδός'],
    ['Ёлка', 'елка'],
    ['שָׁלוֹם', 'שלום'],
    ['مُحَمَّد', 'محمد'],
    ['ﬁne ｗｉｄｅ', 'fine wide'],
    ['I ❤️ terns', '❤'],
    ['한국어', '한국'],
  ])('%j is found by %j whatever the case and the accents', (title, query) => {
    expect(fits(title, query)).toBe(0);
  });

  it('takes no mark for an accent that makes another letter', () => {
    expect(fits('か', 'が')).toBeNull();
    expect(fits('कि', 'कु')).toBeNull();
  });

  it('finds a syllable by its beginning, as input methods build it', () => {
    expect(fits('한국어', '하')).toBe(0);
  });

  it('takes nothing typed for a pattern', () => {
    for (const query of ['.*', '[a-z]', '\\', '(', '$', '^P', '%', '_']) {
      expect(fits('Prime sieve in Python', query)).toBeNull();
    }
    expect(fits('What does a(b[c]) mean?', 'a(b[')).toBe(0);
  });
});

describe('ranking', () => {
  it('puts the beginning of a word before its inside, and keeps the order of equals', () => {
    expect(ranked(['Lanterns', 'Where do terns go?', 'Tern', 'Gulls', 'Patterns'], 'tern')).toEqual(
      ['Where do terns go?', 'Tern', 'Lanterns', 'Patterns'],
    );
  });

  it('counts the words that are only inside others', () => {
    expect(ranked(['patterns inSQL', 'patterns SQL', 'terns SQL'], 'tern sql')).toEqual([
      'terns SQL',
      'patterns SQL',
      'patterns inSQL',
    ]);
  });

  it('looks past a first place inside a word', () => {
    expect(fits('Lantern, tern', 'tern')).toBe(0);
    expect(fits('🐦tern', 'tern')).toBe(0);
    expect(fits('(tern)', 'tern')).toBe(0);
  });
});

describe('hostile titles', () => {
  const hostile = [
    '<img src=x onerror=alert(1)>',
    '\u202egnp.exe\u202c שלום',
    '👩‍👩‍👧‍👦🏳️‍🌈',
    '\ud800 lone \udc00',
    `Z${'\u0301'.repeat(10_000)}algo`,
    'ß'.repeat(10_000),
    '',
  ];

  it('are folded to the same text with places as without', () => {
    for (const title of hostile) {
      const folded = foldWithPlaces(title);
      expect(folded.text).toBe(fold(title));
      expect(folded.origin?.length ?? folded.length).toBe(folded.text.length);
    }
  });

  it('match themselves, whatever they are', () => {
    for (const title of hostile) expect(fits(title, title.slice(0, 200))).not.toBeNull();
  });

  it('and many of them take no time', () => {
    const long = 'xaaaaaaaaa '.repeat(900);
    const items = Array.from({ length: 10_000 }, (_, i) => ({
      folded: i % 100 === 0 ? fold(`${long}${i}`) : fold(`Chat number ${i} about the tern`),
    }));
    const started = performance.now();
    for (const query of ['t', 'te', 'tern', 'tern 99', 'aaab', 'nothing at all']) {
      fitting(items, wordsOf(query));
    }
    // About 30 ms for all six; the rest is for a busy machine.
    expect(performance.now() - started).toBeLessThan(3000);
  });
});
