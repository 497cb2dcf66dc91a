/** LaTeX in Markdown: finds formulas and leaves their source; `formulas.svelte.ts` sets them. */
import type { MarkdownIt, StateBlock, StateInline } from 'markdown-it';

/** Longer is no formula in a line of text, and looking for its end would take long. */
const LONGEST = 2000;

const isBlank = (char: string | undefined) => char === undefined || /\s/.test(char);

/** True when the character at `at` is taken literally. */
function isEscaped(text: string, at: number): boolean {
  let before = at;
  while (text[before - 1] === '\\') before -= 1;
  return (at - before) % 2 === 1;
}

/** Where `mark` closes what begins at `from`, or -1. */
function closing(text: string, mark: string, from: number): number {
  const part = text.slice(from, from + LONGEST);
  for (let at = part.indexOf(mark); at !== -1; at = part.indexOf(mark, at + 1)) {
    if (mark[0] === '\\' || !isEscaped(part, at)) return from + at;
  }
  return -1;
}

/** As pandoc does it, so that prices stay prices: no blank inside the marks, no digit behind them. */
function closingDollar(text: string, from: number): number {
  if (isBlank(text[from]) || /[\p{L}\p{N}]/u.test(text[from - 2] ?? '')) return -1;
  const end = Math.min(text.length, from + LONGEST);
  for (let at = from; at < end; at += 1) {
    // Code is stronger.
    if (text[at] === '`') return -1;
    if (text[at] !== '$' || isEscaped(text, at)) continue;
    if (!isBlank(text[at - 1]) && !/\d/.test(text[at + 1] ?? '')) return at;
  }
  return -1;
}

const MARKS = [
  ['$$', '$$'],
  ['\\[', '\\]'],
  ['\\(', '\\)'],
  ['$', '$'],
] as const;

function inlineFormula(state: StateInline, silent: boolean): boolean {
  const text = state.src.slice(0, state.posMax);
  const marks = MARKS.find(([open]) => text.startsWith(open, state.pos));
  if (marks === undefined) return false;
  const [open, close] = marks;
  // A run of dollars opens with its first one or not at all.
  if (open[0] === '$' && text[state.pos - 1] === '$') return false;
  const from = state.pos + open.length;
  const to = open === '$' ? closingDollar(text, from) : closing(text, close, from);
  if (to === -1 || !/\S/.test(text.slice(from, to))) return false;
  if (!silent) {
    const token = state.push('formula', 'span', 0);
    token.content = text.slice(state.pos, to + close.length);
    token.info = open === '$$' || open === '\\[' ? 'display' : '';
  }
  state.pos = to + close.length;
  return true;
}

/** `$$` or `\[` at the start of a line: without it, a line with `- b` would begin a list. */
function blockFormula(state: StateBlock, start: number, end: number, silent: boolean): boolean {
  const line = (at: number) =>
    state.src.slice((state.bMarks[at] ?? 0) + (state.tShift[at] ?? 0), state.eMarks[at]).trimEnd();
  if ((state.sCount[start] ?? 0) - state.blkIndent >= 4) return false;
  const first = line(start);
  const close = first.startsWith('$$') ? '$$' : first.startsWith('\\[') ? '\\]' : null;
  if (close === null) return false;
  const lines: string[] = [];
  let next = start;
  let closed = false;
  for (; next < end && !closed; next += 1) {
    const one = line(next);
    if (one === '' || (state.sCount[next] ?? 0) < state.blkIndent) return false;
    lines.push(one);
    const inside = next === start ? one.slice(2) : one;
    closed = inside.endsWith(close);
    if (inside.indexOf(close) !== (closed ? inside.length - 2 : -1)) return false;
  }
  // One that is still being written may end yet.
  if (!closed && state.env?.open !== true) return false;
  const source = lines.join('\n');
  if (closed && !/\S/.test(source.slice(2, -2))) return false;
  if (silent) return true;
  const token = state.push('formula_block', 'div', 0);
  token.content = source;
  token.info = closed ? 'display' : 'unclosed';
  token.map = [start, next];
  state.line = next;
  return true;
}

/** Plugin: formulas become elements of class `math` that hold their source, marks included. */
export function mathSource(md: MarkdownIt): void {
  const escape = md.utils.escapeHtml;
  md.inline.ruler.before('escape', 'formula', inlineFormula);
  md.block.ruler.before('fence', 'formula_block', blockFormula, {
    alt: ['paragraph', 'reference', 'blockquote', 'list'],
  });
  md.renderer.rules.formula = (tokens, index) => {
    const token = tokens[index];
    const display = token?.info === 'display' ? ' math-display' : '';
    return `<span class="math${display}">${escape(token?.content ?? '')}</span>`;
  };
  md.renderer.rules.formula_block = (tokens, index) => {
    const token = tokens[index];
    const looks = token?.info === 'unclosed' ? 'math-unclosed' : 'math math-display';
    return `<p class="${looks}">${escape(token?.content ?? '')}</p>\n`;
  };
}
