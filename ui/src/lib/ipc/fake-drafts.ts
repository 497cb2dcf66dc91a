/** Drafts the fake program keeps. */
import type { Draft } from './host';

const STORAGE = 'tern-fake-drafts';

export class FakeDrafts {
  readonly #outlives: boolean;
  #drafts: Map<string | null, Draft>;

  /** Those that outlive the page are there again after it was loaded anew, as after a restart. */
  constructor(outlives: boolean) {
    this.#outlives = outlives;
    const stored = outlives ? sessionStorage.getItem(STORAGE) : null;
    this.#drafts = new Map(stored === null ? [] : (JSON.parse(stored) as [string | null, Draft][]));
  }

  /** That of a chat; of a new one without. */
  of(conversation: string | null): Draft | null {
    return structuredClone(this.#drafts.get(conversation) ?? null);
  }

  save(conversation: string | null, draft: Draft | null): void {
    if (draft === null) this.#drafts.delete(conversation);
    else this.#drafts.set(conversation, structuredClone(draft));
    if (this.#outlives) sessionStorage.setItem(STORAGE, JSON.stringify([...this.#drafts]));
  }
}
