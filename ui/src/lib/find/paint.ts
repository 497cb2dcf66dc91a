/** Matches on the page, painted by the browser's highlights: the page itself stays as it is. */
import { rangesIn } from './blocks';

/** Older webviews have no such highlights; there the whole message is marked. */
export const canPaint = typeof Highlight !== 'undefined' && 'highlights' in CSS;

/** More would hold up every frame, and nobody sees them at once. */
const MOST = 2000;

const ALL = 'tern-found';
const CURRENT = 'tern-found-current';
/** What is read, and so what is found. */
const TEXT = '.selectable';

export interface Target {
  /** The message that holds the current match. */
  message: string;
  /** Which of its matches, from 0. */
  nth: number;
}

export class Paint {
  readonly #content: HTMLElement;
  readonly #observer: MutationObserver;
  #query = '';
  #target: Target | null = null;
  #painted = new Map<Element, StaticRange[]>();

  constructor(content: HTMLElement) {
    this.#content = content;
    // An answer that grows is painted again before the next frame, so that nothing flickers.
    this.#observer = new MutationObserver((records) => {
      for (const { target } of records) {
        const element = target instanceof Element ? target : target.parentElement;
        const text = element?.closest(TEXT);
        if (text) this.#painted.delete(text);
      }
      this.#paint();
    });
    if (canPaint) {
      this.#observer.observe(content, { childList: true, characterData: true, subtree: true });
    }
  }

  /** Paints all matches of `query`, which is folded, and `target` as the current one. */
  update(query: string, target: Target | null): void {
    this.#query = query;
    this.#target = target;
    this.#painted.clear();
    this.#paint();
  }

  /** The current match, if it is on the page. */
  current(): Range | null {
    const text = this.#target && this.#textOf(this.#target.message);
    if (!text || !this.#target) return null;
    const { nth } = this.#target;
    const [found] = rangesIn(text, this.#query, nth, nth + 1);
    if (found === undefined) return null;
    const range = document.createRange();
    range.setStart(found.startContainer, found.startOffset);
    range.setEnd(found.endContainer, found.endOffset);
    return range;
  }

  stop(): void {
    this.#observer.disconnect();
    if (!canPaint) return;
    CSS.highlights.delete(ALL);
    CSS.highlights.delete(CURRENT);
  }

  #textOf(message: string): Element | null {
    return this.#content.querySelector(`[data-message="${CSS.escape(message)}"] ${TEXT}`);
  }

  #paint(): void {
    if (!canPaint) return;
    if (this.#query === '') {
      CSS.highlights.delete(ALL);
      CSS.highlights.delete(CURRENT);
      return;
    }
    const texts = [...this.#content.querySelectorAll(`[data-message] ${TEXT}`)];
    const here = this.#target && this.#textOf(this.#target.message);
    const middle = here ? texts.indexOf(here) : texts.length - 1;
    const near = texts
      .map((text, i) => ({ text, away: Math.abs(i - middle) }))
      .sort((a, b) => a.away - b.away);
    const painted = new Map<Element, StaticRange[]>();
    let left = MOST;
    for (const { text } of near) {
      if (left <= 0) break;
      const from = text === here ? Math.max(0, (this.#target?.nth ?? 0) - MOST / 2) : 0;
      const ranges =
        this.#painted.get(text)?.slice(0, left) ?? rangesIn(text, this.#query, from, from + left);
      painted.set(text, ranges);
      left -= ranges.length;
    }
    this.#painted = painted;
    CSS.highlights.set(ALL, new Highlight(...[...painted.values()].flat()));
    const current = this.current();
    const one = current === null ? new Highlight() : new Highlight(current);
    one.priority = 1;
    CSS.highlights.set(CURRENT, one);
  }
}
