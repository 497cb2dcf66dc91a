/**
 * A text that grows, as HTML: blocks that can no longer change are rendered once and kept, only
 * the open end is rendered again.
 */
import type { Token } from 'markdown-it';
import { language } from '../strings/language.svelte';
import { formulas } from './formulas.svelte';
import { md, renderMarkdown, type RenderEnv } from './render';

export class MarkdownStream {
  /** HTML of the settled blocks, oldest first. Joined with `open` it is the HTML of the whole text. */
  settled: string[] = [];
  /** HTML of the part that may still change. */
  open = '';

  #text = '';
  #finished = false;
  /** Formulas could be set when this was rendered. */
  #filled = formulas.ready;
  /** The language of the window's own words in it: names of buttons, code and tables. */
  #language = language.current;
  /** Where the open part begins in `#text`. */
  #openAt = 0;
  /** Up to where `#text` was looked through for block starts. */
  #scannedTo = 0;
  #env: RenderEnv = {};

  /** Takes the whole text so far. Text that does not go on from the last one starts afresh. */
  update(source: string, finished: boolean): void {
    const text = source.includes('\r') ? source.replace(/\r\n?/g, '\n') : source;
    const { ready } = formulas;
    if (language.current !== this.#language) this.#reset();
    else if (text === this.#text && finished === this.#finished && ready === this.#filled) return;
    this.#language = language.current;
    if (ready && !this.#filled) this.settled = this.settled.map((html) => formulas.fill(html));
    this.#filled = ready;
    if (!text.startsWith(this.#text)) this.#reset();
    this.#text = text;
    this.#finished = finished;
    this.#settle();
    if (finished && this.#definesReferences()) {
      // An address may be defined below the place that uses it.
      this.#reset();
      this.#text = text;
      this.#finished = finished;
    }
    this.open = renderMarkdown(text.slice(this.#openAt), { ...this.#env, open: !finished });
  }

  #reset(): void {
    this.settled = [];
    this.open = '';
    this.#text = '';
    this.#openAt = 0;
    this.#scannedTo = 0;
    this.#env = {};
  }

  /** Moves all blocks but the last out of the open part. Only whole lines count: half a line can still become anything. */
  #settle(): void {
    const end = this.#text.lastIndexOf('\n') + 1;
    if (end <= this.#scannedTo) return;
    this.#scannedTo = end;
    const lines = this.#text.slice(this.#openAt, end);
    const line = lastBlockLine(lines);
    if (line === 0) return;
    const length = offsetOfLine(lines, line);
    // Blocks are closed by the start of the next one, so nothing that follows changes them.
    this.settled = [...this.settled, renderMarkdown(lines.slice(0, length), this.#env)];
    this.#openAt += length;
  }

  #definesReferences(): boolean {
    const env: RenderEnv = { ...this.#env, references: { ...this.#env.references } };
    md.block.parse(this.#text.slice(this.#openAt), md, env, []);
    return Object.keys(env.references ?? {}).length > 0;
  }
}

/** Line on which the last top-level block begins. */
function lastBlockLine(lines: string): number {
  const tokens: Token[] = [];
  md.block.parse(lines, md, { open: true }, tokens);
  // Should this formula never end, its lines belong to what is above it.
  if (tokens.some(({ info, type }) => type === 'formula_block' && info === 'unclosed')) return 0;
  const last = tokens.findLast((token) => token.level === 0 && token.nesting >= 0 && token.map);
  return last?.map?.[0] ?? 0;
}

function offsetOfLine(text: string, line: number): number {
  let offset = 0;
  for (let i = 0; i < line; i += 1) offset = text.indexOf('\n', offset) + 1;
  return offset;
}
