/** Parts of a block that was cut because it is long, rendered so that nobody sees where. */
import type { MarkdownIt, StateCore, Token } from 'markdown-it';

/** What goes on after a cut. */
export interface GoesOn {
  /** How many blocks, one inside the other: quotes, and in the innermost perhaps a list, a table or a paragraph. */
  levels: number;
  /** Number of the item that is next in the innermost list. */
  start?: number;
  /** The innermost is a table. */
  table?: LongTable;
}

interface LongTable {
  /** Its head with the line below, as they stand in the text. */
  head: string;
  /** Shares of the width: columns of all parts are equally wide, whatever is in them. */
  shares: number[];
}

/** Where the block of a text that is rendered was cut. */
export interface CutEnv {
  /** It begins in the middle of something. */
  above?: GoesOn | null;
  /** Something goes on below it. */
  below?: GoesOn | null;
}

/** Tables of more columns stay whole: they scroll to the side, and must do so together. */
export const MOST_COLUMNS = 8;
/** All columns together; one has a whole number of these. */
const SHARES = 12;
/** Longer texts of cells make no column wider. */
const LONGEST_CELL = 60;

/** Shares of the width for the columns of a table: so wide as their longest texts, roughly as a browser would have it. */
export function sharesOf(tokens: Token[]): number[] {
  const widths: number[] = [];
  let column = 0;
  for (const [i, { type }] of tokens.entries()) {
    if (type === 'table_close') break;
    if (type === 'tr_open') column = 0;
    if (type !== 'th_open' && type !== 'td_open') continue;
    const { length } = tokens[i + 1]?.content ?? '';
    widths[column] = Math.max(widths[column] ?? 4, Math.min(length, LONGEST_CELL));
    column += 1;
  }
  const all = widths.reduce((sum, width) => sum + width, 0);
  return widths.map((width) => Math.max(1, Math.round((SHARES * width) / all)));
}

/** The innermost tables are laid out row by row, which browsers no longer take for one: its roles are said. */
const ROLES: Record<string, string> = {
  table_open: 'table',
  thead_open: 'rowgroup',
  tbody_open: 'rowgroup',
  tr_open: 'row',
  th_open: 'columnheader',
  td_open: 'cell',
};

function layOut(tokens: Token[], at: number, shares: number[], isAgain: boolean): void {
  let column = 0;
  for (const token of tokens.slice(at)) {
    if (token.type === 'table_close') break;
    const role = ROLES[token.type];
    if (role !== undefined) token.attrSet('role', role);
    if (token.type === 'tr_open') column = 0;
    if (token.type === 'th_open' || token.type === 'td_open') {
      token.attrJoin('class', `share-${shares[column] ?? 1}`);
      column += 1;
    }
    // Said with each row that is read, but seen once.
    if (token.type === 'thead_open' && isAgain) token.attrJoin('class', 'again visually-hidden');
  }
}

/** The first blocks of `tokens`, one inside the other. */
function firsts(tokens: Token[], levels: number): number[] {
  return Array.from({ length: levels }, (_, level) => level).filter(
    (at) => tokens[at]?.level === at && tokens[at].nesting === 1,
  );
}

/** The last blocks of `tokens`, one inside the other. */
function lasts(tokens: Token[], levels: number): number[] {
  return Array.from({ length: levels }, (_, level) =>
    tokens.findLastIndex((token) => token.level === level && token.nesting === 1),
  ).filter((at) => at !== -1);
}

function mark({ tokens, env }: StateCore): void {
  const { above, below } = (env ?? {}) as CutEnv;
  const begun = above ? firsts(tokens, above.levels) : [];
  const going = below ? lasts(tokens, below.levels) : [];
  for (const at of begun) tokens[at]?.attrJoin('class', 'cut-above');
  for (const at of going) tokens[at]?.attrJoin('class', 'cut-below');
  const list = tokens[begun.at(-1) ?? -1];
  if (list?.type === 'ordered_list_open' && above?.start !== undefined) {
    list.attrSet('start', String(above.start));
  }
  const [first, last] = [begun.at(-1), going.at(-1)];
  if (first !== undefined && above?.table) layOut(tokens, first, above.table.shares, true);
  if (last !== undefined && last !== first && below?.table) {
    layOut(tokens, last, below.table.shares, false);
  }
}

/** Plugin: marks what goes on above or below. */
export function cutParts(md: MarkdownIt): void {
  md.core.ruler.push('tern_cut', mark);
}
