/** How often a text is in a message, also in one that is not on the page. */
import { formulas } from '../markdown/formulas.svelte';
import { renderUncoloured } from '../markdown/render';
import type { Message } from '../state/message.svelte';
import { blocksOf } from './blocks';
import { fold, foldWithPlaces, places } from '../fold';

interface Part {
  source: string;
  /** Folded text of its blocks. */
  blocks: string[];
}

/** What was read of a message, and what was last counted in it. */
interface Reading {
  text: string;
  writing: boolean;
  /** Formulas could be set: they are found by their source without its marks. */
  filled: boolean;
  /** Folded letters and digits of the source; `null` where the page may show others. */
  letters: string | null;
  /** Not read before the letters leave a chance of a match. */
  parts: Part[] | null;
  query: string;
  count: number;
}

/** What was read of a message stays read: while an answer grows, only its open end is new. */
const read = new WeakMap<Message, Reading>();

/** Where Markdown puts letters between those of the text, or writes one in another way: links and entities. */
const MAY_DIFFER = /[[&<]|:\/\//;

/** What is left of a text without its marks: what is not in here is not in the rendered text either. */
function lettersOf(text: string): string {
  return fold(text).replace(/[^\p{L}\p{N}]+/gu, '');
}

function blocksOfHtml(html: string): string[] {
  const template = document.createElement('template');
  template.innerHTML = html;
  return blocksOf(template.content).map(({ folded }) => folded.text);
}

function partsOf(message: Message, known: Part[]): Part[] {
  if (message.role === 'user') {
    return [{ source: message.text, blocks: [foldWithPlaces(message.text).text] }];
  }
  // In the very blocks that are on the page, or will be.
  message.markdown.update(message.text, !message.writing);
  return message.markdown.blocks.map(({ source, env }, i) => {
    const part = known[i];
    if (part?.source === source) return part;
    return { source, blocks: blocksOfHtml(renderUncoloured(source, env)) };
  });
}

function reading(message: Message): Reading {
  const { text, writing } = message;
  const filled = formulas.ready;
  const known = read.get(message);
  if (known?.text === text && known.writing === writing && known.filled === filled) return known;
  const fresh: Reading = {
    text,
    writing,
    filled,
    letters: writing || MAY_DIFFER.test(text) ? null : lettersOf(text),
    // Only a text that grows has parts that stay.
    parts: known?.writing && writing ? partsOf(message, known.parts ?? []) : null,
    query: '',
    count: 0,
  };
  read.set(message, fresh);
  return fresh;
}

function countInText(text: string, query: string): number {
  let count = 0;
  for (const place of places(text, query)) if (place >= 0) count += 1;
  return count;
}

/** Matches of `query`, which is folded, in all of a message. */
export function countIn(message: Message, query: string): number {
  const known = reading(message);
  if (known.query !== query) {
    known.query = query;
    known.count = 0;
    if (known.letters !== null && !known.letters.includes(lettersOf(query))) return 0;
    known.parts ??= partsOf(message, []);
    for (const { blocks } of known.parts) {
      for (const text of blocks) known.count += countInText(text, query);
    }
  }
  return known.count;
}

/** Matches in a text as it is shown. */
export function countInShown(text: string, query: string): number {
  return countInText(foldWithPlaces(text).text, query);
}
