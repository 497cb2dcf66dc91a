/** How often a text is in a message, also in one that is not on the page. */
import type { Message } from '../state/message.svelte';
import { blocksOf } from './blocks';
import { foldWithPlaces, places } from '../fold';

interface Part {
  source: string;
  /** Folded text of its blocks. */
  blocks: string[];
}

/** What was read of a message stays read: while an answer grows, only its open end is new. */
const read = new WeakMap<Message, Part[]>();

function blocksOfHtml(html: string): string[] {
  const template = document.createElement('template');
  template.innerHTML = html;
  return blocksOf(template.content).map(({ folded }) => folded.text);
}

function partsOf(message: Message): Part[] {
  const isAnswer = message.role === 'assistant';
  if (isAnswer) message.markdown.update(message.text, !message.writing);
  const sources = isAnswer ? [...message.markdown.settled, message.markdown.open] : [message.text];
  const known = read.get(message) ?? [];
  const parts = sources.map((source, i) => {
    const part = known[i];
    if (part?.source === source) return part;
    return { source, blocks: isAnswer ? blocksOfHtml(source) : [foldWithPlaces(source).text] };
  });
  read.set(message, parts);
  return parts;
}

function countInText(text: string, query: string): number {
  let count = 0;
  for (const place of places(text, query)) if (place >= 0) count += 1;
  return count;
}

/** Matches of `query`, which is folded, in all of a message. */
export function countIn(message: Message, query: string): number {
  let count = 0;
  for (const { blocks } of partsOf(message)) {
    for (const text of blocks) count += countInText(text, query);
  }
  return count;
}

/** Matches in a text as it is shown. */
export function countInShown(text: string, query: string): number {
  return countInText(foldWithPlaces(text).text, query);
}
