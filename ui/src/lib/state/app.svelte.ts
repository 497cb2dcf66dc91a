import { createContext } from 'svelte';
import { actFromOutside } from '../actions';
import {
  problemOf,
  type AppEvent,
  type DesktopWords,
  type Host,
  type ImportKind,
  type ModelPrompt,
  type Platform,
  type Problem,
  type ProblemDetail,
  type Status,
} from '../ipc/host';
import { problemText } from '../strings/problems';
import { Announcer } from './announcer.svelte';
import { Chats } from './chats.svelte';
import { Connections } from './connections.svelte';
import { ContextDial } from './context.svelte';
import { Exports } from './exports.svelte';
import { Find } from './find.svelte';
import { Library } from './library.svelte';
import { MessageSearch } from './message-search.svelte';
import { Models } from './models.svelte';
import { SettingsState } from './settings.svelte';
import { Shell } from './shell.svelte';
import { Speech } from './speech.svelte';
import { Storage } from './storage.svelte';

/** Everything the window shows. */
export class App {
  #problem = $state.raw<ProblemDetail | string | null>(null);
  stage = $state.raw<'starting' | 'ready' | 'problem'>('starting');
  /** Why the chats could not be opened. */
  startupProblem = $state.raw<Problem | null>(null);
  version = $state.raw('');
  dataDir = $state.raw('');
  status = $state.raw<Status | null>(null);
  platform = $state.raw<Platform>({ system: 'linux', tray: false, globalKeys: false });

  readonly chats: Chats;
  readonly models: Models;
  readonly library: Library;
  readonly settings: SettingsState;
  readonly connections: Connections;
  readonly context: ContextDial;
  readonly storage: Storage;
  readonly exports: Exports;
  readonly shell = new Shell();
  readonly announcer = new Announcer();
  readonly speech = new Speech();
  readonly find = new Find(this.announcer);

  readonly #host: Host;
  #listening = false;
  /** Events that came before the first state they belong to. */
  #early: AppEvent[] = [];

  constructor(host: Host) {
    this.#host = host;
    this.chats = new Chats(host);
    this.models = new Models(host);
    this.library = new Library(host, this.models, this.announcer);
    this.settings = new SettingsState(host);
    this.connections = new Connections(host);
    this.context = new ContextDial(host);
    this.storage = new Storage(host);
    this.exports = new Exports(host, this.announcer);
  }

  /** Something that went wrong outside a command; facts become a sentence while it is drawn. */
  get problem(): string | null {
    return typeof this.#problem === 'object' && this.#problem !== null
      ? problemText(this.#problem)
      : this.#problem;
  }

  set problem(problem: ProblemDetail | string | null) {
    this.#problem = problem;
  }

  /** Opens the program's data; also the Retry after a problem. */
  async start(): Promise<void> {
    this.stage = 'starting';
    try {
      if (!this.#listening) {
        await this.#host.onEvent((event) => this.#receive(event));
        this.#listening = true;
      }
      const startup = await this.#host.startup();
      this.version = startup.version;
      this.dataDir = startup.dataDir;
      this.platform = startup.platform;
      this.settings.set(startup.settings);
      if (startup.problem !== null) {
        this.#fail(startup.problem);
        return;
      }
      this.models.entries = startup.models;
      this.chats.set(startup.conversations);
      this.chats.restoreDraft(startup.draft);
      this.status = startup.status;
      this.startupProblem = null;
      this.stage = 'ready';
      const early = this.#early;
      this.#early = [];
      for (const event of early) this.#receive(event);
      void this.library.refresh();
    } catch (thrown) {
      this.#fail(problemOf(thrown));
    }
  }

  /** Chooses a model for new chats and the open one. */
  async selectModel(model: string): Promise<void> {
    const { id } = this.chats.current;
    const chosen = await this.models.select(model, id);
    if (chosen && id !== null) this.chats.setModel(id, model);
  }

  /** The same for a model that was just downloaded: nothing is left to say about it. */
  async useModel(model: string): Promise<void> {
    await this.selectModel(model);
    if (this.models.problem !== null) {
      this.report(this.models.problem);
      return;
    }
    this.library.finished = this.library.finished.filter(
      (download) => this.library.modelOf(download)?.id !== model,
    );
    this.shell.focusComposer();
  }

  /** Asks for a model's file or folder and chooses it; true when one was opened. */
  openModel(kind: ImportKind, copy = false): Promise<boolean> {
    return this.#chooseOpened((chat) => this.models.openFrom(kind, copy, chat));
  }

  /** Opens the model that was dropped on the window and chooses it. */
  async openDropped(copy: boolean): Promise<void> {
    const opened = await this.#chooseOpened((chat) => this.models.openDropped(copy, chat));
    if (opened) return;
    this.report(this.models.problem);
    this.models.quiet();
  }

  /** Shows what the settings ask for outside the page: menu bar, tray, keys heard everywhere. */
  async arrangeDesktop(words: DesktopWords): Promise<void> {
    try {
      const [problem] = await this.#host.arrangeDesktop(words);
      if (problem !== undefined) this.problem = problem;
    } catch (thrown) {
      this.problem = problemOf(thrown).detail;
    }
  }

  /** A search through all messages. */
  messageSearch(): MessageSearch {
    return new MessageSearch(this.#host);
  }

  /** The exact text the model read before it wrote an answer. */
  modelPrompt(message: string): Promise<ModelPrompt> {
    return this.#host.modelPrompt(message);
  }

  /** Says what went wrong above the chat, where the view that usually says it is not open. */
  report(message: string | null): void {
    if (message !== null) this.problem = message;
  }

  async openLink(url: string): Promise<void> {
    await this.#host.openLink(url);
  }

  async #chooseOpened(open: (chat: string | null) => Promise<string | null>): Promise<boolean> {
    const { id } = this.chats.current;
    const model = await open(id);
    if (model !== null && id !== null) this.chats.setModel(id, model);
    return model !== null;
  }

  #fail(problem: Problem): void {
    this.startupProblem = problem;
    this.stage = 'problem';
  }

  #receive(event: AppEvent): void {
    if (this.stage !== 'ready') {
      this.#early.push(event);
      return;
    }
    switch (event.kind) {
      case 'textDelta':
      case 'phaseChanged':
      case 'answerFinished':
        this.chats.apply(event);
        break;
      case 'conversationChanged':
        this.chats.upsert(event.summary);
        break;
      case 'modelsChanged':
        this.models.entries = event.models;
        break;
      case 'downloadsChanged':
        this.library.take(event.downloads);
        break;
      case 'modelDropped':
        this.shell.filesHeld = false;
        this.models.dropped = [...this.models.dropped, { path: event.path, name: event.name }];
        break;
      case 'statusChanged':
        this.status = event.status;
        break;
      case 'actionChosen':
        actFromOutside(event.action, this);
        break;
      case 'filesHeld':
        this.shell.filesHeld = event.over;
        break;
      case 'filesDropped':
        this.shell.filesHeld = false;
        this.chats.current.draft.attach(event.files);
        this.shell.focusComposer();
        break;
      case 'problemOccurred':
        this.problem = event.problem.detail;
        break;
    }
  }
}

export const [useApp, provideApp] = createContext<App>();
