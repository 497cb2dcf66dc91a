import { groupByDate, type Group } from '../dates';
import { problemOf, type ConversationSummary, type Draft, type Host } from '../ipc/host';
import { t } from '../strings/language.svelte';
import { Chat, type AnswerEvent, type ChatList } from './chat.svelte';

/** How long a deleted chat can be brought back from the bar, in milliseconds. */
export const UNDO_MS = 10_000;

/** A chat that was just deleted. */
export interface Deleted {
  summary: ConversationSummary;
  /** It was the open one: Undo opens it again. */
  wasOpen: boolean;
}

/** All chats: the rows of the sidebar and the one that is open. */
export class Chats implements ChatList {
  rows = $state.raw<ConversationSummary[]>([]);
  /** The chat that is open. */
  current: Chat;
  deleted = $state.raw<Deleted[]>([]);
  /** Something that went wrong with a row, as a sentence. */
  problem = $state.raw<string | null>(null);
  /** The day the groups are made for. */
  now = $state.raw(Date.now());
  readonly groups: Group[] = $derived(groupByDate(this.rows, new Date(this.now)));

  readonly #host: Host;
  /** The chat that New chat leads to, with its draft; it has no id yet. */
  #blank: Chat;
  /** Chats that were opened since the start, by id. */
  #opened = new Map<string, Chat>();
  /** Events of chats whose first message is still on its way. */
  #early: AnswerEvent[] = [];
  /** Ids of deleted chats: late events must not bring them back. */
  #gone = new Set<string>();
  /** Phases of answers in chats that are not opened. */
  #phases = new Map<string, AnswerEvent>();

  constructor(host: Host) {
    this.#host = host;
    this.#blank = new Chat(host, this, null);
    this.current = $state.raw(this.#blank);
  }

  get currentId(): string | null {
    return this.current.id;
  }

  set(rows: ConversationSummary[]): void {
    this.rows = rows;
  }

  newChat(): void {
    // A first message still on its way has taken the blank chat along.
    if (this.#blank.summary !== null || this.#blank.sending !== null) {
      this.#blank = new Chat(this.#host, this, null);
    }
    this.#show(this.#blank);
  }

  open(id: string): void {
    const summary = this.rows.find((row) => row.id === id);
    if (summary === undefined) return;
    let chat = this.#opened.get(id);
    if (chat === undefined) {
      chat = new Chat(this.#host, this, summary);
      const phase = this.#phases.get(id);
      if (phase !== undefined) chat.apply(phase);
      this.#opened.set(id, chat);
    }
    this.#show(chat);
    void chat.load();
  }

  /** What was being written into a new chat's message box when Tern ended. */
  restoreDraft(draft: Draft | null): void {
    this.#blank.draft.restore(draft);
  }

  /** Saves what is written in any message box: the window may be gone the next moment. */
  saveDrafts(): void {
    for (const chat of [this.#blank, ...this.#opened.values()]) chat.draft.flush();
  }

  /** Opens the row `step` places further down the list. */
  openNeighbour(step: 1 | -1): void {
    const ids = this.groups.flatMap((group) => group.rows.map((row) => row.id));
    const at = this.currentId === null ? -1 : ids.indexOf(this.currentId);
    const next = at === -1 ? (step === 1 ? 0 : -1) : at + step;
    const id = ids[next];
    if (id !== undefined) this.open(id);
  }

  upsert(summary: ConversationSummary): void {
    if (this.#gone.has(summary.id)) return;
    const known = this.rows.some((row) => row.id === summary.id);
    this.rows = known
      ? this.rows.map((row) => (row.id === summary.id ? summary : row))
      : [summary, ...this.rows];
    const chat = this.#opened.get(summary.id);
    if (chat !== undefined) chat.summary = summary;
  }

  adopted(chat: Chat): void {
    if (chat.id === null) return;
    this.#opened.set(chat.id, chat);
    if (this.#blank === chat) this.#blank = new Chat(this.#host, this, null);
    // What was saved as a new chat's draft belongs to this chat now.
    this.#blank.draft.save();
    if (!chat.draft.empty) chat.draft.save();
    const early = this.#early.filter((event) => event.conversation === chat.id);
    this.#early = this.#early.filter((event) => event.conversation !== chat.id);
    for (const event of early) chat.apply(event);
  }

  homeOf(chat: Chat): Chat {
    return chat.id !== null || chat === this.current ? chat : this.#blank;
  }

  /** Takes an event of some chat's answer. */
  apply(event: AnswerEvent): void {
    const id = event.conversation;
    const chat = this.#opened.get(id);
    if (event.kind === 'answerFinished') {
      this.#phases.delete(id);
      const row = this.rows.find((known) => known.id === id);
      if (row?.generating) this.upsert({ ...row, generating: false });
    } else if (event.kind === 'phaseChanged') {
      this.#phases.set(id, event);
    }
    if (chat !== undefined) {
      chat.apply(event);
    } else if (!this.rows.some((row) => row.id === id)) {
      this.#early.push(event);
      // Only a first message under way can be meant; anything older is of no use.
      if (this.#early.length > 1000) this.#early.shift();
    }
  }

  /** This chat's next answer comes from another model. */
  setModel(id: string, model: string): void {
    const row = this.rows.find((known) => known.id === id);
    if (row !== undefined) this.upsert({ ...row, model });
  }

  async rename(id: string, title: string): Promise<void> {
    const wanted = title.trim();
    const row = this.rows.find((known) => known.id === id);
    if (row === undefined || wanted === '' || wanted === row.title) return;
    this.upsert({ ...row, title: wanted });
    await this.#try(
      async () => {
        this.upsert(await this.#host.renameConversation(id, wanted));
      },
      () => this.upsert(row),
    );
  }

  /** Takes a chat off the list at once; `restore` brings it back. */
  async delete(id: string): Promise<void> {
    const summary = this.rows.find((row) => row.id === id);
    if (summary === undefined) return;
    const wasOpen = this.currentId === id;
    this.rows = this.rows.filter((row) => row.id !== id);
    this.#gone.add(id);
    this.deleted = [...this.deleted, { summary, wasOpen }];
    if (wasOpen) this.newChat();
    await this.#try(
      () => this.#host.deleteConversations([id]),
      () => {
        this.forgetDeleted(id);
        this.#gone.delete(id);
        this.upsert(summary);
        if (wasOpen) this.open(id);
      },
    );
  }

  async restore(id: string): Promise<void> {
    const gone = this.deleted.find((deleted) => deleted.summary.id === id);
    if (gone === undefined) return;
    this.forgetDeleted(id);
    await this.#try(
      async () => {
        const [summary] = await this.#host.restoreConversations([id]);
        if (summary === undefined) throw new Error(t.sidebar.goneForGood);
        this.#gone.delete(id);
        this.upsert(summary);
        // Its answer was stopped by deleting: what was kept of it is fetched anew.
        this.#opened.delete(id);
        if (gone.wasOpen && this.current.id === null) this.open(id);
      },
      undefined,
      t.sidebar.undoFailed,
    );
  }

  /** The time to undo is over. */
  forgetDeleted(id: string): void {
    this.deleted = this.deleted.filter((gone) => gone.summary.id !== id);
  }

  #show(chat: Chat): void {
    if (chat !== this.current) this.current.draft.flush();
    this.current = chat;
  }

  async #try(
    command: () => Promise<unknown>,
    undo?: () => void,
    words: (message: string) => string = (message) => message,
  ): Promise<void> {
    this.problem = null;
    try {
      await command();
    } catch (thrown) {
      undo?.();
      this.problem = words(problemOf(thrown).message);
    }
  }
}
