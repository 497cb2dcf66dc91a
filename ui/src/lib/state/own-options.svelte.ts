import type { ChatOptions, Host } from '../ipc/host';
import { t } from '../strings/language.svelte';
import { reasonOf } from '../strings/problems';

const NONE: ChatOptions = { systemPrompt: null, sampling: null };

/** What one chat does otherwise than Settings say: shown at once, then stored. Those of a new chat go along with its first message. */
export class OwnOptions {
  value = $state.raw<ChatOptions>(NONE);
  /** Why the last change was not stored, as a sentence. */
  problem = $state.raw<string | null>(null);

  readonly #host: Host;
  #stored: ChatOptions = NONE;
  /** Changes are stored one after the other. */
  #queue: Promise<void> = Promise.resolve();

  constructor(host: Host) {
    this.#host = host;
  }

  /** True where this chat follows Settings in everything. */
  get none(): boolean {
    return this.value.systemPrompt === null && this.value.sampling === null;
  }

  /** What a new chat begins with; `null` where it follows Settings in everything. */
  get first(): ChatOptions | null {
    return this.none ? null : this.value;
  }

  set(options: ChatOptions): void {
    this.value = options;
    this.#stored = options;
  }

  /** Changes some options. What can't be stored goes back to what is stored. */
  change(conversation: string | null, changes: Partial<ChatOptions>): Promise<void> {
    this.value = { ...this.value, ...changes };
    if (conversation === null) {
      this.#stored = this.value;
      return this.#queue;
    }
    this.#queue = this.#queue.then(async () => {
      const wanted = { ...this.#stored, ...changes };
      try {
        await this.#host.setChatOptions(conversation, wanted);
        this.#stored = wanted;
        this.problem = null;
      } catch (thrown) {
        this.value = this.#stored;
        this.problem = t.settings.notSaved(reasonOf(thrown));
      }
    });
    return this.#queue;
  }

  /** Follows Settings again. */
  reset(conversation: string | null): Promise<void> {
    return this.change(conversation, NONE);
  }
}
