/** How often a text is in a message, also in one that is not on the page. */
import { formulas } from '../markdown/formulas.svelte';
import { renderUncoloured } from '../markdown/render';
import type { Message } from '../state/message.svelte';
import { fold, foldedText, places } from '../fold';
import { blockTexts } from './html-text';

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
  /** Parts of the text as it was, which this one begins with. */
  before: Part[];
  /** Not read before the letters leave a chance of a match. */
  parts: Part[] | null;
  query: string;
  count: number;
}

/** What was read of a message stays read: while an answer grows, only its open end is new. */
const read = new WeakMap<Message, Reading>();

/** Where Markdown puts letters between those of the text, or writes one in another way: links, addresses and entities. */
const MAY_DIFFER = /\]\(|\/\/|mailto:|&#?\w+;|<[a-z][a-z0-9+.-]*:/i;
/** An address that is defined begins its block; only where there is one, `[words][name]` is a link. */
const MAY_DEFINE = /^[^\p{L}\n]*\[/mu;

function mayDiffer(text: string): boolean {
  return MAY_DIFFER.test(text) || (text.includes(']:') && MAY_DEFINE.test(text));
}

/** What is left of a text without its marks: what is not in here is not in the rendered text either. */
function lettersOf(text: string): string {
  return fold(text).replace(/[^\p{L}\p{N}]+/gu, '');
}

function* partsOf(message: Message, known: Part[]): Generator<undefined, Part[]> {
  if (message.role === 'user') {
    return [{ source: message.text, blocks: [foldedText(message.text)] }];
  }
  // In the very blocks that are on the page, or will be.
  message.markdown.update(message.text, !message.writing);
  const parts: Part[] = [];
  for (const [i, { source, env }] of message.markdown.blocks.entries()) {
    const part = known[i];
    if (part?.source === source) {
      parts.push(part);
    } else {
      yield;
      parts.push({ source, blocks: blockTexts(renderUncoloured(source, env)) });
    }
  }
  return parts;
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
    letters: writing || mayDiffer(text) ? null : lettersOf(text),
    // Only a text that grows has parts that stay.
    before: known?.writing && writing ? (known.parts ?? known.before) : [],
    parts: null,
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

/** Matches of `query`, which is folded, in all of a message; stops where a long one may be left for a while. */
export function* counting(message: Message, query: string): Generator<undefined, number> {
  const known = reading(message);
  if (known.query === query) return known.count;
  // What lacks some words lacks more of them too.
  const isLacking = known.query !== '' && known.count === 0 && query.includes(known.query);
  let count = 0;
  if (!isLacking && (known.letters === null || known.letters.includes(lettersOf(query)))) {
    known.parts ??= yield* partsOf(message, known.before);
    for (const { blocks } of known.parts) {
      for (const text of blocks) count += countInText(text, query);
    }
  }
  known.query = query;
  known.count = count;
  return count;
}

/** `counting` without a stop. */
export function countIn(message: Message, query: string): number {
  const steps = counting(message, query);
  let step = steps.next();
  while (step.done !== true) step = steps.next();
  return step.value;
}

/** Matches in a text as it is shown. */
export function countInShown(text: string, query: string): number {
  return countInText(foldedText(text), query);
}
