/**
 * Text as it is compared: without case, accents and vowel points. Other marks stay, because が is
 * not か and Thai vowels are no ornament.
 */
const MARKS =
  /[\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u064b-\u065f\u0670\ufe0e\ufe0f]/g;

/** Letters that Unicode does not take apart, but people do. */
const PLAIN: Record<string, string> = {
  æ: 'ae',
  œ: 'oe',
  ø: 'o',
  ł: 'l',
  đ: 'd',
  ħ: 'h',
  ð: 'd',
  þ: 'th',
  ς: 'σ',
};
const SPECIAL = /[æœøłđħðþς]/g;

export function fold(text: string): string {
  return (
    text
      .normalize('NFKD')
      .replace(MARKS, '')
      // Up and down again: `ß` becomes `ss`, and a dotless `ı` an `i`.
      .toUpperCase()
      .toLowerCase()
      // A dot above may come back on the way down.
      .replace(MARKS, '')
      .replace(SPECIAL, (letter) => PLAIN[letter] ?? letter)
  );
}

/** A folded text that knows where each of its units came from. */
export interface Folded {
  text: string;
  /** For each unit of `text`, where its character begins in the original. */
  from: number[];
}

export function foldWithPlaces(text: string): Folded {
  let folded = '';
  const from: number[] = [];
  let at = 0;
  for (const character of text) {
    const part = fold(character);
    for (let i = 0; i < part.length; i += 1) from.push(at);
    folded += part;
    at += character.length;
  }
  return { text: folded, from };
}
