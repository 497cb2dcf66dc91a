import type { ConnectionLog, Host } from '../ipc/host';
import { reasonOf } from '../strings/problems';

/** How often the log is asked for, in milliseconds: while someone reads it, and for the one line otherwise. */
const READ_EVERY = 3000;
const GLANCE_EVERY = 60_000;

/** What left this computer since the start. */
export class Connections {
  /** `null` until it was asked for. */
  log = $state.raw<ConnectionLog | null>(null);
  /** Why the log could not be had, as a sentence. */
  problem = $state.raw<string | null>(null);
  /** Connections nobody asked for; links handed to the browser and downloads are none. */
  readonly count: number = $derived(
    this.log?.entries.filter(({ kind }) => kind === 'connection').length ?? 0,
  );

  /** Downloads the person asked for. */
  readonly downloads: number = $derived(
    this.log?.entries.filter(({ kind }) => kind === 'download').length ?? 0,
  );

  readonly #host: Host;

  constructor(host: Host) {
    this.#host = host;
  }

  async refresh(): Promise<void> {
    try {
      this.log = await this.#host.connectionLog();
      this.problem = null;
    } catch (thrown) {
      this.problem = reasonOf(thrown);
    }
  }

  /** Keeps the log up to date, closely while it is `read`; returns how to stop. */
  watch(read: boolean): () => void {
    void this.refresh();
    const timer = setInterval(() => void this.refresh(), read ? READ_EVERY : GLANCE_EVERY);
    return () => clearInterval(timer);
  }
}
