/**
 * One chat.
 *
 * Longer than 300 lines, because what is sent, what is heard and what is shown of a chat must agree, whichever overtakes which.
 */
import {
  type AppEvent,
  type ConversationSummary,
  type ConversationView,
  type Host,
  type MessageView,
  type Phase,
  type Question,
  type Sent,
} from '../ipc/host';
import { t } from '../strings/language.svelte';
import { reasonOf } from '../strings/problems';
import { Draft } from './draft.svelte';
import { Message } from './message.svelte';
import { OwnOptions } from './own-options.svelte';
import { Queue } from './queue.svelte';
import { Tree } from './tree.svelte';

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
  /** A new chat was made of `chat`. */
  branched(chat: Chat, made: ConversationSummary): void;
}

/** One chat: its messages, what is to be sent in it, and the answer being written in it. */
export class Chat {
  /** `null` until the first message of a new chat is sent. */
  summary = $state.raw<ConversationSummary | null>(null);
  messages = $state.raw<Message[]>([]);
  readonly draft: Draft;
  readonly queue = new Queue(this);
  /** What the running answer waits for; `null` when unknown or nothing runs. */
  phase = $state.raw<Phase | null>(null);
  /** A message on its way to the program. */
  sending = $state.raw<Question | null>(null);
  /** Something that went wrong here, as a sentence. */
  problem = $state.raw<string | null>(null);
  loading = $state.raw<'no' | 'running' | 'done' | 'failed'>('no');
  /** True from pressing Stop until the answer has ended. */
  stopping = $state.raw(false);
  /** Counts messages the person sent, so that the transcript can go to its end. */
  sentCount = $state.raw(0);
  /** A message to bring into view; the transcript takes it from here. */
  reveal = $state.raw<string | null>(null);

  /** Versions, edits and deletions of its messages. */
  readonly tree: Tree;

  readonly options: OwnOptions;

  readonly #host: Host;
  readonly #list: ChatList;
  /** The last of them. */
  #command: Promise<void> = Promise.resolve();
  /** Commands under way whose answers the events must wait for. */
  #waiting = 0;
  #held: AnswerEvent[] = [];
  /** Messages of all branches that were shown, by id. */
  #seen = new Map<string, Message>();
  /** Messages that are not in the branch shown, for instance an older version of an answer. */
  #strangers = new Set<string>();
  /** What a new chat will be once its first message is sent. */
  #temporary = $state.raw(false);

  constructor(host: Host, list: ChatList, summary: ConversationSummary | null) {
    this.#host = host;
    this.options = new OwnOptions(host);
    this.#list = list;
    this.tree = new Tree(host, this, list);
    this.summary = summary;
    if (summary === null) this.loading = 'done';
    this.draft = new Draft({
      save: async (draft) => {
        if (!this.temporary) await host.saveDraft(this.id, draft);
      },
      // A saved draft must be known before another replaces it, and stays until its message is taken.
      ready: () => this.loading === 'done' && this.sending === null,
    });
  }

  get id(): string | null {
    return this.summary?.id ?? null;
  }

  /** True when nothing of this chat is to reach the disk. Only a new chat can change it. */
  get temporary(): boolean {
    return this.summary?.temporary ?? this.#temporary;
  }

  set temporary(temporary: boolean) {
    this.#temporary = temporary;
  }

  /** Turns a new chat into a temporary one or back. What is in its box stays there, and leaves the disk. */
  async toggleTemporary(): Promise<void> {
    this.temporary = !this.temporary;
    if (!this.temporary) {
      this.draft.save();
      return;
    }
    try {
      await this.#host.saveDraft(null, null);
    } catch (thrown) {
      this.problem = reasonOf(thrown);
    }
  }

  /** The answer being written, if any: always the last message. */
  get answer(): Message | null {
    const last = this.messages.at(-1);
    return last?.writing ? last : null;
  }

  /** True while a question sent now has to wait for its turn. */
  get busy(): boolean {
    return this.sending !== null || this.answer !== null;
  }

  get empty(): boolean {
    return this.messages.length === 0 && this.sending === null;
  }

  get lastQuestion(): Message | null {
    return this.messages.findLast(({ role }) => role === 'user') ?? null;
  }

  /** Opens a message for changes, unless an answer is being written. */
  edit(message: Message): void {
    if (this.busy) return;
    message.startEdit();
    this.tree.stays += 1;
  }

  /** Opens the last question for changes and brings it into view: it may be off the page. */
  editLast(): void {
    const question = this.lastQuestion;
    if (question === null || this.busy) return;
    this.edit(question);
    this.reveal = question.id;
  }

  /** Fetches the messages, unless they are here. */
  async load(): Promise<void> {
    if (this.loading === 'no' || this.loading === 'failed') await this.#fetch();
  }

  /** Brings a message into view, on a branch that leads through it. */
  async showMessage(message: string): Promise<void> {
    if (!this.#has(message)) await this.#fetch(message);
    if (this.#has(message)) this.reveal = message;
  }

  /** Sends what is in the message box; while an answer is written, it waits for its turn. */
  async send(): Promise<void> {
    const question = this.loading === 'done' ? this.draft.take() : null;
    if (question === null) return;
    if (this.busy) {
      this.draft.enqueue(question);
      return;
    }
    await this.#postNew(question);
  }

  /** Sends a text; the draft stays what it is. A refused text goes into the draft. */
  async ask(text: string): Promise<void> {
    if (this.busy || this.loading !== 'done') return;
    await this.#postNew({ text, attachments: [] });
  }

  /** Asks for files with the system's dialog and attaches them. */
  async attachFiles(): Promise<void> {
    try {
      this.draft.attach(await this.#host.attachFiles());
    } catch (thrown) {
      this.draft.problems = [reasonOf(thrown)];
    }
  }

  async #postNew(question: Question): Promise<void> {
    this.sentCount += 1;
    await this.post(question, (home) => home.draft.giveBack(question));
  }

  /** Sends a question; `refused` puts it back where it came from, in the chat where it can be seen. */
  async post(question: Question, refused: (home: Chat) => void): Promise<void> {
    this.problem = null;
    this.sending = question;
    await this.hold(async () => {
      try {
        const sent = await this.#host.sendMessage(
          this.id,
          question,
          this.temporary,
          this.id === null ? this.options.first : null,
        );
        this.#take(sent, this.messages);
      } catch (thrown) {
        const home = this.#list.homeOf(this);
        // What was typed meanwhile is kept below it.
        if (home !== this) home.draft.adopt(this.draft);
        refused(home);
        home.problem = t.composer.notSent(reasonOf(thrown));
      } finally {
        this.sending = null;
        this.draft.flush();
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
      this.problem = t.composer.notStopped(reasonOf(thrown));
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
    // Nearly always the last one: looking from the end costs nothing in a long chat.
    const message = this.messages.findLast((known) => known.id === event.message);
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
    const message = this.messages.findLast((known) => known.id === id);
    if (message === undefined) {
      this.#stranger(id);
      return;
    }
    const wasWriting = message.writing;
    message.set(event.message);
    if (this.answer !== null) return;
    this.phase = null;
    this.stopping = false;
    // A summary fetched before the end came may say otherwise.
    if (this.summary?.generating) this.#list.upsert({ ...this.summary, generating: false });
    if (wasWriting) this.queue.answerEnded(message.state === 'complete');
  }

  /** An event of a message that is not here: perhaps something was missed, so look once. */
  #stranger(id: string): void {
    if (this.#strangers.has(id)) return;
    this.#strangers.add(id);
    void this.#fetch();
  }

  /** Shows an answer that begins, after the messages `before` its question. */
  follow(sent: Sent, before: Message[]): void {
    this.sentCount += 1;
    this.#take(sent, before);
  }

  /** Shows another branch, or the same one changed. */
  show(view: ConversationView): void {
    this.#replace(this.#known(view.messages));
    this.options.set(view.options);
    this.#list.upsert(view.summary);
  }

  #take(sent: Sent, before: Message[]): void {
    const isNew = this.summary === null;
    this.summary = sent.conversation;
    this.messages = [...before, ...this.#known([sent.question, sent.answer])];
    this.phase = null;
    this.stopping = false;
    if (isNew) this.#list.adopted(this);
    this.#list.upsert(sent.conversation);
  }

  /** Fetches the messages: the branch that was shown last, or one that leads through `message`. */
  async #fetch(message: string | null = null): Promise<void> {
    const id = this.id;
    if (id === null) return;
    if (this.loading !== 'done') this.loading = 'running';
    await this.hold(async () => {
      try {
        const view = await this.#host.openConversation(id, message);
        const wasWriting = this.answer !== null;
        this.show(view);
        if (this.loading !== 'done') this.#opened(view.draft);
        if (wasWriting && this.answer === null) {
          this.queue.answerEnded(this.messages.at(-1)?.state === 'complete');
        }
      } catch (thrown) {
        if (this.loading !== 'done') this.loading = 'failed';
        this.problem = reasonOf(thrown);
      }
    });
  }

  #has(message: string): boolean {
    return this.messages.some(({ id }) => id === message);
  }

  #opened(draft: ConversationView['draft']): void {
    this.problem = null;
    this.loading = 'done';
    this.draft.restore(draft);
    this.draft.flush();
  }

  #replace(messages: Message[]): void {
    this.messages = messages;
    if (this.answer === null) {
      this.phase = null;
      this.stopping = false;
    }
  }

  /** Messages already here are brought up to date: their elements and rendered texts stay. */
  #known(views: MessageView[]): Message[] {
    return views.map((view) => {
      const known = this.#seen.get(view.id);
      known?.set(view);
      const message = known ?? new Message(view);
      this.#seen.set(view.id, message);
      return message;
    });
  }

  /** Runs a command while this chat's events wait, then applies them: they may overtake the command's own answer. */
  async hold(command: () => Promise<void>): Promise<void> {
    this.#waiting += 1;
    // One after the other: no answer may overtake that of an earlier command.
    this.#command = this.#waiting === 1 ? command() : this.#command.then(command);
    try {
      await this.#command;
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
