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

/** A folded text with the way back to the original. */
export interface Folded {
  text: string;
  /** Where each folded character comes from; `null` where it is at the same place. */
  origin: Uint32Array | null;
  /** Length of the original. */
  length: number;
}

// eslint-disable-next-line no-control-regex
const ASCII = /^[\u0000-\u007f]*$/;

/** Stretches of ASCII, and every other character by itself. */
// eslint-disable-next-line no-control-regex
const RUNS = /[\u0000-\u007f]+|[^\u0000-\u007f]/gu;

function plain(part: string): string {
  const folded = ASCII.test(part) ? part.toLowerCase() : fold(part);
  return folded.replace(/\s/g, ' ');
}

/** What `foldWithPlaces` makes of a text, where nobody asks for the places. */
export function foldedText(text: string): string {
  return ASCII.test(text) ? plain(text) : text.replace(RUNS, plain);
}

/** Character by character; all white space is a space. */
export function foldWithPlaces(text: string): Folded {
  if (ASCII.test(text)) return { text: plain(text), origin: null, length: text.length };
  const parts: string[] = [];
  const origin: number[] = [];
  let at = 0;
  // Most of a text is ASCII even where some of it is not, and stays where it is.
  for (const [run] of text.matchAll(RUNS)) {
    const folded = plain(run);
    const isAscii = folded.length === run.length && ASCII.test(run);
    parts.push(folded);
    for (let i = 0; i < folded.length; i += 1) origin.push(isAscii ? at + i : at);
    at += run.length;
  }
  return { text: parts.join(''), origin: Uint32Array.from(origin), length: text.length };
}

/** From places in the folded text to places in the original, with the accents that follow. */
export function unfold({ origin, length }: Folded, from: number, to: number): [number, number] {
  if (origin === null) return [from, to];
  const last = origin[to - 1];
  // One character may have become several: its end is where the next one begins.
  while (to < origin.length && origin[to] === last) to += 1;
  return [origin[from] ?? length, origin[to] ?? length];
}

/** Where `query`, folded too, begins in `text`; matches do not overlap. */
export function* places(text: string, query: string): Generator<number> {
  if (query === '') return;
  for (let at = text.indexOf(query); at !== -1; at = text.indexOf(query, at + query.length)) {
    yield at;
  }
}
