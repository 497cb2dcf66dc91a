import { problemOf } from '../ipc/host';
import { problemText } from '../strings/problems';

/** How long a person must have paused before what they write is saved, in milliseconds. */
export const PAUSE_MS = 400;
const FIRST_RETRY_MS = 2_000;
const LATER_RETRY_MS = 15_000;

/** Writes something that changes often: soon after a change, one write at a time, again when refused. */
export class Saver {
  /** Why the last two writes were refused. One refusal alone may be chance and is not worth a word. */
  problem = $state.raw<string | null>(null);

  readonly #write: () => Promise<void>;
  readonly #ready: () => boolean;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #changed = false;
  #writing = false;
  #refusals = 0;

  /** While `ready` says no, changes are kept for a later `now`. */
  constructor(write: () => Promise<void>, ready: () => boolean) {
    this.#write = write;
    this.#ready = ready;
  }

  /** Something changed. */
  soon(): void {
    this.#changed = true;
    // A refused write has its own time to be tried again.
    if (this.#refusals === 0) this.#in(PAUSE_MS);
  }

  /** What changed is what was written already. */
  settled(): void {
    this.#changed = false;
    clearTimeout(this.#timer);
  }

  /** Writes what changed, without waiting for a pause. */
  now(): void {
    clearTimeout(this.#timer);
    if (this.#changed && !this.#writing && this.#ready()) void this.#save();
  }

  #in(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.now(), ms);
  }

  async #save(): Promise<void> {
    this.#changed = false;
    this.#writing = true;
    try {
      await this.#write();
      this.#refusals = 0;
      this.problem = null;
    } catch (thrown) {
      const { code, detail } = problemOf(thrown);
      // What it belongs to is gone: there is nothing to write to.
      if (code !== 'notFound') this.#refused(problemText(detail));
    }
    this.#writing = false;
    if (this.#changed && this.#refusals === 0) this.now();
  }

  #refused(message: string): void {
    this.#changed = true;
    this.#refusals += 1;
    if (this.#refusals > 1) this.problem = message;
    this.#in(this.#refusals === 1 ? FIRST_RETRY_MS : LATER_RETRY_MS);
  }
}
