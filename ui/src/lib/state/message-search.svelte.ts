import type { Host, SearchHit } from '../ipc/host';
import { reasonOf } from '../strings/problems';

/** A pause in typing this long, in milliseconds, and the search begins. */
export const PAUSE_MS = 120;
/** Fewer characters are in almost every message. */
const SHORTEST = 2;

/** The search through all messages, while one types. */
export class MessageSearch {
  hits = $state.raw<SearchHit[]>([]);
  /** True until the hits are those of what was typed last. */
  searching = $state.raw(false);
  /** Why there are none, as a sentence. */
  problem = $state.raw<string | null>(null);

  readonly #host: Pick<Host, 'search'>;
  #query = '';
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(host: Pick<Host, 'search'>) {
    this.#host = host;
  }

  /** Looks for another query. What was found stays until there is an answer. */
  find(typed: string): void {
    const query = typed.trim();
    if (query === this.#query) return;
    this.#query = query;
    clearTimeout(this.#timer);
    this.searching = [...query].length >= SHORTEST;
    this.problem = null;
    if (this.searching) this.#timer = setTimeout(() => void this.#ask(query), PAUSE_MS);
    else this.hits = [];
  }

  async #ask(query: string): Promise<void> {
    const answer = await this.#host.search(query).then(
      (hits) => ({ hits, problem: null }),
      (thrown: unknown) => ({ hits: [], problem: reasonOf(thrown) }),
    );
    // An answer that comes after another word was typed is of no use.
    if (query !== this.#query) return;
    this.hits = answer.hits;
    this.problem = answer.problem;
    this.searching = false;
  }
}
