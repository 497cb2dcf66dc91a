/** Which messages of a long chat are on the page, and how much room the others take between them. */
import type { Heights } from './heights';

/** Rows from `from` up to, but without, `to`. */
export interface Span {
  from: number;
  to: number;
}

/** A row on the page, with the height of the rows left out right above it. */
export interface Placed {
  row: number;
  gap: number;
}

/** The rows that touch the stretch from `top` to `bottom`. */
export function rowsBetween(heights: Heights, top: number, bottom: number): Span {
  if (heights.count === 0) return { from: 0, to: 0 };
  return { from: heights.rowAt(top), to: heights.rowAt(Math.max(top, bottom)) + 1 };
}

/** The rows of all spans in order, and the height of what is left out below the last. */
export function place(heights: Heights, spans: Span[]): { placed: Placed[]; after: number } {
  const placed: Placed[] = [];
  let next = 0;
  for (const { from, to } of [...spans].sort((a, b) => a.from - b.from)) {
    for (let row = Math.max(next, from); row < Math.min(to, heights.count); row += 1) {
      const gap = row === next ? 0 : heights.topOf(row) - heights.topOf(next);
      placed.push({ row, gap });
      next = row + 1;
    }
  }
  return { placed, after: heights.total - heights.topOf(next) };
}

/** Height of a line of text and width of a letter in it, in pixels. */
const LINE = 25.6;
const LETTER = 7.6;
/** What stands around an answer's text and a question's. */
const AROUND = { assistant: 68, user: 44 };
/** Share of the width that a question's bubble has for its text. */
const BUBBLE = 0.8;
/** Lines are counted in this much of a text; the rest is taken to be like it. */
const SAMPLE = 2000;

/** About how high a message will be, before anyone has seen it. Whole pixels, so that sums are exact. */
export function estimateHeight(role: 'user' | 'assistant', text: string, width: number): number {
  const perLine = Math.max(8, (role === 'user' ? width * BUBBLE : width) / LETTER);
  const sample = text.slice(0, SAMPLE);
  const lines = sample.split('\n').reduce((sum, line) => sum + Math.ceil(line.length / perLine), 0);
  const share = sample === '' ? 1 : text.length / sample.length;
  return Math.round(AROUND[role] + Math.max(1, lines) * share * LINE);
}
