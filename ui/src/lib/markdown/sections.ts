/** Where a long text is cut so that no part of it is large: between blocks, and inside a very long one. */
import type { Token } from 'markdown-it';

/** A part is at least so long, unless the text ends. */
const SECTION = 3000;
/** A list or paragraph longer than this is cut as well. */
const LONGEST_BLOCK = 8000;

/** Where the lines of a text begin. */
function lineStarts(text: string): number[] {
  const starts = [0];
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return starts;
}

/** The items of a list after which it may go on in another one: its numbers must be as written. */
function itemLines(tokens: Token[], list: number): number[] {
  const lines: number[] = [];
  let expected = Number(tokens[list]?.attrGet('start') ?? 1);
  for (const token of tokens.slice(list + 1)) {
    if (token.level === 0) break;
    if (token.level !== 1 || token.type !== 'list_item_open') continue;
    if (token.info !== '' && Number(token.info) !== expected) break;
    expected += 1;
    lines.push(token.map?.[0] ?? 0);
  }
  return lines;
}

/** Places in a paragraph before a word that can begin one, after the end of a line or sentence. */
function sentences(text: string, from: number, to: number): number[] {
  return [...text.slice(from, to).matchAll(/(?<=\n|[.!?] )(?=\p{L})/gu)].map(
    ({ index }) => from + index,
  );
}

/** Where `text` is cut, which is made of these tokens: before its last block, and before others so that no part is too small. */
export function cutsOf(text: string, tokens: Token[]): number[] {
  const starts = lineStarts(text);
  const startOf = (line: number) => starts[line] ?? text.length;
  const blocks = tokens.flatMap(({ level, nesting, map }, at) =>
    level === 0 && nesting >= 0 && map ? [{ at, from: startOf(map[0]) }] : [],
  );
  const cuts: number[] = [];
  let last = 0;
  const cut = (place: number, isNeeded = false) => {
    if (place === 0 || (place - last < SECTION && !isNeeded)) return;
    cuts.push(place);
    last = place;
  };
  for (const [i, { at, from }] of blocks.entries()) {
    const to = blocks[i + 1]?.from ?? text.length;
    const type = tokens[at]?.type ?? '';
    const isLast = i === blocks.length - 1;
    // A heading stays with what is above it rather than begin a part (see pieces.ts).
    if (isLast || (type !== 'heading_open' && type !== 'hr')) cut(from, isLast);
    if (to - from <= LONGEST_BLOCK) continue;
    if (type === 'paragraph_open') for (const place of sentences(text, from, to)) cut(place);
    if (type.endsWith('_list_open')) for (const line of itemLines(tokens, at)) cut(startOf(line));
  }
  return cuts;
}
