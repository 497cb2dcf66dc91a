/**
 * A believable program for a plain browser: the dev server and the browser tests. In memory,
 * deterministic, steered by the address:
 *
 * - `?fake=` a scenario of fake-scenarios.ts (`chats` if not given)
 * - `?pace=` `instant`, `fast`, `normal`, `slow`, or `manual` (only `ternFake.step()` moves)
 *
 * Tests reach it as `window.ternFake`.
 *
 * Longer than 300 lines, because it answers every command of the door in one place.
 */
import { beginning } from '../graphemes';
import { blankMessage, blankSummary, blankView } from './fake-blanks';
import { contextUse } from './fake-context';
import { FakeDrafts } from './fake-drafts';
import { FakeEngine, type EngineWorld, type Pace } from './fake-engine';
import { scenario, type Scenario } from './fake-scenarios';
import {
  HostError,
  type AppEvent,
  type ConnectionLog,
  type ContextUse,
  type ConversationSummary,
  type ConversationView,
  type Draft,
  type Host,
  type MessageView,
  type ModelEntry,
  type ModelPrompt,
  type Problem,
  type Question,
  type ReadFile,
  type SearchHit,
  type Sent,
  type Settings,
  type Startup,
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
  readonly drafts: FakeDrafts;

  #chats: FakeChat[];
  #models: ModelEntry[];
  #settings: Settings;
  #scenario: Scenario;
  #listeners = new Set<(event: AppEvent) => void>();
  /** Commands to refuse, once each. */
  #refusals = new Map<Command, Problem>();
  /** Commands that take a while, in milliseconds. */
  #delays = new Map<Command, number>();
  #startups = 0;
  #ids = 0;

  constructor(scene: Scenario, pace: Pace) {
    this.#scenario = scene;
    this.#chats = scene.conversations.map((view) => ({ ...view, deleted: false }));
    this.#models = scene.models;
    this.#settings = scene.settings;
    this.drafts = new FakeDrafts(scene.draftsOutlive);
    const world: EngineWorld = {
      emit: (event) => this.emit(event),
      changed: (summary) => this.emit({ kind: 'conversationChanged', summary: { ...summary } }),
      model: (id) => this.#models.find((model) => model.id === id),
      modelsChanged: () => this.emit({ kind: 'modelsChanged', models: this.#copyModels() }),
      maxAnswerTokens: () => this.#settings.sampling.maxAnswerTokens,
    };
    const loaded = this.#models.findLast(({ state }) => state === 'ready');
    this.engine = new FakeEngine(pace, world, loaded);
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
  refuse(command: Command, problem: Problem): void {
    this.#refusals.set(command, problem);
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
  put(title: string, question: string, answer: string): void {
    this.putChat(title, [
      { role: 'user', text: question },
      { role: 'assistant', text: answer },
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
      platform: { system: 'linux', tray: true, globalKeys: true },
    };
  }

  async openConversation(conversation: string, message: string | null): Promise<ConversationView> {
    await this.#command('openConversation', conversation, message);
    const { summary, messages, options } = this.#chat(conversation);
    const draft = this.drafts.of(conversation);
    return structuredClone({ summary, messages, options, draft });
  }

  async sendMessage(
    conversation: string | null,
    { text, attachments }: Question,
    temporary: boolean,
  ): Promise<Sent> {
    await this.#command('sendMessage', conversation, { text, attachments }, temporary);
    if (text.trim() === '' && attachments.length === 0) {
      throw refused('invalid', 'Write something first.');
    }
    const title = titleOf(text || (attachments[0]?.name ?? ''));
    const chat =
      conversation === null ? this.#newChat(title, Date.now()) : this.#chat(conversation);
    this.#notWriting(chat);
    const question = { ...this.#message('user', text, null), attachments };
    const answer = this.#startAnswer(chat, [...chat.messages, question]);
    return structuredClone({ conversation: chat.summary, question, answer });
  }

  async retryAnswer(message: string): Promise<Sent> {
    await this.#command('retryAnswer', message);
    const chat = this.#chats.find((known) => known.messages.some(({ id }) => id === message));
    if (chat === undefined) throw refused('notFound', 'This answer is not there any more.');
    this.#notWriting(chat);
    const at = chat.messages.findIndex(({ id }) => id === message);
    const question = chat.messages[at - 1];
    if (question === undefined) throw refused('invalid', 'This answer has no question.');
    const answer = this.#startAnswer(chat, chat.messages.slice(0, at));
    return structuredClone({ conversation: chat.summary, question, answer });
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

  async deleteConversations(conversations: string[]): Promise<void> {
    await this.#command('deleteConversations', conversations);
    for (const conversation of conversations) {
      this.engine.stop(conversation);
      this.#chat(conversation).deleted = true;
    }
  }

  async restoreConversations(conversations: string[]): Promise<ConversationSummary[]> {
    await this.#command('restoreConversations', conversations);
    const chats = this.#chats.filter(({ summary }) => conversations.includes(summary.id));
    for (const chat of chats) chat.deleted = false;
    return structuredClone(chats.map(({ summary }) => summary));
  }

  async saveDraft(conversation: string | null, draft: Draft | null): Promise<void> {
    await this.#command('saveDraft', conversation, draft);
    if (conversation !== null) this.#chat(conversation);
    this.drafts.save(conversation, draft);
  }

  async contextUse(conversation: string | null, question: Question): Promise<ContextUse> {
    await this.#command('contextUse', conversation, question);
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
    if (chosen === undefined) throw refused('notFound', 'This model is not on the list any more.');
    for (const entry of this.#models) entry.selected = entry === chosen;
    if (conversation !== null) this.#chat(conversation).summary.model = model;
    return this.#copyModels();
  }

  async openModelFile(): Promise<ModelEntry | null> {
    await this.#command('openModelFile');
    return this.#add(this.#scenario.pickedFile);
  }

  async openModelFolder(): Promise<ModelEntry | null> {
    await this.#command('openModelFolder');
    return this.#add(this.#scenario.pickedFolder);
  }

  async forgetModel(model: string): Promise<ModelEntry[]> {
    await this.#command('forgetModel', model);
    const forgotten = this.#models.find(({ id }) => id === model);
    this.#models = this.#models.filter((entry) => entry !== forgotten);
    const [first] = this.#models;
    if (forgotten?.selected && first !== undefined) first.selected = true;
    return this.#copyModels();
  }

  async openLink(url: string): Promise<void> {
    await this.#command('openLink', url);
  }

  async onEvent(listener: (event: AppEvent) => void): Promise<() => void> {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  pinConversation(): Promise<ConversationSummary> {
    throw unanswered('pinConversation');
  }

  archiveConversation(): Promise<ConversationSummary> {
    throw unanswered('archiveConversation');
  }

  duplicateConversation(): Promise<ConversationSummary> {
    throw unanswered('duplicateConversation');
  }

  setChatOptions(): Promise<void> {
    throw unanswered('setChatOptions');
  }

  search(): Promise<SearchHit[]> {
    throw unanswered('search');
  }

  editQuestion(): Promise<Sent> {
    throw unanswered('editQuestion');
  }

  continueAnswer(): Promise<Sent> {
    throw unanswered('continueAnswer');
  }

  editAnswer(): Promise<MessageView> {
    throw unanswered('editAnswer');
  }

  deleteMessage(): Promise<ConversationView> {
    throw unanswered('deleteMessage');
  }

  restoreMessage(): Promise<ConversationView> {
    throw unanswered('restoreMessage');
  }

  showVersion(): Promise<ConversationView> {
    throw unanswered('showVersion');
  }

  pinMessage(): Promise<void> {
    throw unanswered('pinMessage');
  }

  branchOff(): Promise<ConversationView> {
    throw unanswered('branchOff');
  }

  summariseConversation(): Promise<Sent> {
    throw unanswered('summariseConversation');
  }

  modelPrompt(): Promise<ModelPrompt> {
    throw unanswered('modelPrompt');
  }

  connectionLog(): Promise<ConnectionLog> {
    throw unanswered('connectionLog');
  }

  // -- inside --

  async #command(command: Command, ...args: unknown[]): Promise<void> {
    this.calls.push({ command, args });
    // The program's JSON reader takes no half of a surrogate pair.
    if (!isWellFormed(args)) {
      throw refused('internal', 'lone leading surrogate in hex escape');
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
    if (chat === undefined) throw refused('notFound', 'This chat is not there any more.');
    return chat;
  }

  #notWriting(chat: FakeChat): void {
    if (chat.summary.generating) {
      throw refused('busy', 'An answer is still being written in this chat. Stop it first.');
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
    if (model === undefined || model.state === 'missing') {
      throw refused('model', 'The model’s file is missing. Choose another model above.');
    }
    const answer = this.#message('assistant', '', model.name);
    answer.state = 'writing';
    chat.messages = [...before, answer];
    chat.summary.updatedAt = Date.now();
    this.engine.start(chat, answer);
    return answer;
  }

  #message(role: MessageView['role'], text: string, modelName: string | null): MessageView {
    return { ...blankMessage, id: this.#id(role), role, text, createdAt: Date.now(), modelName };
  }

  #add(picked: ModelEntry | Problem | null): ModelEntry | null {
    if (picked === null) return null;
    if ('code' in picked) throw new HostError(picked);
    if (!this.#models.some(({ id }) => id === picked.id)) this.#models.push({ ...picked });
    return structuredClone(picked);
  }

  #copyModels(): ModelEntry[] {
    return structuredClone(this.#models);
  }

  #id(kind: string): string {
    this.#ids += 1;
    return `${kind}-new-${this.#ids}`;
  }
}

/** A command the fake has no answer to yet. */
function unanswered(command: Command): HostError {
  return refused('internal', `The fake does not answer ${command} yet.`);
}

function refused(code: Problem['code'], message: string): HostError {
  return new HostError({ code, message });
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
