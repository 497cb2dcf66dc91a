/** The fake's search: every typed word, anywhere in a message, whatever the case and the accents. */
import { foldWithPlaces, unfold } from '../fold';
import { placeOf, wordsOf } from '../palette/match';
import type { ConversationView, MessageView, SearchHit, SnippetPiece } from './host';

const MOST_HITS = 50;
/** Characters shown before the first match, and altogether. */
const BEFORE = 30;
const LENGTH = 120;

/** The messages that hold the words of `query`, newest first. */
export function searchChats(chats: readonly ConversationView[], query: string): SearchHit[] {
  const words = wordsOf(query);
  if (words.length === 0) return [];
  const hits = chats.flatMap(({ summary, messages }) =>
    messages.flatMap((message) => {
      const snippet = snippetOf(message, words);
      if (snippet === null) return [];
      const { id, role, createdAt } = message;
      return [{ conversation: { ...summary }, message: id, role, createdAt, snippet }];
    }),
  );
  return hits.sort((a, b) => b.createdAt - a.createdAt).slice(0, MOST_HITS);
}

/** The text around the first match, or `null` where a word is missing. */
function snippetOf({ text }: MessageView, words: readonly string[]): SnippetPiece[] | null {
  const folded = foldWithPlaces(text);
  const ranges = words.map((word) => {
    const at = placeOf(folded.text, word);
    return at === -1 ? null : unfold(folded, at, at + word.length);
  });
  const found = ranges.filter((range) => range !== null).sort(([a], [b]) => a - b);
  if (found.length < words.length) return null;
  const start = Math.max(0, (found[0]?.[0] ?? 0) - BEFORE);
  const end = Math.min(text.length, start + LENGTH);
  const pieces: SnippetPiece[] = [];
  const push = (from: number, to: number, matched: boolean) => {
    if (to > from) pieces.push({ text: text.slice(from, to), matched });
  };
  let at = start;
  for (const [from, to] of found) {
    if (from < at || to > end) continue;
    push(at, from, false);
    push(from, to, true);
    at = to;
  }
  push(at, end, false);
  if (start > 0) pieces.unshift({ text: '…', matched: false });
  if (end < text.length) pieces.push({ text: '…', matched: false });
  return pieces;
}
