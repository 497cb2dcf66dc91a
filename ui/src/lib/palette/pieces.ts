/** A text cut where its matching letters begin and end. */
import { foldWithPlaces } from '../fold';
import { beginning, graphemes } from '../graphemes';
import { placeOf } from './match';

export interface Piece {
  text: string;
  hit: boolean;
}

/** A row shows less than this; the rest of a long title is not drawn. */
export const LONGEST_SHOWN = 300;

/** `text` in pieces. A cut never goes through what is seen as one character. */
export function pieces(text: string, words: readonly string[]): Piece[] {
  const shown = beginning(text, LONGEST_SHOWN);
  const hits = hitsIn(shown, words);
  const cut: Piece[] = [];
  for (const { segment, index } of graphemes.segment(shown)) {
    let hit = false;
    for (let at = index; at < index + segment.length; at += 1) hit ||= hits.has(at);
    const last = cut.at(-1);
    if (last?.hit === hit) last.text += segment;
    else cut.push({ text: segment, hit });
  }
  if (text.length > LONGEST_SHOWN) cut.push({ text: '…', hit: false });
  return cut.map((piece) => ({ ...piece, text: piece.text.toWellFormed() }));
}

/** Where the characters begin that the words match. */
function hitsIn(text: string, words: readonly string[]): Set<number> {
  const hits = new Set<number>();
  if (words.length === 0) return hits;
  const folded = foldWithPlaces(text);
  for (const word of words) {
    const at = placeOf(folded.text, word);
    if (at === -1) continue;
    for (let i = at; i < at + word.length; i += 1) hits.add(folded.origin?.[i] ?? i);
  }
  return hits;
}
