import { isolated } from '../direction';
import type { ConversationSummary, Host, ModelEntry } from '../ipc/host';
import { t } from '../strings/language.svelte';
import { reasonOf } from '../strings/problems';

/** The built-in model's id. */
export const GUIDE = 'guide';

/** The models that can be chosen. */
export class Models {
  entries = $state.raw<ModelEntry[]>([]);
  /** A system dialog is open, or a file is being looked at. */
  opening = $state.raw(false);
  /** Something that went wrong, as a sentence. */
  problem = $state.raw<string | null>(null);
  /** Something worth saying that is no problem. */
  note = $state.raw<string | null>(null);

  readonly #host: Host;

  constructor(host: Host) {
    this.#host = host;
  }

  /** True when nothing but the Guide is there. */
  get onlyGuide(): boolean {
    return this.entries.every((entry) => entry.id === GUIDE);
  }

  /** The model that answers next in this chat; none when it was taken off the list. */
  of(summary: ConversationSummary | null): ModelEntry | null {
    const found =
      summary === null
        ? this.entries.find((entry) => entry.selected)
        : this.entries.find((entry) => entry.id === summary.model);
    return found ?? null;
  }

  /** Chooses a model for new chats and for this one. */
  async select(model: string, conversation: string | null): Promise<boolean> {
    return this.#try(async () => {
      this.entries = await this.#host.selectModel(model, conversation);
    });
  }

  /** Asks for a file or folder and chooses it. Resolves to its id, or `null` if nothing was chosen. */
  async openFrom(kind: 'file' | 'folder', conversation: string | null): Promise<string | null> {
    if (this.opening) return null;
    this.opening = true;
    let chosen: string | null = null;
    await this.#try(async () => {
      const entry =
        kind === 'file' ? await this.#host.openModelFile() : await this.#host.openModelFolder();
      if (entry === null) return;
      this.entries = await this.#host.selectModel(entry.id, conversation);
      chosen = entry.id;
    });
    this.opening = false;
    return chosen;
  }

  /** Takes a model off the list. Its file stays. */
  async forget(entry: ModelEntry): Promise<void> {
    const done = await this.#try(async () => {
      this.entries = await this.#host.forgetModel(entry.id);
    });
    if (done) this.note = t.models.forgotten(isolated(entry.name));
  }

  /** The picker was closed: what it said is old. */
  quiet(): void {
    this.problem = null;
    this.note = null;
  }

  async #try(command: () => Promise<void>): Promise<boolean> {
    this.quiet();
    try {
      await command();
      return true;
    } catch (thrown) {
      this.problem = reasonOf(thrown);
      return false;
    }
  }
}
