import { isolated } from '../direction';
import {
  problemOf,
  type ConversationSummary,
  type Host,
  type ImportKind,
  type ModelEntry,
} from '../ipc/host';
import { t } from '../strings/language.svelte';
import { problemText, reasonOf } from '../strings/problems';

/** The built-in model's id. */
export const GUIDE = 'guide';

/** A model that was dropped on the window. */
export interface DroppedModel {
  path: string;
  name: string;
}

/** What came of something that was done with a model's files. */
interface Verdict {
  model: string;
  good: boolean;
  words: string;
}

/** The models that can be chosen. */
export class Models {
  entries = $state.raw<ModelEntry[]>([]);
  /** A system dialog is open, or a file is being looked at. */
  opening = $state.raw(false);
  /** Something that went wrong, as a sentence. */
  problem = $state.raw<string | null>(null);
  /** It went wrong while a file or folder was opened, not on the list. */
  failedToOpen = $state.raw(false);
  /** Something worth saying that is no problem. */
  note = $state.raw<string | null>(null);
  /** Said beside the model it is about. */
  verdict = $state.raw<Verdict | null>(null);
  /** Models that were dropped and not answered for yet, oldest first. */
  dropped = $state.raw<DroppedModel[]>([]);

  readonly #host: Host;
  /** Models whose work the person ended: what comes of it is no news. */
  readonly #stopped = new Set<string>();

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
  openFrom(kind: ImportKind, copy: boolean, conversation: string | null): Promise<string | null> {
    return this.#open(() => this.#host.importModel(kind, copy), conversation);
  }

  /** Opens the oldest dropped model and chooses it. */
  async openDropped(copy: boolean, conversation: string | null): Promise<string | null> {
    const [model] = this.dropped;
    if (model === undefined) return null;
    this.passOver();
    return this.#open(() => this.#host.importDropped(model.path, copy), conversation);
  }

  /** The oldest dropped model is not wanted. */
  passOver(): void {
    this.dropped = this.dropped.slice(1);
  }

  /** Takes a model off the list; the files go with it where they are Tern's own. */
  async remove(entry: ModelEntry): Promise<boolean> {
    const done = await this.#try(async () => {
      this.entries = await this.#host.removeModel(entry.id);
    });
    if (done) this.note = t.library.removed(isolated(entry.name));
    return done;
  }

  /** Gives back the memory of the loaded model. */
  async unload(): Promise<void> {
    await this.#try(() => this.#host.unloadModel());
  }

  /** Compares a model's files with their checksums. */
  async verify(entry: ModelEntry): Promise<void> {
    this.quiet();
    this.#stopped.delete(entry.id);
    try {
      await this.#host.verifyModel(entry.id);
      this.#say(entry, true, t.library.verified);
    } catch (thrown) {
      this.#say(entry, false, reasonOf(thrown));
    }
  }

  /** Ends verifying, hashing, copying or moving. */
  async stopWork(entry: ModelEntry): Promise<void> {
    this.#stopped.add(entry.id);
    await this.#try(() => this.#host.stopModelWork(entry.id));
  }

  /** The view was closed: what it said is old. */
  quiet(): void {
    this.problem = null;
    this.failedToOpen = false;
    this.note = null;
    this.verdict = null;
  }

  #say(entry: ModelEntry, good: boolean, words: string): void {
    if (!this.#stopped.has(entry.id)) this.verdict = { model: entry.id, good, words };
  }

  async #open(
    open: () => Promise<ModelEntry | null>,
    conversation: string | null,
  ): Promise<string | null> {
    if (this.opening) return null;
    this.opening = true;
    let chosen: string | null = null;
    await this.#try(async () => {
      const entry = await open();
      if (entry === null) return;
      this.entries = await this.#host.selectModel(entry.id, conversation);
      chosen = entry.id;
    });
    this.opening = false;
    this.failedToOpen = this.problem !== null;
    return chosen;
  }

  async #try(command: () => Promise<void>): Promise<boolean> {
    this.quiet();
    try {
      await command();
      return true;
    } catch (thrown) {
      const { detail } = problemOf(thrown);
      // The person stopped it, so it is no news to them.
      if (detail.kind !== 'stopped') this.problem = problemText(detail);
      return false;
    }
  }
}
