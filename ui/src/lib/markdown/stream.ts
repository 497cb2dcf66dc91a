/**
 * A text that grows, as HTML: blocks that can no longer change are rendered once and kept, only
 * the open end is rendered again. No part of it gets large, so the next piece of a text costs the
 * same wherever it comes.
 */
import type { Token } from 'markdown-it';
import { language } from '../strings/language.svelte';
import { formulas } from './formulas.svelte';
import type { GoesOn } from './goes-on';
import { md, renderMarkdown, type RenderEnv } from './render';
import { cutsOf, type Cut } from './sections';

/** One or more whole blocks, rendered when they are first looked at. */
export class Block {
  readonly source: string;
  readonly env: RenderEnv;
  #html: string | null = null;
  /** Formulas could be set when this was rendered. */
  #filled = false;

  constructor(source: string, env: RenderEnv) {
    this.source = source;
    this.env = env;
  }

  get html(): string {
    const { ready } = formulas;
    if (this.#html === null) this.#html = renderMarkdown(this.source, this.env);
    else if (ready && !this.#filled) this.#html = formulas.fill(this.#html);
    this.#filled = ready;
    return this.#html;
  }
}

/** A fence that has not ended: from here on all is code. */
const FENCE = /^ {0,3}(`{3,}(?=[^`\n]*\n)|~{3,})[^\n]*\n/;
/** Longer code is not rendered again as it grows. By then it has lost its colours, until it ends. */
const LONGEST_WHOLE_CODE = 12_000;
/** So much of a line without an end is looked at again at a time. */
const STRIDE = 2000;

export class MarkdownStream {
  /** The settled blocks, oldest first. Their HTML joined with `open` is that of the whole text. */
  settled: Block[] = [];
  /** Code that goes on after the code in `open`: a long block is not rendered again for each line. */
  openCode = '';

  /** HTML of the open part, once it was looked at. */
  #open: string | null = '';
  #text = '';
  #finished = false;
  #filled = formulas.ready;
  /** The language of the window's own words in it: names of buttons, code and tables. */
  #language = language.current;
  /** Where the open part begins in `#text`. */
  #openAt = 0;
  /** What the open part begins in the middle of. */
  #goesOn: GoesOn | null = null;
  /** Up to where `#text` was looked through for block starts. */
  #scannedTo = 0;
  /** Mark of the fence that the open part begins with, while it has not ended. */
  #fence: string | null = null;
  /** Where `openCode` begins; `null` while the open part is rendered as a whole. */
  #codeAt: number | null = null;
  #env: RenderEnv = {};

  /** Takes the whole text so far. Text that does not go on from the last one starts afresh. */
  update(source: string, finished: boolean): void {
    const text = source.includes('\r') ? source.replace(/\r\n?/g, '\n') : source;
    const { ready } = formulas;
    if (language.current !== this.#language) this.#reset();
    else if (text === this.#text && finished === this.#finished && ready === this.#filled) return;
    this.#language = language.current;
    this.#filled = ready;
    if (!text.startsWith(this.#text)) this.#reset();
    this.#text = text;
    this.#finished = finished;
    this.#settle();
    if (finished && this.#definesReferences()) {
      // An address may be defined below the place that uses it.
      const { references } = this.#env;
      this.#reset();
      this.#text = text;
      this.#env = { references };
      this.#settle();
    }
    this.#renewOpen();
  }

  #reset(): void {
    this.settled = [];
    this.#open = '';
    this.openCode = '';
    this.#text = '';
    this.#openAt = 0;
    this.#goesOn = null;
    this.#scannedTo = 0;
    this.#fence = null;
    this.#codeAt = null;
    this.#env = {};
  }

  /** Moves all blocks but the last out of the open part. Only whole lines count: half a line can still become anything. */
  #settle(): void {
    const end = this.#text.lastIndexOf('\n') + 1;
    const hasNewLine = end > this.#scannedTo;
    // A line that never ends is cut where a word begins.
    const isEndless = this.#text.length - this.#scannedTo > STRIDE;
    if (!hasNewLine && !isEndless && !this.#finished) return;
    const to = hasNewLine && !this.#finished ? end : this.#text.length;
    // Of code, only the lines that are new can be its end.
    const line = this.#text.lastIndexOf('\n', this.#scannedTo - 1) + 1;
    this.#scannedTo = to;
    if (this.#fence !== null && !this.#endFence(line, to)) return;
    const from = this.#openAt;
    // Blocks are closed by the start of the next one, so nothing that follows changes them.
    for (const { at, goesOn } of blockCuts(this.#text.slice(from, to), this.#goesOn)) {
      this.#add(from + at, goesOn);
    }
    this.#fence = FENCE.exec(this.#text.slice(this.#openAt, to))?.[1] ?? null;
    const second = this.#text.indexOf('\n', this.#openAt) + 1;
    if (this.#fence !== null) this.#endFence(second, to);
  }

  /** Settles the code that the open part begins with, if its fence ends in the lines from `from` to `to`. */
  #endFence(from: number, to: number): boolean {
    const mark = this.#fence ?? '';
    const closing = new RegExp(`^ {0,3}${mark.charAt(0)}{${mark.length},}[ \\t]*\\n`, 'm');
    const found = closing.exec(this.#text.slice(from, to));
    if (found === null) return false;
    this.#fence = null;
    this.#add(from + found.index + found[0].length, null);
    return true;
  }

  /** Settles what is above `to`, and what may go on below. */
  #add(to: number, goesOn: GoesOn | null): void {
    const cuts = { above: this.#goesOn, below: goesOn };
    const env = cuts.above === null && goesOn === null ? this.#env : { ...this.#env, ...cuts };
    const block = new Block(this.#text.slice(this.#openAt, to), env);
    this.#goesOn = goesOn;
    // What it defines is known to the blocks below it.
    if (block.source.includes(']:')) md.block.parse(block.source, md, this.#env, []);
    this.settled = [...this.settled, block];
    this.#openAt = to;
    this.#codeAt = null;
  }

  /** HTML of the part that may still change. */
  get open(): string {
    const end = this.#codeAt ?? this.#text.length;
    this.#open ??= renderMarkdown(this.#text.slice(this.#openAt, end), this.#openEnv());
    return this.#open;
  }

  /** All of the text in blocks, the open part as the last one. */
  get blocks(): Block[] {
    return [...this.settled, new Block(this.#text.slice(this.#openAt), this.#openEnv())];
  }

  #openEnv(): RenderEnv {
    return { ...this.#env, above: this.#goesOn, open: !this.#finished };
  }

  /** The open part is to be rendered again, unless it is code that only gets longer. */
  #renewOpen(): void {
    const length = this.#text.length - this.#openAt;
    const isLongCode = !this.#finished && this.#fence !== null && length > LONGEST_WHOLE_CODE;
    if (!isLongCode || this.#codeAt === null) {
      this.#open = null;
      this.#codeAt = isLongCode ? this.#text.lastIndexOf('\n') + 1 : null;
    }
    this.openCode = this.#codeAt === null ? '' : this.#text.slice(this.#codeAt);
  }

  #definesReferences(): boolean {
    const env: RenderEnv = { ...this.#env, references: { ...this.#env.references } };
    md.block.parse(this.#text.slice(this.#openAt), md, env, []);
    this.#env = env;
    return Object.keys(env.references ?? {}).length > 0;
  }
}

/** Where to cut `lines`: before their last block, and where parts of a long text would get too large. */
function blockCuts(lines: string, above: GoesOn | null): Cut[] {
  const head = above?.table?.head ?? '';
  const tokens: Token[] = [];
  md.block.parse(head + lines, md, { open: true }, tokens);
  // Should this formula never end, its lines belong to what is above it.
  if (tokens.some(({ info, type }) => type === 'formula_block' && info === 'unclosed')) return [];
  return cutsOf(head + lines, tokens, above).map(({ at, goesOn }) => ({
    at: at - head.length,
    goesOn,
  }));
}
