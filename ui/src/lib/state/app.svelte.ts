import { createContext } from 'svelte';
import { actFromOutside } from '../actions';
import {
  problemOf,
  type AppEvent,
  type DesktopWords,
  type Host,
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

  /** Asks for a model's file or folder and chooses it; true when one was opened. */
  async openModel(kind: 'file' | 'folder'): Promise<boolean> {
    const { id } = this.chats.current;
    const model = await this.models.openFrom(kind, id);
    if (model !== null && id !== null) this.chats.setModel(id, model);
    return model !== null;
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
