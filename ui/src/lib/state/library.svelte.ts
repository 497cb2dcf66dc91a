import { isolated } from '../direction';
import type {
  CatalogueEntry,
  Download,
  Host,
  ModelEntry,
  ModelsView,
  TokenState,
} from '../ipc/host';
import { t } from '../strings/language.svelte';
import { problemText, reasonOf } from '../strings/problems';
import type { Announcer } from './announcer.svelte';
import type { Models } from './models.svelte';

/** Where something can go wrong: it is said there. A catalogue entry's or a download's id, or a part of the view. */
type Place = 'view' | 'repository' | 'folder' | 'measure' | 'token' | `entry ${string}`;

/** What there is to download, what is being downloaded, and where models are kept. */
export class Library {
  /** `null` until the program was asked. */
  view = $state.raw<ModelsView | null>(null);
  /** Downloads that are not done. */
  downloads = $state.raw<Download[]>([]);
  /** Downloads that were done since the start and not looked at yet, newest last. */
  finished = $state.raw<Download[]>([]);
  /** What went wrong, as sentences. */
  problems = $state.raw<Partial<Record<Place, string>>>({});
  /** Where the token for the hub is; `null` until that was asked. */
  token = $state.raw<TokenState | null>(null);
  measuring = $state.raw(false);
  /** The folder is being chosen, or models are moved. */
  moving = $state.raw(false);

  readonly #host: Host;
  readonly #models: Models;
  readonly #announcer: Announcer;
  /** Every download the program told of. */
  readonly #known = new Set<string>();
  readonly #cancelled = new Set<string>();

  constructor(host: Host, models: Models, announcer: Announcer) {
    this.#host = host;
    this.#models = models;
    this.#announcer = announcer;
  }

  /** The model to begin with. */
  get recommended(): CatalogueEntry | null {
    return this.view?.catalogue.find((entry) => entry.recommended) ?? null;
  }

  /** The download worth a glance: one that is at work, else one that needs something. */
  get glance(): Download | null {
    const rank = ({ state: { kind } }: Download) =>
      kind === 'failed' ? 1 : kind === 'paused' ? 2 : 0;
    return [...this.downloads].sort((a, b) => rank(a) - rank(b))[0] ?? null;
  }

  /** The host bytes come from at this moment. */
  get connectedTo(): string | null {
    const isConnected = ({ state: { kind } }: Download) => kind === 'asking' || kind === 'fetching';
    return this.downloads.find(isConnected)?.host ?? null;
  }

  downloadOf(entry: CatalogueEntry): Download | null {
    return this.downloads.find(({ catalogue }) => catalogue === entry.id) ?? null;
  }

  installedOf(entry: CatalogueEntry): ModelEntry | null {
    const { entries } = this.#models;
    const found =
      entries.find(({ origin }) => origin?.catalogue === entry.id) ??
      entries.find(({ id }) => id === entry.installed);
    return found ?? null;
  }

  /** The model a finished download became. */
  modelOf({ repo, catalogue }: Download): ModelEntry | null {
    const became = ({ origin }: ModelEntry) =>
      origin?.repo === repo && origin.catalogue === catalogue;
    return this.#models.entries.findLast(became) ?? null;
  }

  async refresh(): Promise<void> {
    await this.#try('view', async () => this.#show(await this.#host.modelsView()));
  }

  /** All downloads, as the program tells them. One that is gone and was not cancelled is done. */
  take(downloads: Download[]): void {
    const before = new Map(this.downloads.map((download) => [download.id, download]));
    this.downloads = downloads;
    for (const download of downloads) {
      const { id, name, state } = download;
      this.#known.add(id);
      if (!before.has(id)) this.#beginAnew(id);
      if (state.kind === 'failed' && before.get(id)?.state.kind !== 'failed') {
        const why = problemText(state.problem.detail);
        this.#announcer.say(t.downloads.failed(isolated(name), why));
      }
      before.delete(id);
    }
    const done = [...before.values()].filter(({ id }) => !this.#cancelled.has(id));
    if (done.length === 0) return;
    this.finished = [...this.finished, ...done];
    for (const { name } of done) this.#announcer.say(t.downloads.finished(isolated(name)));
    void this.refresh();
  }

  /** Begins a download of the catalogue; true when it began. */
  download(entry: CatalogueEntry): Promise<boolean> {
    return this.#start(`entry ${entry.id}`, entry.id);
  }

  /** Begins a download of any repository; true when it began. */
  downloadRepository(wish: string): Promise<boolean> {
    return this.#start('repository', wish);
  }

  async pause({ id }: Download): Promise<void> {
    await this.#try(`entry ${id}`, async () => this.#answer(await this.#host.pauseDownload(id)));
  }

  /** Goes on with a download that was paused or given up. */
  async resume({ id }: Download): Promise<void> {
    await this.#try(`entry ${id}`, async () => this.#answer(await this.#host.resumeDownload(id)));
  }

  /** Ends a download; what is there of it is deleted. True when it was ended. */
  async cancel({ id }: Download): Promise<boolean> {
    this.#cancelled.add(id);
    const done = await this.#try(`entry ${id}`, async () =>
      this.#answer(await this.#host.cancelDownload(id)),
    );
    if (!done) this.#cancelled.delete(id);
    return done;
  }

  /** A finished download was taken note of, and with it those before. */
  dismiss(download: Download): void {
    this.finished = this.finished.slice(this.finished.indexOf(download) + 1);
  }

  async chooseFolder(move: boolean): Promise<void> {
    if (this.moving) return;
    this.moving = true;
    await this.#try('folder', async () => {
      const view = await this.#host.chooseModelsFolder(move);
      if (view !== null) this.#show(view);
    });
    this.moving = false;
  }

  async measure(): Promise<void> {
    if (this.measuring) return;
    this.measuring = true;
    const done = await this.#try('measure', async () => {
      const benchmark = await this.#host.runBenchmark();
      if (this.view !== null) this.view = { ...this.view, benchmark };
    });
    this.measuring = false;
    // What models would do here is known better now.
    if (done) await this.refresh();
  }

  /** Asks where the token is; a keyring that is locked may ask the person. */
  async lookForToken(): Promise<void> {
    await this.#try('token', async () => {
      this.token = await this.#host.tokenState();
    });
  }

  /** Keeps a token, or takes it out with `null`; true when it was done. */
  setToken(token: string | null): Promise<boolean> {
    return this.#try('token', async () => {
      this.token = await this.#host.setToken(token);
    });
  }

  /** What went wrong in a place was read. */
  quiet(place: Place): void {
    if (this.problems[place] !== undefined)
      this.problems = { ...this.problems, [place]: undefined };
  }

  /** What became of an earlier download of the same model is old. */
  #beginAnew(id: string): void {
    this.#cancelled.delete(id);
    this.finished = this.finished.filter((download) => download.id !== id);
  }

  #show(view: ModelsView): void {
    if (this.view === null) {
      // What was done before there was a window to see it.
      const seen = new Set([...this.finished, ...this.downloads].map(({ id }) => id));
      this.finished = [...view.finished.filter(({ id }) => !seen.has(id)), ...this.finished];
      // From the first event on, events know better: an answer may be older than one.
      if (this.#known.size === 0) this.take(view.downloads);
    }
    this.view = view;
  }

  /** What a command answered. Others may have come or gone since; events tell of them. */
  #answer(downloads: Download[]): void {
    const fresh = new Map(downloads.map((download) => [download.id, download]));
    this.downloads = this.downloads
      .filter(({ id }) => !this.#cancelled.has(id))
      .map((download) => fresh.get(download.id) ?? download);
  }

  #start(place: Place, wish: string): Promise<boolean> {
    return this.#try(place, async () => {
      const download = await this.#host.startDownload(wish);
      // Events may have told of it already, even of its end.
      if (!this.#known.has(download.id)) this.take([...this.downloads, download]);
    });
  }

  async #try(place: Place, command: () => Promise<void>): Promise<boolean> {
    try {
      await command();
      this.quiet(place);
      return true;
    } catch (thrown) {
      this.problems = { ...this.problems, [place]: reasonOf(thrown) };
      return false;
    }
  }
}
