import { isVisible } from '../graphemes';
import {
  problemOf,
  type AppEvent,
  type ConversationSummary,
  type Host,
  type Phase,
  type Sent,
} from '../ipc/host';
import { t } from '../strings/language.svelte';
import { Message } from './message.svelte';

/** The events that belong to one chat's answers. */
export type AnswerEvent = Extract<AppEvent, { conversation: string }>;

/** What a chat needs to know of the list it is in. */
export interface ChatList {
  /** A row of the sidebar is new or changed. */
  upsert(summary: ConversationSummary): void;
  /** A new chat's first message was taken: the chat has an id now. */
  adopted(chat: Chat): void;
  /** The chat whose composer a refused message of `chat` goes back to. */
  homeOf(chat: Chat): Chat;
}

/** One chat: its messages, its draft, and the answer being written in it. */
export class Chat {
  /** `null` until the first message of a new chat is sent. */
  summary = $state.raw<ConversationSummary | null>(null);
  messages = $state.raw<Message[]>([]);
  draft = $state('');
  /** What the running answer waits for; `null` when unknown or nothing runs. */
  phase = $state.raw<Phase | null>(null);
  /** A message on its way to the program. */
  sending = $state.raw<string | null>(null);
  /** Something that went wrong here, as a sentence. */
  problem = $state.raw<string | null>(null);
  loading = $state.raw<'no' | 'running' | 'done' | 'failed'>('no');
  /** True from pressing Stop until the answer has ended. */
  stopping = $state.raw(false);
  /** Counts sent messages, so that the transcript can go to its end. */
  sentCount = $state.raw(0);

  readonly #host: Host;
  readonly #list: ChatList;
  /** Commands under way whose answers the events must wait for. */
  #waiting = 0;
  #held: AnswerEvent[] = [];
  /** Messages that are not in the branch shown, for instance an older version of an answer. */
  #strangers = new Set<string>();

  constructor(host: Host, list: ChatList, summary: ConversationSummary | null) {
    this.#host = host;
    this.#list = list;
    this.summary = summary;
    if (summary === null) this.loading = 'done';
  }

  get id(): string | null {
    return this.summary?.id ?? null;
  }

  /** The answer being written, if any: always the last message. */
  get answer(): Message | null {
    const last = this.messages.at(-1);
    return last?.writing ? last : null;
  }

  /** True while Stop makes sense and Send does not. */
  get busy(): boolean {
    return this.sending !== null || this.answer !== null;
  }

  get empty(): boolean {
    return this.messages.length === 0 && this.sending === null;
  }

  /** Fetches the messages, unless they are here. */
  async load(): Promise<void> {
    if (this.loading === 'no' || this.loading === 'failed') await this.#fetch();
  }

  /** Sends the draft. */
  async send(): Promise<void> {
    // Leading blank lines go, indentation of the first line stays.
    const text = this.draft.replace(/^(\s*\n)+/, '').trimEnd();
    if (!isVisible(text) || this.busy || this.loading !== 'done') return;
    this.draft = '';
    await this.ask(text);
  }

  /** Sends a text; the draft stays what it is. A refused text goes into the draft. */
  async ask(text: string): Promise<void> {
    if (this.busy || this.loading !== 'done') return;
    this.problem = null;
    this.sending = text;
    this.sentCount += 1;
    await this.#hold(async () => {
      try {
        const sent = await this.#host.sendMessage(this.id, { text, attachments: [] }, false);
        this.#take(sent, this.messages);
      } catch (thrown) {
        const home = this.#list.homeOf(this);
        // What was typed meanwhile is kept below it.
        home.draft = home.draft === '' ? text : `${text}\n\n${home.draft}`;
        home.problem = t.composer.notSent(problemOf(thrown).message);
      } finally {
        this.sending = null;
      }
    });
  }

  /** Writes the last answer anew. */
  async retry(message: Message): Promise<void> {
    const at = this.messages.indexOf(message);
    if (at < 1 || this.busy) return;
    this.problem = null;
    this.sentCount += 1;
    await this.#hold(async () => {
      try {
        const sent = await this.#host.retryAnswer(message.id);
        this.#take(sent, this.messages.slice(0, at - 1));
      } catch (thrown) {
        this.problem = t.message.notRetried(problemOf(thrown).message);
      }
    });
  }

  async stop(): Promise<void> {
    if (this.id === null || this.answer === null || this.stopping) return;
    this.stopping = true;
    try {
      await this.#host.stopGeneration(this.id);
    } catch (thrown) {
      this.stopping = false;
      this.problem = t.composer.notStopped(problemOf(thrown).message);
    }
  }

  /** Takes an event of this chat. Pieces already here are ignored; a gap fetches the chat anew. */
  apply(event: AnswerEvent): void {
    if (this.#waiting > 0) {
      this.#held.push(event);
      return;
    }
    if (this.loading !== 'done') {
      if (event.kind === 'phaseChanged') this.phase = event.phase;
      return;
    }
    if (event.kind === 'answerFinished') {
      this.#finish(event.message.id, event);
      return;
    }
    const message = this.messages.find((known) => known.id === event.message);
    if (message === undefined) {
      this.#stranger(event.message);
    } else if (!message.writing) {
      return;
    } else if (event.kind === 'phaseChanged') {
      this.phase = event.phase;
    } else if (event.seq === message.nextSeq) {
      message.append(event.text);
      if (this.phase?.kind !== 'writing') this.phase = { kind: 'writing' };
    } else if (event.seq > message.nextSeq) {
      void this.#fetch();
    }
  }

  #finish(id: string, event: Extract<AnswerEvent, { kind: 'answerFinished' }>): void {
    const message = this.messages.find((known) => known.id === id);
    if (message === undefined) {
      this.#stranger(id);
      return;
    }
    message.set(event.message);
    if (this.answer !== null) return;
    this.phase = null;
    this.stopping = false;
    // A summary fetched before the end came may say otherwise.
    if (this.summary?.generating) this.#list.upsert({ ...this.summary, generating: false });
  }

  /** An event of a message that is not here: perhaps something was missed, so look once. */
  #stranger(id: string): void {
    if (this.#strangers.has(id)) return;
    this.#strangers.add(id);
    void this.#fetch();
  }

  #take(sent: Sent, before: Message[]): void {
    const isNew = this.summary === null;
    this.summary = sent.conversation;
    this.messages = [...before, new Message(sent.question), new Message(sent.answer)];
    this.phase = null;
    this.stopping = false;
    if (isNew) this.#list.adopted(this);
    this.#list.upsert(sent.conversation);
  }

  async #fetch(): Promise<void> {
    const id = this.id;
    if (id === null) return;
    if (this.loading !== 'done') this.loading = 'running';
    await this.#hold(async () => {
      try {
        const view = await this.#host.openConversation(id, null);
        this.#replace(view.messages.map((message) => this.#known(message) ?? new Message(message)));
        this.#list.upsert(view.summary);
        if (this.loading !== 'done') this.problem = null;
        this.loading = 'done';
      } catch (thrown) {
        if (this.loading !== 'done') this.loading = 'failed';
        this.problem = problemOf(thrown).message;
      }
    });
  }

  #replace(messages: Message[]): void {
    this.messages = messages;
    if (this.answer === null) {
      this.phase = null;
      this.stopping = false;
    }
  }

  /** The message already on the screen, brought up to date: its element and rendered text stay. */
  #known(view: Sent['answer']): Message | null {
    const known = this.messages.find((message) => message.id === view.id);
    known?.set(view);
    return known ?? null;
  }

  /** Runs a command while this chat's events wait, then applies them: they may overtake the command's own answer. */
  async #hold(command: () => Promise<void>): Promise<void> {
    this.#waiting += 1;
    try {
      await command();
    } finally {
      this.#waiting -= 1;
      if (this.#waiting === 0) {
        const held = this.#held;
        this.#held = [];
        for (const event of held) this.apply(event);
      }
    }
  }
}
