/** The fake’s downloads and what it does with model files, in a time of its own. */
import { blankModel } from './fake-blanks';
import { blankDownload } from './fake-catalogue';
import type { Pace } from './fake-engine';
import { refused } from './fake-refusals';
import {
  HostError,
  type AppEvent,
  type Benchmark,
  type Download,
  type ModelEntry,
  type ModelWork,
  type ModelsView,
  type Problem,
  type Setback,
  type Settings,
} from './host';

/** What the downloads need from the fake program around them. */
export interface ModelsWorld {
  emit(event: AppEvent): void;
  entries(): ModelEntry[];
  add(entry: ModelEntry): void;
  settings(): Settings;
}

const TICK_MS = 100;
/** Seconds of the fake's time in a tick. */
const SECONDS: Record<Exclude<Pace, 'manual'>, number> = {
  instant: 1e6,
  fast: 12,
  steady: 4,
  normal: 1,
  slow: 0.1,
};
const BYTES_PER_SECOND = 11_400_000;
const DISK_BYTES_PER_SECOND = 500_000_000;
const WISH = /^[\w.-]+\/[\w.-]+(@[\w.-]+)?(:[\w./-]+)?$/;

interface Work {
  entry: ModelEntry;
  done: (problem: Problem | null) => void;
}

export class FakeModels {
  view: ModelsView;
  /** Where the system's dialog leads. */
  pickedFolder: string | null = '/mnt/large/models';
  /** Models whose files are not what they were. */
  readonly altered = new Set<string>();

  readonly #world: ModelsWorld;
  readonly #pace: Pace;
  #downloads: Download[];
  #works: Work[] = [];
  #timer = false;
  #ids = 0;

  constructor(view: ModelsView, pace: Pace, world: ModelsWorld) {
    this.view = structuredClone(view);
    this.#downloads = this.view.downloads;
    this.#pace = pace;
    this.#world = world;
    this.#schedule();
  }

  // -- what tests may do --

  /** Lets so many seconds pass. */
  advance(seconds: number): void {
    for (const download of [...this.#downloads]) this.#move(download, seconds);
    for (const work of [...this.#works]) this.#go(work, seconds);
    this.#tell();
  }

  /** The newest download is given up. */
  fail(problem: Problem): void {
    this.#change({ state: { kind: 'failed', problem } });
  }

  /** Something comes between the newest download and its end. */
  hold(setback: Setback, seconds: number): void {
    this.#change({ state: { kind: 'waiting', setback, seconds } });
  }

  // -- what the program does --

  get(): ModelsView {
    const entries = this.#world.entries();
    const used = entries.filter(({ owned }) => owned).reduce((sum, { bytes }) => sum + bytes, 0);
    return structuredClone({
      ...this.view,
      downloads: this.#downloads,
      folderUsedBytes: used,
      catalogue: this.view.catalogue.map((entry) => ({
        ...entry,
        installed: entries.find(({ origin }) => origin?.catalogue === entry.id)?.id ?? null,
        download: this.#downloads.find(({ catalogue }) => catalogue === entry.id)?.id ?? null,
      })),
    });
  }

  start(wish: string): Download {
    if (this.#world.settings().offline) {
      throw refused('invalid', { kind: 'offline' });
    }
    const entry = this.view.catalogue.find(({ id }) => id === wish);
    if (entry === undefined && !WISH.test(wish)) {
      throw refused('invalid', { kind: 'badRepo', name: wish });
    }
    const repo = entry?.repo ?? wish.replace(/[@:].*/, '');
    this.#ids += 1;
    const download = {
      ...blankDownload,
      id: `download-${this.#ids}`,
      name: entry?.name ?? repo,
      catalogue: entry?.id ?? null,
      repo,
      host: this.view.host,
    };
    this.#downloads.push(download);
    this.#tell();
    this.#schedule();
    return structuredClone(download);
  }

  pause(id: string): Download[] {
    Object.assign(this.#find(id), {
      state: { kind: 'paused' },
      bytesPerSecond: null,
      secondsLeft: null,
    });
    return this.#tell();
  }

  resume(id: string): Download[] {
    Object.assign(this.#find(id), { state: { kind: 'asking' } });
    this.#schedule();
    return this.#tell();
  }

  cancel(id: string): Download[] {
    this.#downloads = this.#downloads.filter((download) => download.id !== id);
    return this.#tell();
  }

  verify(id: string): Promise<void> {
    const entry = this.#world.entries().find((known) => known.id === id);
    if (entry === undefined) throw refused('notFound', { kind: 'unknownModel', id });
    return this.#work(entry, 'verifying');
  }

  /** Copies a model into Tern's folder. */
  copy(entry: ModelEntry): Promise<void> {
    return this.#work(entry, 'copying');
  }

  stopWork(id: string): void {
    for (const work of this.#works.filter(({ entry }) => entry.id === id)) {
      this.#end(work, refused('busy', { kind: 'stopped' }).problem);
    }
  }

  moveTo(folder: string, move: boolean): ModelsView {
    for (const entry of this.#world.entries()) {
      if (move && entry.owned) entry.path = `${folder}/${entry.name}`;
    }
    this.view.folder = folder;
    this.view.folderFreeBytes = 1.4e12;
    return this.get();
  }

  measured(): Benchmark {
    this.view.benchmark = { readGbS: 28.4, tokensPerSecond: 23.6, threads: 4, at: Date.now() };
    for (const entry of this.view.catalogue) {
      entry.fit = { ...entry.fit, tokensPerSecond: (23.6 * 1.4e9) / entry.memoryBytes };
    }
    return { ...this.view.benchmark };
  }

  // -- inside --

  #move(download: Download, seconds: number): void {
    const { state } = download;
    const entry = this.view.catalogue.find(({ id }) => id === download.catalogue);
    if (state.kind === 'asking') {
      download.totalBytes = entry?.downloadBytes ?? 1_400_000_000;
      download.state = { kind: 'fetching' };
      download.bytesPerSecond = BYTES_PER_SECOND;
      download.secondsLeft = (download.totalBytes - download.doneBytes) / BYTES_PER_SECOND;
    } else if (state.kind === 'fetching') {
      const done = download.doneBytes + BYTES_PER_SECOND * seconds;
      download.doneBytes = Math.min(done, download.totalBytes);
      download.secondsLeft = (download.totalBytes - download.doneBytes) / BYTES_PER_SECOND;
      if (download.doneBytes === download.totalBytes) this.#check(download);
    } else if (state.kind === 'waiting') {
      state.seconds -= seconds;
      if (state.seconds <= 0) download.state = { kind: 'fetching' };
    } else if (state.kind === 'checking') {
      this.#finish(download);
    }
  }

  #check(download: Download): void {
    Object.assign(download, {
      state: { kind: 'checking' },
      bytesPerSecond: null,
      secondsLeft: null,
    });
  }

  #finish(download: Download): void {
    const { id, name, repo, catalogue, totalBytes } = download;
    this.#downloads = this.#downloads.filter((other) => other.id !== id);
    this.#world.add({
      ...blankModel,
      id: `${repo.replace('/', '-').toLowerCase()}-${id}`,
      name,
      path: `${this.view.folder}/${repo}`,
      bytes: totalBytes,
      origin: { repo, revision: '04c3b9ad9361b824064a1f25ea60a8be9599b127', catalogue },
      owned: true,
      recorded: true,
    });
    this.#tellModels();
  }

  #work(entry: ModelEntry, kind: ModelWork['kind']): Promise<void> {
    entry.work = { kind, doneBytes: 0, totalBytes: entry.bytes };
    this.#tellModels();
    return new Promise((resolve, reject) => {
      const done = (problem: Problem | null) =>
        problem === null ? resolve() : reject(new HostError(problem));
      this.#works.push({ entry, done });
      this.#schedule();
    });
  }

  #go(work: Work, seconds: number): void {
    const { entry } = work;
    if (entry.work === null) return;
    const done = entry.work.doneBytes + DISK_BYTES_PER_SECOND * seconds;
    entry.work = { ...entry.work, doneBytes: Math.min(done, entry.work.totalBytes) };
    if (done < entry.work.totalBytes) {
      this.#tellModels();
      return;
    }
    const changed = refused('model', { kind: 'modelFileChanged', file: 'model.safetensors' });
    const altered = entry.work.kind === 'verifying' && this.altered.has(entry.id);
    this.#end(work, altered ? changed.problem : null);
  }

  #end(work: Work, problem: Problem | null): void {
    work.entry.work = null;
    this.#works = this.#works.filter((other) => other !== work);
    this.#tellModels();
    work.done(problem);
  }

  #change(changes: Partial<Download>): void {
    Object.assign(this.#downloads.at(-1) ?? {}, {
      ...changes,
      bytesPerSecond: null,
      secondsLeft: null,
    });
    this.#tell();
  }

  #find(id: string): Download {
    const download = this.#downloads.find((known) => known.id === id);
    if (download === undefined) throw refused('notFound', { kind: 'noDownload' });
    return download;
  }

  #tell(): Download[] {
    const downloads = structuredClone(this.#downloads);
    this.#world.emit({ kind: 'downloadsChanged', downloads });
    return downloads;
  }

  #tellModels(): void {
    this.#world.emit({ kind: 'modelsChanged', models: structuredClone(this.#world.entries()) });
  }

  #schedule(): void {
    if (this.#timer || this.#pace === 'manual') return;
    const moves = ({ state: { kind } }: Download) => kind !== 'paused' && kind !== 'failed';
    if (this.#works.length === 0 && !this.#downloads.some(moves)) return;
    this.#timer = true;
    const seconds = SECONDS[this.#pace];
    setTimeout(() => {
      this.#timer = false;
      this.advance(seconds);
      this.#schedule();
    }, TICK_MS);
  }
}
