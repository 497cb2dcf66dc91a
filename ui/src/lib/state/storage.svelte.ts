import type { Folder, Host, StorageUse } from '../ipc/host';
import { reasonOf } from '../strings/problems';

/** What the chats take on disk, and their backups. */
export class Storage {
  /** `null` until it was asked for. */
  use = $state.raw<StorageUse | null>(null);
  backingUp = $state.raw(false);
  /** What could not be done, as a sentence. */
  problem = $state.raw<string | null>(null);

  readonly #host: Host;

  constructor(host: Host) {
    this.#host = host;
  }

  async refresh(): Promise<void> {
    await this.#try(async () => {
      this.use = await this.#host.storageUse();
    });
  }

  /** True when a backup was made. */
  async backUp(): Promise<boolean> {
    if (this.backingUp) return false;
    this.backingUp = true;
    const made = await this.#try(async () => {
      this.use = await this.#host.backUpNow();
    });
    this.backingUp = false;
    return made;
  }

  /** Shows a folder in the file manager. */
  async open(folder: Folder): Promise<void> {
    await this.#try(() => this.#host.openFolder(folder));
  }

  async #try(command: () => Promise<void>): Promise<boolean> {
    try {
      await command();
      this.problem = null;
      return true;
    } catch (thrown) {
      this.problem = reasonOf(thrown);
      return false;
    }
  }
}
