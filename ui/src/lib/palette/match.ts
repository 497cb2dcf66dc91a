/** Which texts hold every typed word, and which of them hold it best. */
import { fold } from '../fold';

/** More words than this say nothing new. */
const MOST_WORDS = 16;

const IN_WORD = /[\p{L}\p{N}]/u;

/** The typed words, folded, each once. */
export function wordsOf(query: string): string[] {
  const words = fold(query)
    .split(/\s+/u)
    .filter((word) => word !== '');
  return [...new Set(words)].slice(0, MOST_WORDS);
}

/** Where `word` is in a folded text: at the beginning of a word if it can be; -1 if nowhere. */
export function placeOf(folded: string, word: string): number {
  const first = folded.indexOf(word);
  let at = first;
  while (at !== -1 && !beginsWord(folded, at)) at = folded.indexOf(word, at + 1);
  return at === -1 ? first : at;
}

function beginsWord(folded: string, at: number): boolean {
  return at === 0 || !IN_WORD.test(folded.charAt(at - 1));
}

/** How well a folded text fits: the number of words found only inside others, so 0 is best; `null` if one is missing. */
export function fit(folded: string, words: readonly string[]): number | null {
  let inside = 0;
  for (const word of words) {
    const at = placeOf(folded, word);
    if (at === -1) return null;
    if (!beginsWord(folded, at)) inside += 1;
  }
  return inside;
}

export interface Fitting<T> {
  item: T;
  fit: number;
}

/** The items that fit, the best first; among equals their order stays. */
export function fitting<T extends { folded: string }>(
  items: readonly T[],
  words: readonly string[],
): Fitting<T>[] {
  const found: Fitting<T>[] = [];
  for (const item of items) {
    const how = fit(item.folded, words);
    if (how !== null) found.push({ item, fit: how });
  }
  return found.sort((a, b) => a.fit - b.fit);
}
