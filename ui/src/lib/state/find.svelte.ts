import { countIn } from '../find/count';
import { foldWithPlaces } from '../fold';
import type { Target } from '../find/paint';
import { count as number } from '../format';
import { t } from '../strings/language.svelte';
import type { Announcer } from './announcer.svelte';
import type { Chat } from './chat.svelte';
import type { Message } from './message.svelte';

/** A text that grows is looked through this often at most, in milliseconds. */
const PAUSE = 150;
/** A long chat is looked through in pieces of this many milliseconds, so that keys are heard. */
const SLICE = 12;

interface Hit {
  message: Message;
  /** Its number in the chat. */
  index: number;
  count: number;
}

interface Place {
  chat: Chat;
  /** Index of the message at the top of the view: the search begins there. */
  firstVisible: () => number;
}

/** Finding words in the open chat. */
export class Find {
  open = $state.raw(false);
  query = $state.raw('');
  /** Counts requests to put the cursor into the field. */
  focus = $state.raw(0);
  /** Counts moves: the current match is to be shown. */
  moves = $state.raw(0);
  /** The current match. */
  target = $state.raw<Target | null>(null);
  /** The query as it is compared; what was counted belongs to it. */
  counted = $state.raw('');

  #hits = $state.raw<Hit[]>([]);
  readonly total = $derived(this.#hits.reduce((sum, hit) => sum + hit.count, 0));
  /** Number of the current match, from 1; 0 without one. */
  readonly position = $derived.by(() => {
    let before = 0;
    for (const { message, count } of this.#hits) {
      if (message.id === this.target?.message) return before + this.target.nth + 1;
      before += count;
    }
    return 0;
  });

  readonly #announcer: Announcer;
  #place: Place | null = null;
  #start = 0;
  /** Where the focus goes back to. */
  #before: HTMLElement | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #lastRun = -Infinity;
  /** Number of the newest search; older ones give up. */
  #run = 0;
  #running = false;
  /** Something changed while a search was running. */
  #stale = false;
  /** The query is new: go to its first match. */
  #fresh = false;

  constructor(announcer: Announcer) {
    this.#announcer = announcer;
  }

  /** The position as words. */
  get words(): string {
    if (this.counted === '') return '';
    if (this.total === 0) return t.find.none;
    return t.find.position(number(this.position), number(this.total));
  }

  /** A transcript is on the page; returns how to leave it. */
  attach(place: Place): () => void {
    this.#place = place;
    return () => {
      if (this.#place !== place) return;
      this.#place = null;
      this.#end();
    };
  }

  show(): void {
    if (this.#place === null) return;
    this.#start = this.#place.firstVisible();
    if (!this.open) {
      const { activeElement } = document;
      this.#before = activeElement instanceof HTMLElement ? activeElement : null;
      this.open = true;
      this.#look(true);
    }
    this.focus += 1;
  }

  /** Closes the bar; the focus goes back to where it was. */
  close(): void {
    const before = this.#before;
    this.#end();
    if (before?.isConnected) before.focus({ preventScroll: true });
  }

  type(query: string): void {
    this.query = query;
    this.#look(true);
  }

  /** The text of the chat changed. */
  refresh(): void {
    if (this.open && this.query !== '') this.#look(false);
  }

  /** To the next match or the one before; past the end it goes on at the beginning. */
  move(step: 1 | -1): void {
    if (this.total === 0) return;
    let at = (this.position - 1 + step + this.total) % this.total;
    for (const { message, count } of this.#hits) {
      if (at < count) {
        this.#go({ message: message.id, nth: at });
        return;
      }
      at -= count;
    }
  }

  #go(target: Target): void {
    this.target = target;
    this.moves += 1;
    this.#announcer.say(this.words);
  }

  #end(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#run += 1;
    this.#running = false;
    this.#stale = false;
    this.#before = null;
    this.open = false;
    this.counted = '';
    this.#hits = [];
    this.target = null;
  }

  #look(fresh: boolean): void {
    this.#fresh ||= fresh;
    if (this.#running && !fresh) {
      this.#stale = true;
      return;
    }
    if (this.#timer !== undefined) return;
    const wait = Math.max(0, this.#lastRun + PAUSE - performance.now());
    const run = () => {
      this.#timer = undefined;
      void this.#search();
    };
    if (wait === 0) run();
    else this.#timer = setTimeout(run, wait);
  }

  async #search(): Promise<void> {
    this.#run += 1;
    const run = this.#run;
    this.#lastRun = performance.now();
    this.#running = true;
    this.#stale = false;
    const query = foldWithPlaces(this.query).text;
    const hits: Hit[] = [];
    let since = performance.now();
    const messages = query === '' ? [] : (this.#place?.chat.messages ?? []);
    for (const [index, message] of messages.entries()) {
      const count = countIn(message, query);
      if (count > 0) hits.push({ message, index, count });
      if (performance.now() - since > SLICE) {
        await new Promise((done) => setTimeout(done));
        if (run !== this.#run) return;
        since = performance.now();
      }
    }
    this.#running = false;
    this.#take(query, hits);
    if (this.#stale) this.#look(false);
  }

  #take(query: string, hits: Hit[]): void {
    this.#hits = hits;
    this.counted = query;
    const same = hits.find(({ message }) => message.id === this.target?.message);
    if (!this.#fresh && same !== undefined && this.target !== null) {
      // The text around it grew: the current match stays, and so does the view.
      if (this.target.nth >= same.count) this.target = { ...this.target, nth: same.count - 1 };
      return;
    }
    const isFresh = this.#fresh;
    this.#fresh = false;
    const first = this.#firstOf(hits);
    if (first !== null && isFresh) {
      this.#go(first);
      return;
    }
    // Nobody asked to go anywhere: only the words change.
    this.target = first;
    if (isFresh && query !== '') this.#announcer.say(this.words);
  }

  /** The first match from the top of the view on, or else the last one above. */
  #firstOf(hits: Hit[]): Target | null {
    const below = hits.find(({ index }) => index >= this.#start);
    if (below !== undefined) return { message: below.message.id, nth: 0 };
    const above = hits.at(-1);
    return above === undefined ? null : { message: above.message.id, nth: above.count - 1 };
  }
}
