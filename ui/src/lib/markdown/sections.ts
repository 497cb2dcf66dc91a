/** Where a long text is cut so that no part of it is large: between blocks, and inside a very long one. */
import type { Token } from 'markdown-it';
import { MOST_COLUMNS, sharesOf, type GoesOn } from './goes-on';

/** A part is at least so long, unless the text ends. */
const SECTION = 3000;
/** A block longer than this is cut as well. */
const LONGEST_BLOCK = 8000;

export interface Cut {
  at: number;
  /** What the text goes on in after the cut; `null` between blocks. */
  goesOn: GoesOn | null;
}

/** Where the lines of a text begin. */
function lineStarts(text: string): number[] {
  const starts = [0];
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return starts;
}

/** Places in a paragraph before a word that can begin one: after the end of a line, or of a sentence outside quotes. */
function sentences(text: string, from: number, to: number, quotes: number): number[] {
  const places =
    quotes === 0
      ? /(?<=\n|[.!?] )(?=\p{L})/gu
      : new RegExp(`(?<=\\n)(?= {0,3}(?:> ?){${quotes}}\\p{L})`, 'gu');
  return [...text.slice(from, to).matchAll(places)].map(({ index }) => from + index);
}

/**
 * Where `text` is cut, which is made of these tokens: before its last block, and before others so
 * that no part is too small. Inside a long block the places depend on nothing but the block, so that
 * it is cut in the same way however it came. `above` is what the text begins in the middle of.
 */
export function cutsOf(text: string, tokens: Token[], above: GoesOn | null): Cut[] {
  const starts = lineStarts(text);
  const startOf = (line: number | undefined) => starts[line ?? 0] ?? text.length;
  const cuts: Cut[] = [];
  // The head of a table is repeated in front of rows that go on.
  let last = above?.table?.head.length ?? 0;

  const cut = (at: number, goesOn: () => GoesOn | null, isNeeded = false) => {
    if (at <= last || (at - last < SECTION && !isNeeded)) return;
    cuts.push({ at, goesOn: goesOn() });
    last = at;
  };

  /** Tokens directly inside the one at `at`. */
  function children(at: number): number[] {
    const level = tokens[at]?.level ?? 0;
    const found: number[] = [];
    for (let i = at + 1; i < tokens.length && (tokens[i]?.level ?? 0) > level; i += 1) {
      const token = tokens[i];
      if (token?.level === level + 1 && token.nesting >= 0) found.push(i);
    }
    return found;
  }

  function inQuote(at: number, level: number): void {
    for (const child of children(at)) {
      const token = tokens[child];
      if (!token?.map) continue;
      const from = startOf(token.map[0]);
      const goesOn = () => ({ levels: level + 1 });
      // A heading has more room above it, which it would lose at the top of a part.
      if (token.type !== 'heading_open' && token.type !== 'hr') cut(from, goesOn);
      const isMiddle = from <= (above?.table?.head.length ?? 0) && (above?.levels ?? 0) > level + 1;
      if (isMiddle || startOf(token.map[1]) - from > LONGEST_BLOCK) inside(child, level + 1);
    }
  }

  function inList(at: number, level: number): void {
    const isMiddle = tokens[at]?.map?.[0] === 0 && above?.levels === level + 1;
    // However its items are numbered, a list counts on from its first one.
    let number = (isMiddle ? above.start : undefined) ?? Number(tokens[at]?.attrGet('start') ?? 1);
    const isOrdered = tokens[at]?.type === 'ordered_list_open';
    for (const item of children(at)) {
      const start = isOrdered ? { start: number } : {};
      cut(startOf(tokens[item]?.map?.[0]), () => ({ levels: level + 1, ...start }));
      number += 1;
    }
  }

  function inTable(at: number, level: number): void {
    const first = tokens[at]?.map?.[0] ?? 0;
    const rows: number[] = [];
    for (let i = at + 1; tokens[i] !== undefined && tokens[i]?.type !== 'table_close'; i += 1) {
      if (tokens[i]?.type === 'tr_open') rows.push(i);
    }
    const isMiddle = first === 0 && above?.levels === level + 1;
    let table = isMiddle ? above.table : undefined;
    for (const row of rows.slice(2)) {
      cut(startOf(tokens[row]?.map?.[0]), () => {
        // So wide as the first part needs them, and so for all.
        table ??= {
          head: text.slice(startOf(first), startOf(first + 2)),
          shares: sharesOf(tokens.slice(at, row)),
        };
        return { levels: level + 1, table };
      });
    }
  }

  /** Cuts inside the block at `at`, which is in `level` quotes. */
  function inside(at: number, level: number): void {
    const token = tokens[at];
    if (!token?.map) return;
    if (token.type === 'paragraph_open') {
      const [from, to] = [startOf(token.map[0]), startOf(token.map[1])];
      for (const place of sentences(text, from, to, level)) {
        cut(place, () => ({ levels: level + 1 }));
      }
    }
    if (token.type.endsWith('_list_open')) inList(at, level);
    if (token.type === 'blockquote_open') inQuote(at, level);
    if (token.type === 'table_open' && sharesOf(tokens.slice(at)).length <= MOST_COLUMNS) {
      inTable(at, level);
    }
  }

  const blocks = tokens.flatMap(({ level, nesting, map }, at) =>
    level === 0 && nesting >= 0 && map ? [{ at, from: startOf(map[0]) }] : [],
  );
  for (const [i, { at, from }] of blocks.entries()) {
    const to = blocks[i + 1]?.from ?? text.length;
    const type = tokens[at]?.type ?? '';
    const isLast = i === blocks.length - 1;
    const isLong = (i === 0 && above !== null) || to - from > LONGEST_BLOCK;
    // A heading stays with what is above it rather than begin a part (see pieces.ts).
    if (isLast || isLong || (type !== 'heading_open' && type !== 'hr')) {
      cut(from, () => null, isLast || isLong);
    }
    if (isLong) inside(at, 0);
  }
  return cuts;
}
