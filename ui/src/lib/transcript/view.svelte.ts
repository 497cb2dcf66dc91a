/**
 * The part of a chat that is on the page. Rows are measured once they are there and estimated
 * before; when they turn out different, what is being read stays where it is.
 *
 * Longer than 300 lines, because every way the view moves has to know all the others.
 */
import { tick, untrack } from 'svelte';
import type { Message } from '../state/message.svelte';
import { anchorIn, driftOf, moved, type Anchor } from './anchor';
import { Heights } from './heights';
import { estimateHeight, place, rowsBetween, type Span } from './window';

/** A message on the page. */
export interface Row {
  message: Message;
  /** Its number in the chat, from 0. */
  index: number;
  /** Height of the messages left out right above it. */
  gap: number;
}

/** This close to the end counts as the end, in pixels. */
const NEAR = 32;
/** Rows are ready this far above and below the view, as a share of its height. */
const MARGIN = 1;
/** What a page is when leafing: lines at its edge are seen twice. */
const PAGE = 0.875;
/** Nobody scrolls any more when nothing has moved for so many milliseconds. */
const RESTED_MS = 150;
/** Width of a row until it is known: that of the reading column. */
const COLUMN = 736;

/** Heights as they were last measured, so that coming back to a chat finds them. */
const measured = new WeakMap<Message, { height: number; width: number }>();

export class TranscriptView {
  rows = $state.raw<Row[]>([]);
  /** Height of the messages left out below the last row. */
  after = $state.raw(0);
  /** The view stays at the end while text is written there. */
  following = $state.raw(true);
  /** The end is out of sight. */
  away = $state.raw(false);

  #messages: Message[] = [];
  #indexOf = new Map<string, number>();
  #heights = new Heights([]);
  #width = COLUMN;
  #scroller: HTMLElement | null = null;
  #list: HTMLElement | null = null;
  #anchor: Anchor | null = null;
  #lastTop = 0;
  /** The rows in and around the view. */
  #span: Span = { from: 0, to: 0 };
  /**
   * How much lower the rows stand than the heights above them say. Moving the view by what turned
   * out different would stop a fling or a smooth scroll half-way, so the room above takes it up
   * until the view is at rest.
   */
  #slack = 0;
  #rested: ReturnType<typeof setTimeout> | undefined;
  #frame = 0;
  readonly #sizes = new ResizeObserver((entries) => this.#resized(entries));

  /** The chat has these messages now. */
  setMessages(messages: Message[]): void {
    this.#messages = messages;
    this.#indexOf = new Map(messages.map(({ id }, index) => [id, index]));
    this.#estimate();
    this.#update();
  }

  // An attachment is an effect: what it reads must not make it run again.

  /** Attachment: the element that scrolls. */
  readonly attach = (scroller: HTMLElement): (() => void) => {
    this.#scroller = scroller;
    this.#sizes.observe(scroller);
    untrack(() => this.#hold());
    return () => {
      cancelAnimationFrame(this.#frame);
      clearTimeout(this.#rested);
      this.#sizes.disconnect();
      this.#scroller = null;
    };
  };

  /** Attachment: the element that holds the rows. */
  readonly attachList = (list: HTMLElement): (() => void) => {
    this.#list = list;
    untrack(() => this.#setWidth(list.clientWidth));
    return () => (this.#list = null);
  };

  /** Attachment: a row, which names its message in `data-message`. */
  readonly attachRow = (row: HTMLElement): (() => void) => {
    this.#sizes.observe(row);
    return () => this.#sizes.unobserve(row);
  };

  /** New rows are on the page: takes their heights before anything is painted. */
  settle(): void {
    this.#measureAll();
    this.#hold();
    this.#update();
  }

  /** To the end, and stays there. */
  follow(): void {
    this.following = true;
    this.away = false;
    this.#anchor = null;
    this.#hold();
    this.#update();
  }

  /** The view was moved on purpose: it stays there, whatever grows. */
  stay(): void {
    this.following = false;
    this.#lastTop = this.#scroller?.scrollTop ?? 0;
    this.#measureAll();
    this.#look();
    this.#update();
  }

  readonly onscroll = (): void => {
    if (this.#scroller === null) return;
    const { scrollTop, scrollHeight, clientHeight } = this.#scroller;
    const distance = scrollHeight - clientHeight - scrollTop;
    if (scrollTop === this.#lastTop) {
      // Our own doing: what is followed was settled there.
    } else if (scrollTop < this.#lastTop && distance > 1) {
      this.following = false;
    } else if (distance < NEAR) {
      this.following = true;
    }
    this.away = distance > clientHeight / 2;
    this.#lastTop = scrollTop;
    this.#look();
    this.#update();
    clearTimeout(this.#rested);
    this.#rested = setTimeout(() => this.#level(), RESTED_MS);
  };

  /** The keys that move far. The browser would go there smoothly, through all that is on the way. */
  readonly onkeydown = (event: KeyboardEvent): void => {
    const scroller = this.#scroller;
    if (scroller === null || event.ctrlKey || event.altKey || event.metaKey || event.shiftKey)
      return;
    const page = scroller.clientHeight * PAGE;
    if (event.key === 'End') this.follow();
    else if (event.key === 'Home') scroller.scrollTop = 0;
    else if (event.key === 'PageUp') scroller.scrollTop -= page;
    else if (event.key === 'PageDown') scroller.scrollTop += page;
    else return;
    event.preventDefault();
  };

  /** Yields to the wheel before it has moved anything, or text that comes now would hold it back. */
  readonly onwheel = (event: WheelEvent): void => {
    if (event.deltaY >= 0 || event.ctrlKey || !this.#scroller?.scrollTop) return;
    this.following = false;
    this.#look();
  };

  /** Index of the message at the top of the view. */
  firstVisible(): number {
    return this.#heights.rowAt(this.#top());
  }

  /** The row of a message, if it is on the page. */
  rowOf(message: string): HTMLElement | null {
    return this.#list?.querySelector(`[data-message="${CSS.escape(message)}"]`) ?? null;
  }

  /** Puts a message on the page; one that was not there comes about a third below the top of the view. */
  async bring(message: string): Promise<void> {
    if (this.rowOf(message) === null) await this.show(message);
  }

  /** Goes to a message: its beginning comes about a third below the top of the view. */
  async show(message: string): Promise<void> {
    const index = this.#indexOf.get(message);
    const scroller = this.#scroller;
    if (index === undefined || scroller === null) return;
    const above = scroller.clientHeight / 3;
    scroller.scrollTop += this.#heights.topOf(index) - above - this.#top();
    this.stay();
    await tick();
    const row = this.rowOf(message);
    if (row === null) return;
    // Only now is it known where it really is.
    scroller.scrollTop += row.getBoundingClientRect().top - this.#viewTop() - above;
    this.stay();
  }

  /** Where the view begins, in the window. */
  #viewTop(): number {
    return this.#scroller?.getBoundingClientRect().top ?? 0;
  }

  /** Where the view begins among the heights of all rows. */
  #top(): number {
    if (this.#list === null || this.#scroller === null) {
      return this.#heights.total - window.innerHeight;
    }
    return this.#viewTop() - this.#list.getBoundingClientRect().top - this.#slack;
  }

  #estimate(): void {
    const top = this.#heights.topOf(this.#span.from) + this.#slack;
    this.#heights = new Heights(
      this.#messages.map((message) => {
        const known = measured.get(message);
        if (known?.width === this.#width) return known.height;
        return estimateHeight(message.role, message.text, this.#width);
      }),
    );
    this.#slack = top - this.#heights.topOf(this.#span.from);
  }

  /** Chooses the rows anew. */
  #update(): void {
    const height = this.#scroller?.clientHeight ?? window.innerHeight;
    const top = this.following ? this.#heights.total - height : this.#top();
    const margin = height * MARGIN;
    this.#span = rowsBetween(this.#heights, top - margin, top + height + margin);
    this.#arrange();
  }

  /** Puts the rows chosen on the page. */
  #arrange(): void {
    const { placed, after } = place(this.#heights, [this.#span, ...this.#kept()]);
    if (this.#slack !== 0) {
      const first = placed.findLast(({ row, gap }) => row <= this.#span.from && gap > 0);
      if (first === undefined || first.gap + this.#slack < 0) this.#giveUpSlack();
      else first.gap += this.#slack;
    }
    const rows = placed.flatMap(({ row, gap }) => {
      const message = this.#messages[row];
      return message === undefined ? [] : [{ message, index: row, gap }];
    });
    if (after !== this.after) this.after = after;
    if (!isSame(rows, this.rows)) this.rows = rows;
  }

  /** The view is at rest: rows and view go where the heights say, both at once. */
  #level(): void {
    if (this.#slack === 0) return;
    this.#giveUpSlack();
    this.#arrange();
  }

  #giveUpSlack(): void {
    if (this.#scroller !== null) {
      this.#scroller.scrollTop -= this.#slack;
      this.#lastTop = this.#scroller.scrollTop;
    }
    this.#anchor &&= moved(this.#anchor, -this.#slack);
    this.#slack = 0;
  }

  /** Rows that stay wherever the view is: those of selected text, and the one with the focus. */
  #kept(): Span[] {
    const selection = getSelection();
    const selected =
      selection === null || selection.isCollapsed
        ? []
        : [selection.anchorNode, selection.focusNode].flatMap((node) => this.#indexAt(node));
    const focused = this.#indexAt(document.activeElement);
    return [selected, focused]
      .filter((indices) => indices.length > 0)
      .map((indices) => ({ from: Math.min(...indices), to: Math.max(...indices) + 1 }));
  }

  #indexAt(node: Node | null): number[] {
    const element = node instanceof Element ? node : node?.parentElement;
    const row = element?.closest<HTMLElement>('[data-message]');
    const index =
      row && this.#list?.contains(row) ? this.#indexOf.get(row.dataset.message ?? '') : undefined;
    return index === undefined ? [] : [index];
  }

  #setWidth(width: number): void {
    if (width === 0 || width === this.#width) return;
    this.#width = width;
    this.#estimate();
    this.#measureAll();
  }

  #measureAll(): void {
    for (const row of this.#list?.children ?? []) {
      this.#measure(row, row.getBoundingClientRect().height);
    }
  }

  #measure(row: Element, height: number): void {
    const index = this.#indexOf.get((row as HTMLElement).dataset.message ?? '');
    const message = index === undefined ? undefined : this.#messages[index];
    if (index === undefined || message === undefined || !row.isConnected) return;
    measured.set(message, { height, width: this.#width });
    this.#heights.set(index, height);
  }

  #resized(entries: ResizeObserverEntry[]): void {
    this.#setWidth(this.#list?.clientWidth ?? 0);
    for (const { target, borderBoxSize } of entries) {
      this.#measure(target, borderBoxSize[0]?.blockSize ?? 0);
    }
    this.#hold();
    // Rows put on the page from here would be measured too late for this frame.
    if (this.#frame === 0) {
      this.#frame = requestAnimationFrame(() => {
        this.#frame = 0;
        this.#update();
      });
    }
  }

  /** Remembers what is at the top of the view. */
  #look(): void {
    this.#anchor = null;
    if (this.following || this.#list === null || this.#scroller === null) return;
    this.#anchor = anchorIn(this.#scroller, this.#list);
  }

  /** What is looked at goes back to its place. */
  #hold(): void {
    const scroller = this.#scroller;
    if (scroller === null) return;
    if (this.following) {
      this.#level();
      scroller.scrollTop = scroller.scrollHeight;
    } else {
      const drift = this.#anchor && driftOf(this.#anchor, scroller);
      if (drift === null) {
        this.#look();
      } else if (Math.abs(drift) >= 0.5) {
        this.#slack -= drift;
        this.#arrange();
      }
    }
    this.#lastTop = scroller.scrollTop;
  }
}

function isSame(rows: Row[], others: Row[]): boolean {
  return (
    rows.length === others.length &&
    rows.every(({ message, gap, index }, i) => {
      const other = others[i];
      return message === other?.message && gap === other.gap && index === other.index;
    })
  );
}
