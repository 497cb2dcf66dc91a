/** Text as it is compared: without case and accents, and with the way back to the original. */
export interface Folded {
  text: string;
  /** Where each folded character comes from; `null` where it is at the same place. */
  origin: Uint32Array | null;
  /** Length of the original. */
  length: number;
}

/** Accents and points; vowel signs of Indic scripts are letters and stay. */
const MARKS =
  /[\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u064b-\u0655\u0670]/g;
// eslint-disable-next-line no-control-regex
const ASCII = /^[\u0000-\u007f]*$/;

const plain = (text: string) => text.toLowerCase().replace(/\s/g, ' ');

export function fold(text: string): Folded {
  if (ASCII.test(text)) return { text: plain(text), origin: null, length: text.length };
  const parts: string[] = [];
  const origin: number[] = [];
  let at = 0;
  for (const letter of text) {
    const folded = plain(letter.normalize('NFD').replace(MARKS, ''));
    parts.push(folded);
    for (let i = 0; i < folded.length; i += 1) origin.push(at);
    at += letter.length;
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
