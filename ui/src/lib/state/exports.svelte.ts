import { exportWords } from '../export-words';
import { count } from '../format';
import type { ExportFormat, Exported, Host } from '../ipc/host';
import { t } from '../strings/language.svelte';
import { reasonOf } from '../strings/problems';
import type { Announcer } from './announcer.svelte';

/** Chats on their way into files. */
export class Exports {
  /** All chats are being exported. */
  running = $state.raw(false);
  /** Where the last export went, as a sentence, until it is dismissed. */
  done = $state.raw<string | null>(null);
  /** Why it could not be. */
  problem = $state.raw<string | null>(null);

  readonly #host: Host;
  readonly #announcer: Announcer;

  constructor(host: Host, announcer: Announcer) {
    this.#host = host;
    this.#announcer = announcer;
  }

  /** Asks where to and writes one chat there, also a temporary one. */
  async one(id: string, format: ExportFormat): Promise<void> {
    await this.#try(
      () => this.#host.exportConversation(id, format, exportWords(t.exports.dialog)),
      ({ path }) => t.exports.done(path),
    );
  }

  /** Asks where to and writes every chat but temporary ones there. One such export at a time. */
  async all(format: ExportFormat): Promise<void> {
    if (this.running) return;
    this.running = true;
    await this.#try(
      () => this.#host.exportAll(format, exportWords(t.exports.dialogAll)),
      ({ path, chats }) =>
        t.exports.doneAll(chats === 1 ? t.exports.oneChat : t.exports.chats(count(chats)), path),
    );
    this.running = false;
  }

  async #try(
    ask: () => Promise<Exported | null>,
    words: (exported: Exported) => string,
  ): Promise<void> {
    try {
      const exported = await ask();
      // The person closed the dialog: what is said of an earlier export still holds.
      if (exported === null) return;
      this.problem = null;
      this.done = words(exported);
      this.#announcer.say(this.done);
    } catch (thrown) {
      this.done = null;
      this.problem = reasonOf(thrown);
    }
  }
}
