/**
 * A believable program for a plain browser: the dev server and the browser tests. In memory,
 * deterministic, steered by the address:
 *
 * - `?fake=` a scenario of fake-scenarios.ts (`chats` if not given)
 * - `?pace=` `instant`, `fast`, `steady` (60 pieces a second), `normal`, `slow`, or `manual` (only
 *   `ternFake.step()` moves)
 *
 * Tests reach it as `window.ternFake`.
 *
 * Longer than 300 lines, because it answers every command of the door in one place.
 */
import { beginning } from '../graphemes';
import { piecesOf } from './fake-answers';
import { blankMessage, blankModel, blankSummary, blankView } from './fake-blanks';
import { FakeConnections, promptOf } from './fake-knowing';
import { contextUse } from './fake-context';
import { FakeDrafts } from './fake-drafts';
import { FakeEngine, type EngineWorld, type Pace } from './fake-engine';
import { FakeModels } from './fake-models';
import { problemFrom, refused, type Refusal } from './fake-refusals';
import { scenario, type Scenario } from './fake-scenarios';
import { searchChats } from './fake-search';
import { FakeStorage } from './fake-storage';
import { FakeTree } from './fake-tree';
import {
  HostError,
  type AppEvent,
  type Attachment,
  type Benchmark,
  type ChatOptions,
  type ConnectionLog,
  type ContextUse,
  type ConversationSummary,
  type ConversationView,
  type DesktopWords,
  type Download,
  type Draft,
  type ExportFormat,
  type ExportWords,
  type Exported,
  type Folder,
  type Host,
  type ImportKind,
  type MessageView,
  type ModelEntry,
  type ModelPrompt,
  type ModelsView,
  type Problem,
  type ProblemDetail,
  type Question,
  type ReadFile,
  type SearchHit,
  type Sent,
  type Settings,
  type Startup,
  type StorageUse,
  type TokenState,
} from './host';

type Command = keyof Omit<Host, 'onEvent'>;

interface FakeChat extends ConversationView {
  deleted: boolean;
}

export class FakeHost implements Host {
  /** Every command with its arguments, oldest first. */
  readonly calls: { command: Command; args: unknown[] }[] = [];
  /** The models’ context. */
  contextTokens = 4096;
  /** Commands that are not answered yet. */
  inFlight = 0;
  readonly engine: FakeEngine;
  readonly connections = new FakeConnections();
  readonly drafts: FakeDrafts;
  readonly storage = new FakeStorage();
  readonly models: FakeModels;

  readonly #trees = new Map<ConversationView, FakeTree>();
  #chats: FakeChat[];
  #models: ModelEntry[];
  #settings: Settings;
  #scenario: Scenario;
  #token: TokenState;
  #listeners = new Set<(event: AppEvent) => void>();
  /** Commands to refuse, once each. */
  #refusals = new Map<Command, Problem>();
  /** Commands that take a while, in milliseconds. */
  #delays = new Map<Command, number>();
  #startups = 0;
  #ids = 0;

  constructor(scene: Scenario, pace: Pace) {
    this.#scenario = scene;
    this.#token = scene.token;
    this.#chats = scene.conversations.map((view) => ({ ...view, deleted: false }));
    this.#models = scene.models;
    this.#settings = scene.settings;
    this.drafts = new FakeDrafts(scene.draftsOutlive);
    const world: EngineWorld = {
      emit: (event) => this.emit(event),
      changed: (summary) => this.emit({ kind: 'conversationChanged', summary: { ...summary } }),
      model: (id) => this.#models.find((model) => model.id === id),
      modelsChanged: () => this.emit({ kind: 'modelsChanged', models: this.#copyModels() }),
      sampling: (chat) => chat.options.sampling ?? this.#settings.sampling,
    };
    const loaded = this.#models.findLast(({ state }) => state === 'ready');
    this.engine = new FakeEngine(pace, world, loaded);
    this.models = new FakeModels(scene.library, pace, {
      emit: (event) => this.emit(event),
      entries: () => this.#models,
      add: (entry) => void this.#models.push(entry),
      settings: () => this.#settings,
    });
    for (const { conversation, message } of scene.running) {
      const chat = this.#chat(conversation);
      const answer = chat.messages.find((known) => known.id === message);
      if (answer !== undefined) this.engine.start(chat, answer);
    }
  }

  // -- what tests may do --

  emit(event: AppEvent): void {
    for (const listener of this.#listeners) listener(structuredClone(event));
  }

  /** Makes the next call of `command` fail. */
  refuse(command: Command, refusal: Refusal): void {
    this.#refusals.set(command, problemFrom(refusal));
  }

  /** Makes every call of `command` take a while. */
  delay(command: Command, ms: number): void {
    this.#delays.set(command, ms);
  }

  /** Moves a `manual` engine on. */
  step(steps = 1): void {
    this.engine.step(steps);
  }

  /** A chat with one question and this answer, at the top of the list. */
  put(title: string, question: string, answer: string, more: Partial<MessageView> = {}): void {
    this.putChat(title, [
      { role: 'user', text: question },
      { role: 'assistant', text: answer, ...more },
    ]);
  }

  /** A chat with these messages, at the top of the list. What is changed in it, the program knows. */
  putChat(title: string, messages: readonly Partial<MessageView>[]): ConversationView {
    const chat = this.#newChat(title, Date.now());
    const model = this.#models.find((entry) => entry.id === chat.summary.model);
    for (const { role = 'assistant', text = '', ...more } of messages) {
      const name = role === 'assistant' ? (model?.name ?? null) : null;
      chat.messages.push({ ...this.#message(role, text, name), ...more });
    }
    this.emit({ kind: 'conversationChanged', summary: chat.summary });
    return chat;
  }

  /** Files that went along with a question. */
  attach(question: string, attachments: Attachment[]): void {
    for (const message of this.#chats.flatMap((chat) => chat.messages)) {
      if (message.text === question) message.attachments = attachments;
    }
  }

  /** A chat whose answer to `question` is being written, with so many characters of it there already. */
  putWriting(title: string, question: string, characters: number): void {
    const chat = this.#newChat(title, Date.now());
    chat.messages.push(this.#message('user', question, null));
    const answer = this.#startAnswer(chat, chat.messages);
    for (const piece of piecesOf(question, chat.summary.model === 'guide')) {
      if (answer.text.length >= characters) break;
      answer.text += piece;
      answer.nextSeq += 1;
    }
  }

  // -- what the UI may do --

  async startup(): Promise<Startup> {
    await this.#command('startup');
    this.#startups += 1;
    if (this.#scenario.startupMs > 0) await wait(this.#scenario.startupMs);
    const failed = this.#startups <= this.#scenario.failedStartups;
    return {
      version: '0.1.0',
      dataDir: this.#scenario.dataDir,
      problem: failed ? this.#scenario.startupProblem : null,
      settings: { ...this.#settings },
      models: failed ? [] : this.#copyModels(),
      conversations: failed
        ? []
        : structuredClone(this.#chats.filter((chat) => !chat.deleted).map((chat) => chat.summary)),
      status: this.engine.status(),
      draft: this.drafts.of(null),
      platform: this.#scenario.platform,
    };
  }

  async openConversation(conversation: string, message: string | null): Promise<ConversationView> {
    await this.#command('openConversation', conversation, message);
    const chat = this.#chat(conversation);
    if (message !== null) this.#tree(chat).show(message);
    return { ...this.#view(chat), draft: this.drafts.of(conversation) };
  }

  async sendMessage(
    conversation: string | null,
    { text, attachments }: Question,
    temporary: boolean,
    options: ChatOptions | null,
  ): Promise<Sent> {
    await this.#command('sendMessage', conversation, { text, attachments }, temporary, options);
    if (text.trim() === '' && attachments.length === 0) {
      throw refused('invalid', { kind: 'emptyMessage' });
    }
    const title = titleOf(text || (attachments[0]?.name ?? ''));
    const chat =
      conversation === null ? this.#newChat(title, Date.now()) : this.#chat(conversation);
    if (conversation === null) {
      chat.summary.temporary = temporary;
      if (options !== null) chat.options = options;
    }
    this.#notWriting(chat);
    const question = { ...this.#message('user', text, null), attachments };
    return this.#sent(chat, question, this.#startAnswer(chat, [...chat.messages, question]));
  }

  async editQuestion(message: string, question: Question): Promise<Sent> {
    await this.#command('editQuestion', message, question);
    const { chat, at } = this.#idle(message);
    const asked = { ...this.#message('user', question.text, null), ...question };
    return this.#sent(chat, asked, this.#startAnswer(chat, [...chat.messages.slice(0, at), asked]));
  }

  async retryAnswer(message: string): Promise<Sent> {
    await this.#command('retryAnswer', message);
    const { chat, at } = this.#idle(message);
    const question = chat.messages[at - 1];
    if (question === undefined) throw refused('invalid', { kind: 'notAnAnswer' });
    return this.#sent(chat, question, this.#startAnswer(chat, chat.messages.slice(0, at)));
  }

  async continueAnswer(message: string): Promise<Sent> {
    await this.#command('continueAnswer', message);
    const { chat, at } = this.#idle(message);
    const question = chat.messages[at - 1];
    const answer = chat.messages[at];
    if (question === undefined || answer === undefined || at + 1 < chat.messages.length) {
      throw refused('invalid', { kind: 'notLast' });
    }
    Object.assign(answer, { state: 'writing', stats: null, error: null });
    this.engine.start(chat, answer);
    return this.#sent(chat, question, answer);
  }

  async editAnswer(message: string, text: string): Promise<MessageView> {
    await this.#command('editAnswer', message, text);
    const { chat, at } = this.#idle(message);
    const answer = chat.messages[at];
    Object.assign(answer ?? {}, { text, edited: true });
    return structuredClone(answer ?? blankMessage);
  }

  async deleteMessage(message: string): Promise<ConversationView> {
    await this.#command('deleteMessage', message);
    const { chat } = this.#idle(message);
    this.#tree(chat).delete(message);
    return this.#view(chat);
  }

  async restoreMessage(message: string): Promise<ConversationView> {
    await this.#command('restoreMessage', message);
    const { chat } = this.#idle(message);
    this.#tree(chat).restore(message);
    return this.#view(chat);
  }

  async showVersion(message: string): Promise<ConversationView> {
    await this.#command('showVersion', message);
    const { chat } = this.#idle(message);
    this.#tree(chat).show(message);
    return this.#view(chat);
  }

  async pinMessage(message: string, pinned: boolean): Promise<void> {
    await this.#command('pinMessage', message, pinned);
    const { chat, at } = this.#idle(message);
    Object.assign(chat.messages[at] ?? {}, { pinned });
  }

  async branchOff(message: string, title: string): Promise<ConversationView> {
    await this.#command('branchOff', message, title);
    const { chat } = this.#idle(message);
    const made = this.#newChat(title, Date.now());
    made.summary.model = chat.summary.model;
    made.messages = this.#tree(chat)
      .pathTo(message)
      .map((copied) => ({ ...copied, id: this.#id(copied.role) }));
    return this.#view(made);
  }

  async stopGeneration(conversation: string): Promise<void> {
    await this.#command('stopGeneration', conversation);
    this.engine.stop(conversation);
  }

  async renameConversation(conversation: string, title: string): Promise<ConversationSummary> {
    await this.#command('renameConversation', conversation, title);
    const chat = this.#chat(conversation);
    chat.summary.title = title.trim();
    return { ...chat.summary };
  }

  async pinConversation(conversation: string, pinned: boolean): Promise<ConversationSummary> {
    await this.#command('pinConversation', conversation, pinned);
    const { summary } = this.#chat(conversation);
    summary.pinned = pinned;
    return { ...summary };
  }

  async archiveConversation(conversation: string, archived: boolean): Promise<ConversationSummary> {
    await this.#command('archiveConversation', conversation, archived);
    const { summary } = this.#chat(conversation);
    summary.archived = archived;
    return { ...summary };
  }

  async duplicateConversation(conversation: string, title: string): Promise<ConversationSummary> {
    await this.#command('duplicateConversation', conversation, title);
    const { messages, options } = structuredClone(this.#chat(conversation));
    const copy = this.#newChat(title, Date.now());
    copy.options = options;
    copy.messages = messages.map((message) => ({ ...message, id: this.#id(message.role) }));
    return { ...copy.summary };
  }

  async deleteConversations(conversations: string[]): Promise<void> {
    await this.#command('deleteConversations', conversations);
    for (const chat of this.#chats.filter(({ summary }) => conversations.includes(summary.id))) {
      this.engine.stop(chat.summary.id);
      chat.deleted = true;
    }
  }

  async restoreConversations(conversations: string[]): Promise<ConversationSummary[]> {
    await this.#command('restoreConversations', conversations);
    const chats = this.#chats.filter(({ summary }) => conversations.includes(summary.id));
    for (const chat of chats) chat.deleted = false;
    return structuredClone(chats.map(({ summary }) => summary));
  }

  async search(query: string): Promise<SearchHit[]> {
    await this.#command('search', query);
    return searchChats(
      this.#chats.filter(({ deleted }) => !deleted),
      query,
    );
  }

  async saveDraft(conversation: string | null, draft: Draft | null): Promise<void> {
    await this.#command('saveDraft', conversation, draft);
    if (conversation !== null) this.#chat(conversation);
    this.drafts.save(conversation, draft);
  }

  async contextUse(
    conversation: string | null,
    question: Question,
    options: ChatOptions | null,
  ): Promise<ContextUse> {
    await this.#command('contextUse', conversation, question, options);
    const messages = conversation === null ? [] : this.#chat(conversation).messages;
    return contextUse(messages, question, this.contextTokens);
  }

  async attachFiles(): Promise<ReadFile[]> {
    await this.#command('attachFiles');
    return structuredClone(this.#scenario.pickedAttachments);
  }

  async setSettings(settings: Settings): Promise<Settings> {
    await this.#command('setSettings', settings);
    this.#settings = { ...settings };
    return { ...settings };
  }

  async selectModel(model: string, conversation: string | null): Promise<ModelEntry[]> {
    await this.#command('selectModel', model, conversation);
    const chosen = this.#models.find(({ id }) => id === model);
    if (chosen === undefined) throw refused('model', { kind: 'unknownModel', id: model });
    for (const entry of this.#models) entry.selected = entry === chosen;
    if (conversation !== null) this.#chat(conversation).summary.model = model;
    return this.#copyModels();
  }

  async removeModel(model: string): Promise<ModelEntry[]> {
    await this.#command('removeModel', model);
    const removed = this.#models.find(({ id }) => id === model);
    this.#models = this.#models.filter((entry) => entry !== removed);
    const [first] = this.#models;
    if (removed?.selected && first !== undefined) first.selected = true;
    return this.#copyModels();
  }

  async exportConversation(
    conversation: string,
    format: ExportFormat,
    words: ExportWords,
  ): Promise<Exported | null> {
    await this.#command('exportConversation', conversation, format, words);
    return this.storage.exportOne(this.#chat(conversation).summary, format);
  }

  async exportAll(format: ExportFormat, words: ExportWords): Promise<Exported | null> {
    await this.#command('exportAll', format, words);
    const chats = this.#chats.filter(({ deleted }) => !deleted);
    const rows = chats.map(({ summary }) => summary);
    return this.storage.exportAll(rows, format, words.all);
  }

  async storageUse(): Promise<StorageUse> {
    await this.#command('storageUse');
    return this.storage.use();
  }

  async backUpNow(): Promise<StorageUse> {
    await this.#command('backUpNow');
    return this.storage.backUp();
  }

  async openFolder(folder: Folder): Promise<void> {
    await this.#command('openFolder', folder);
    this.storage.shown.push(folder);
  }

  async unloadModel(): Promise<void> {
    await this.#command('unloadModel');
    this.engine.unload();
  }

  async importModel(kind: ImportKind, copy: boolean): Promise<ModelEntry | null> {
    await this.#command('importModel', kind, copy);
    const picked = kind === 'file' ? this.#scenario.pickedFile : this.#scenario.pickedFolder;
    return picked === null ? null : this.#add(picked, copy);
  }

  async importDropped(path: string, copy: boolean): Promise<ModelEntry> {
    await this.#command('importDropped', path, copy);
    const name = path.replace(/.*\//, '').replace(/\.gguf$/, '');
    return this.#add({ ...blankModel, id: `dropped-${name}`, name, path, bytes: 612e6 }, copy);
  }

  async verifyModel(model: string): Promise<void> {
    await this.#command('verifyModel', model);
    await this.models.verify(model);
  }

  async stopModelWork(model: string): Promise<void> {
    await this.#command('stopModelWork', model);
    this.models.stopWork(model);
  }

  async modelsView(): Promise<ModelsView> {
    await this.#command('modelsView');
    const { libraryProblem } = this.#scenario;
    if (libraryProblem !== null) throw new HostError(libraryProblem);
    return this.models.get();
  }

  async chooseModelsFolder(move: boolean): Promise<ModelsView | null> {
    await this.#command('chooseModelsFolder', move);
    const { pickedFolder } = this.models;
    return pickedFolder === null ? null : this.models.moveTo(pickedFolder, move);
  }

  async runBenchmark(): Promise<Benchmark> {
    await this.#command('runBenchmark');
    return this.models.measured();
  }

  async tokenState(): Promise<TokenState> {
    await this.#command('tokenState');
    return this.#token;
  }

  async setToken(token: string | null): Promise<TokenState> {
    await this.#command('setToken', token);
    this.#token = token === null ? 'missing' : 'kept';
    return this.#token;
  }

  async startDownload(wish: string): Promise<Download> {
    await this.#command('startDownload', wish);
    return this.models.start(wish);
  }

  async pauseDownload(download: string): Promise<Download[]> {
    await this.#command('pauseDownload', download);
    return this.models.pause(download);
  }

  async resumeDownload(download: string): Promise<Download[]> {
    await this.#command('resumeDownload', download);
    return this.models.resume(download);
  }

  async cancelDownload(download: string): Promise<Download[]> {
    await this.#command('cancelDownload', download);
    return this.models.cancel(download);
  }

  async openLink(url: string): Promise<void> {
    await this.#command('openLink', url);
    this.connections.add('link', url);
  }

  async arrangeDesktop(words: DesktopWords): Promise<ProblemDetail[]> {
    await this.#command('arrangeDesktop', words);
    return [];
  }

  async onEvent(listener: (event: AppEvent) => void): Promise<() => void> {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async setChatOptions(conversation: string, options: ChatOptions): Promise<void> {
    await this.#command('setChatOptions', conversation, options);
    this.#chat(conversation).options = options;
  }

  async summariseConversation(conversation: string, title: string, request: string): Promise<Sent> {
    await this.#command('summariseConversation', conversation, title, request);
    const text = this.#chat(conversation).messages.map((message) => message.text);
    const chat = this.#newChat(title, Date.now());
    const question = this.#message('user', request, null);
    question.attachments = [{ name: `${title}.md`, text: text.join('\n\n') }];
    const answer = this.#startAnswer(chat, [question]);
    return structuredClone({ conversation: chat.summary, question, answer });
  }

  async modelPrompt(message: string): Promise<ModelPrompt> {
    await this.#command('modelPrompt', message);
    const chat = this.#chats.find(({ messages }) => messages.some(({ id }) => id === message));
    if (chat === undefined) throw refused('notFound', { kind: 'noAnswer' });
    return promptOf(chat, message, chat.options.systemPrompt ?? this.#settings.systemPrompt);
  }

  async connectionLog(): Promise<ConnectionLog> {
    await this.#command('connectionLog');
    return this.connections.read();
  }

  // -- inside --

  async #command(command: Command, ...args: unknown[]): Promise<void> {
    this.calls.push({ command, args });
    // The program's JSON reader takes no half of a surrogate pair.
    if (!isWellFormed(args)) {
      throw refused('internal', {
        kind: 'defect',
        detail: 'lone leading surrogate in hex escape',
      });
    }
    this.inFlight += 1;
    await wait(this.#delays.get(command) ?? 0);
    this.inFlight -= 1;
    const problem = this.#refusals.get(command);
    if (problem !== undefined) {
      this.#refusals.delete(command);
      throw new HostError(problem);
    }
  }

  #chat(id: string): FakeChat {
    const chat = this.#chats.find(({ summary, deleted }) => summary.id === id && !deleted);
    if (chat === undefined) throw refused('notFound', { kind: 'noChat' });
    return chat;
  }

  #tree(chat: FakeChat): FakeTree {
    const known = this.#trees.get(chat);
    known?.grow();
    const tree = known ?? new FakeTree(chat);
    this.#trees.set(chat, tree);
    return tree;
  }

  #view(chat: FakeChat): ConversationView {
    this.#tree(chat);
    const { summary, messages, options, draft } = chat;
    return structuredClone({ summary, messages, options, draft });
  }

  #sent(chat: FakeChat, question: MessageView, answer: MessageView): Sent {
    this.#tree(chat);
    return structuredClone({ conversation: chat.summary, question, answer });
  }

  /** The chat of a message in which nothing is being written, and the message's place in it. */
  #idle(message: string): { chat: FakeChat; at: number } {
    const chat = this.#chats.find((known) => this.#tree(known).has(message));
    if (chat === undefined) throw refused('notFound', { kind: 'noMessage' });
    this.#notWriting(chat);
    return { chat, at: chat.messages.findIndex(({ id }) => id === message) };
  }

  #notWriting(chat: FakeChat): void {
    if (chat.summary.generating) {
      throw refused('busy', { kind: 'busy' });
    }
  }

  #newChat(title: string, at: number): FakeChat {
    const chat: FakeChat = {
      ...blankView,
      summary: {
        ...blankSummary,
        id: this.#id('chat'),
        title,
        createdAt: at,
        updatedAt: at,
        model: this.#models.find(({ selected }) => selected)?.id ?? 'guide',
      },
      messages: [],
      deleted: false,
    };
    this.#chats.unshift(chat);
    return chat;
  }

  #startAnswer(chat: FakeChat, before: MessageView[]): MessageView {
    const model = this.#models.find(({ id }) => id === chat.summary.model);
    if (model === undefined) {
      throw refused('model', { kind: 'unknownModel', id: chat.summary.model });
    }
    if (model.state === 'missing') {
      const { name, path } = model;
      throw refused('model', { kind: 'modelMissing', name, path: path ?? '' });
    }
    const answer = this.#message('assistant', '', model.name);
    answer.state = 'writing';
    this.#tree(chat);
    chat.messages = [...before, answer];
    chat.summary.updatedAt = Date.now();
    this.engine.start(chat, answer);
    return answer;
  }

  #message(role: MessageView['role'], text: string, modelName: string | null): MessageView {
    return { ...blankMessage, id: this.#id(role), role, text, createdAt: Date.now(), modelName };
  }

  async #add(picked: ModelEntry | Problem, copy: boolean): Promise<ModelEntry> {
    if ('code' in picked) throw new HostError(picked);
    const known = this.#models.find(({ id }) => id === picked.id);
    const entry = known ?? { ...picked };
    if (copy) await this.#copyIn(entry);
    if (known === undefined) this.#models.push(entry);
    return structuredClone(entry);
  }

  /** Until it is copied, it is listed under another id. */
  async #copyIn(entry: ModelEntry): Promise<void> {
    const newcomer = { ...entry, id: `copy of ${entry.path}`, owned: true };
    this.#models.push(newcomer);
    try {
      await this.models.copy(newcomer);
    } finally {
      this.#models.splice(this.#models.indexOf(newcomer), 1);
      this.emit({ kind: 'modelsChanged', models: this.#copyModels() });
    }
    const path = `${this.models.view.folder}/${entry.name}`;
    Object.assign(entry, { owned: true, recorded: true, path });
  }

  #copyModels(): ModelEntry[] {
    return structuredClone(this.#models);
  }

  #id(kind: string): string {
    this.#ids += 1;
    return `${kind}-new-${this.#ids}`;
  }
}

function isWellFormed(value: unknown): boolean {
  if (typeof value === 'string') return value.isWellFormed();
  return typeof value !== 'object' || Object.values(value ?? {}).every(isWellFormed);
}

function titleOf(text: string): string {
  const line = text.trim().split('\n', 1)[0] ?? '';
  return line.length > 60 ? `${beginning(line, 57)}…` : line;
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

export function fakeHostFromUrl(url: URL): FakeHost {
  const pace = (url.searchParams.get('pace') ?? 'normal') as Pace;
  const host = new FakeHost(scenario(url.searchParams.get('fake') ?? 'chats'), pace);
  Object.assign(window, { ternFake: host });
  return host;
}
