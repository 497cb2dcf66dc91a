import { counting } from '../find/count';
import type { Target } from '../find/paint';
import { foldedText } from '../fold';
import { count as number } from '../format';
import { pause, SLICE } from '../pause';
import { t } from '../strings/language.svelte';
import type { Announcer } from './announcer.svelte';
import type { Chat } from './chat.svelte';
import type { Message } from './message.svelte';

/** A text that grows is looked through this often at most, in milliseconds. */
const PAUSE = 150;
/** While a long chat is looked through, the count is written anew this often, in milliseconds. */
const TELL = 100;

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
  /** Some messages were not looked at yet: there may be more matches. */
  #counting = $state.raw(false);
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
  /** Steps over the last match that is known yet. */
  #owed = 0;

  constructor(announcer: Announcer) {
    this.#announcer = announcer;
  }

  /** The position as words. */
  get words(): string {
    if (this.counted === '') return '';
    if (this.#counting) return t.find.soFar(number(this.total));
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
    this.#owed = 0;
    this.#look(true);
  }

  /** The text of the chat changed. */
  refresh(): void {
    if (this.open && this.query !== '') this.#look(false);
  }

  /** To the next match or the one before; past the end it goes on at the beginning. */
  move(step: 1 | -1): void {
    if (this.total === 0) return;
    let at = this.position - 1 + step;
    if (this.#counting && (at < 0 || at >= this.total)) {
      this.#owed += step;
      return;
    }
    at = (at + this.total) % this.total;
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
    if (!this.#counting) this.#announcer.say(this.words);
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
    this.#counting = false;
    this.#owed = 0;
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
    const query = foldedText(this.query);
    const isFresh = this.#fresh;
    const messages = query === '' ? [] : (this.#place?.chat.messages ?? []);
    const above: Hit[] = [];
    const below: Hit[] = [];
    const hits = () => [...above.toReversed(), ...below];
    let told = -Infinity;
    let since = performance.now();
    const rest = async () => {
      if (isFresh && above.length + below.length > 0 && since - told > TELL) {
        this.#tell(query, hits());
        told = since;
      }
      await pause();
      since = performance.now();
      return run === this.#run;
    };
    // What is in view first, then what is below it: there the first match is.
    const start = Math.min(this.#start, messages.length);
    for (let i = 0; i < messages.length; i += 1) {
      const isBelow = start + i < messages.length;
      const index = isBelow ? start + i : messages.length - 1 - i;
      const message = messages[index];
      if (message === undefined) continue;
      const steps = counting(message, query);
      let step = steps.next();
      for (; step.done !== true; step = steps.next()) {
        if (performance.now() - since > SLICE && !(await rest())) return;
      }
      if (step.value > 0) (isBelow ? below : above).push({ message, index, count: step.value });
      if (performance.now() - since > SLICE && !(await rest())) return;
    }
    this.#running = false;
    this.#take(query, hits());
    if (this.#stale) this.#look(false);
  }

  /** Goes to the first match while others are looked for. */
  #tell(query: string, hits: Hit[]): void {
    this.#hits = hits;
    this.counted = query;
    this.#counting = true;
    if (!this.#fresh) return;
    this.#fresh = false;
    const first = this.#firstOf(hits);
    if (first !== null) this.#go(first);
  }

  #take(query: string, hits: Hit[]): void {
    const wasCounting = this.#counting && this.counted === query;
    this.#counting = false;
    this.#hits = hits;
    this.counted = query;
    const same = hits.find(({ message }) => message.id === this.target?.message);
    if (!this.#fresh && same !== undefined && this.target !== null) {
      // The text around it grew: the current match stays, and so does the view.
      if (this.target.nth >= same.count) this.target = { ...this.target, nth: same.count - 1 };
      if (wasCounting) this.#pay();
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

  /** Everything is counted: says so, and goes on where it could not. */
  #pay(): void {
    const steps = this.#owed;
    this.#owed = 0;
    for (let i = 0; i < Math.abs(steps); i += 1) this.move(steps > 0 ? 1 : -1);
    if (steps === 0) this.#announcer.say(this.words);
  }

  /** The first match from the top of the view on, or else the last one above. */
  #firstOf(hits: Hit[]): Target | null {
    const below = hits.find(({ index }) => index >= this.#start);
    if (below !== undefined) return { message: below.message.id, nth: 0 };
    const above = hits.at(-1);
    return above === undefined ? null : { message: above.message.id, nth: above.count - 1 };
  }
}
