/**
 * All chats.
 *
 * Longer than 300 lines, because every way the list changes, and back again, is seen side by side.
 */
import { SvelteSet } from 'svelte/reactivity';
import { groupByDate, groupForList, type Group } from '../dates';
import type { ConversationSummary, Draft, Host } from '../ipc/host';
import { t } from '../strings/language.svelte';
import { reasonOf } from '../strings/problems';
import { Changes } from './changes';
import { Chat, type AnswerEvent, type ChatList } from './chat.svelte';
import { Selection } from './selection.svelte';

/** How long deleted chats can be brought back from the bar, in milliseconds. */
export const UNDO_MS = 10_000;

/** Chats that were just deleted together. */
export interface Deleted {
  rows: ConversationSummary[];
  /** One of them that was the open one: Undo opens it again. */
  open: string | null;
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
  /** Chats whose answer ended while another one was open, until they are opened. */
  readonly unread = new SvelteSet<string>();
  readonly groups: Group[] = $derived(groupForList(this.rows, new Date(this.now)));
  readonly archived: Group[] = $derived(
    groupByDate(
      this.rows.filter(({ archived }) => archived),
      new Date(this.now),
    ),
  );
  /** What the sidebar lists now: the archived chats or the others. */
  readonly listed: Group[] = $derived.by(() => (this.#archiveShown ? this.archived : this.groups));
  /** From top to bottom. */
  readonly listedIds: string[] = $derived(
    this.listed.flatMap(({ rows }) => rows.map(({ id }) => id)),
  );
  readonly selection = new Selection(() => this.listedIds);

  readonly #host: Host;
  #archiveShown = $state.raw(false);
  /** Chats without an id, with their drafts: what New chat leads to. */
  #blanks: Chat[] = [];
  /** Chats that were opened since the start, by id. */
  #opened = new Map<string, Chat>();
  /** Events of chats whose first message is still on its way. */
  #early: AnswerEvent[] = [];
  /** Ids of deleted chats: late events must not bring them back. */
  #gone = new Set<string>();
  /** Phases of answers in chats that are not opened. */
  #phases = new Map<string, AnswerEvent>();
  readonly #changes = new Changes({ row: (id) => this.#row(id), show: (rows) => this.#show(rows) });

  constructor(host: Host) {
    this.#host = host;
    this.current = $state.raw(this.#blank(false));
  }

  get currentId(): string | null {
    return this.current.id;
  }

  /** True while the sidebar lists the archived chats. */
  get archiveShown(): boolean {
    return this.#archiveShown;
  }

  set archiveShown(shown: boolean) {
    this.selection.leave();
    this.#archiveShown = shown;
  }

  set(rows: ConversationSummary[]): void {
    this.rows = rows;
  }

  newChat(temporary = false): void {
    this.#turnTo(this.#blank(temporary));
  }

  /** With a message, on a branch that leads through it, and there. */
  open(id: string, message: string | null = null): void {
    const summary = this.#row(id);
    if (summary === undefined) return;
    let chat = this.#opened.get(id);
    if (chat === undefined) {
      chat = new Chat(this.#host, this, summary);
      const phase = this.#phases.get(id);
      if (phase !== undefined) chat.apply(phase);
      this.#opened.set(id, chat);
    }
    this.#turnTo(chat);
    this.unread.delete(id);
    void (message === null ? chat.load() : chat.showMessage(message));
  }

  /** What was being written into a new chat's message box when Tern ended. */
  restoreDraft(draft: Draft | null): void {
    this.#blank(false).draft.restore(draft);
  }

  /** Saves what is written in any message box: the window may be gone the next moment. */
  saveDrafts(): void {
    for (const chat of [...this.#blanks, ...this.#opened.values()]) chat.draft.flush();
  }

  /** Opens the row `step` places further down the list. */
  openNeighbour(step: 1 | -1): void {
    const ids = this.listedIds;
    const at = this.currentId === null ? -1 : ids.indexOf(this.currentId);
    const next = at === -1 ? (step === 1 ? 0 : -1) : at + step;
    const id = ids[next];
    if (id !== undefined) this.open(id);
  }

  upsert(summary: ConversationSummary): void {
    this.#show([summary]);
  }

  adopted(chat: Chat): void {
    if (chat.id === null) return;
    this.#opened.set(chat.id, chat);
    // What was saved as a new chat's draft belongs to this chat now.
    if (!chat.temporary) this.#blank(false).draft.save();
    if (!chat.draft.empty) chat.draft.save();
    const early = this.#early.filter((event) => event.conversation === chat.id);
    this.#early = this.#early.filter((event) => event.conversation !== chat.id);
    for (const event of early) chat.apply(event);
  }

  homeOf(chat: Chat): Chat {
    return chat.id !== null || chat === this.current ? chat : this.#blank(chat.temporary);
  }

  branched(chat: Chat, made: ConversationSummary): void {
    this.upsert(made);
    if (chat === this.current) this.open(made.id);
  }

  /** Takes an event of some chat's answer. */
  apply(event: AnswerEvent): void {
    const id = event.conversation;
    const chat = this.#opened.get(id);
    if (event.kind === 'answerFinished') {
      this.#phases.delete(id);
      const row = this.#row(id);
      if (row !== undefined && id !== this.currentId) this.unread.add(id);
      if (row?.generating) this.upsert({ ...row, generating: false });
    } else if (event.kind === 'phaseChanged') {
      this.#phases.set(id, event);
    }
    if (chat !== undefined) {
      chat.apply(event);
    } else if (this.#row(id) === undefined) {
      this.#early.push(event);
      // Only a first message under way can be meant; anything older is of no use.
      if (this.#early.length > 1000) this.#early.shift();
    }
  }

  /** This chat's next answer comes from another model. */
  setModel(id: string, model: string): void {
    const row = this.#row(id);
    if (row !== undefined) this.upsert({ ...row, model });
  }

  async rename(id: string, title: string): Promise<void> {
    const wanted = title.trim();
    const row = this.#row(id);
    if (row === undefined || wanted === '' || wanted === row.title) return;
    await this.#change([row], { title: wanted }, () => this.#host.renameConversation(id, wanted));
  }

  /** Keeps a chat at the top of the list, or no longer. */
  async pin(id: string, pinned: boolean): Promise<void> {
    const rows = this.rows.filter((row) => row.id === id && !row.temporary);
    await this.#change(rows, { pinned }, () => this.#host.pinConversation(id, pinned));
  }

  /** Takes chats out of the list, or brings them back into it. Temporary ones stay where they are. */
  async archive(ids: string[], archived: boolean): Promise<void> {
    const chosen = new Set(ids);
    const rows = this.rows.filter(({ id, temporary }) => chosen.has(id) && !temporary);
    if (archived && rows.some(({ id }) => id === this.currentId)) this.newChat();
    await this.#change(rows, { archived }, (id) => this.#host.archiveConversation(id, archived));
  }

  /** Copies a chat and opens the copy. */
  async duplicate(id: string): Promise<void> {
    const row = this.#row(id);
    if (row === undefined || row.temporary) return;
    await this.#try(async () => {
      const copy = await this.#host.duplicateConversation(id, t.sidebar.copyOf(row.title));
      this.upsert(copy);
      this.open(copy.id);
    });
  }

  /** Takes chats off the list at once; `restore` brings them back. */
  async delete(ids: string[]): Promise<void> {
    const chosen = new Set(ids);
    const rows = this.rows.filter(({ id }) => chosen.has(id));
    if (rows.length === 0) return;
    const open = rows.find(({ id }) => id === this.currentId)?.id ?? null;
    const deleted: Deleted = { rows, open };
    this.rows = this.rows.filter(({ id }) => !chosen.has(id));
    for (const { id } of rows) this.#gone.add(id);
    this.deleted = [...this.deleted, deleted];
    if (open !== null) this.newChat();
    await this.#try(
      () => this.#host.deleteConversations(rows.map(({ id }) => id)),
      () => {
        this.forgetDeleted(deleted);
        this.#bringBack(rows);
        if (open !== null) this.open(open);
      },
    );
  }

  /** Starts a new chat with a summary of this one, and opens it. Says why it could not. */
  async summarise({ id, title }: ConversationSummary): Promise<string | null> {
    try {
      const { conversation } = await this.#host.summariseConversation(
        id,
        t.cut.summaryTitle(title),
        t.cut.summaryRequest,
      );
      this.upsert(conversation);
      this.open(conversation.id);
      return null;
    } catch (thrown) {
      return reasonOf(thrown);
    }
  }

  async restore(deleted: Deleted): Promise<void> {
    if (!this.deleted.includes(deleted)) return;
    this.forgetDeleted(deleted);
    const { rows, open } = deleted;
    await this.#try(
      async () => {
        const back = await this.#host.restoreConversations(rows.map(({ id }) => id));
        // Their answers were stopped by deleting: what was kept of them is fetched anew.
        for (const { id } of back) this.#opened.delete(id);
        this.#bringBack(back);
        if (open !== null && this.current.id === null) this.open(open);
        const gone = rows.length - back.length;
        if (gone > 0) this.problem = t.sidebar.undoFailed(t.sidebar.goneForGood(gone));
      },
      undefined,
      t.sidebar.undoFailed,
    );
  }

  /** The time to undo is over. */
  forgetDeleted(deleted: Deleted): void {
    this.deleted = this.deleted.filter((other) => other !== deleted);
  }

  #row(id: string): ConversationSummary | undefined {
    return this.rows.find((row) => row.id === id);
  }

  #bringBack(rows: ConversationSummary[]): void {
    for (const { id } of rows) this.#gone.delete(id);
    this.#show(rows);
  }

  /** Puts rows into the list, or in place of what is known of them. */
  #show(told: readonly ConversationSummary[]): void {
    const rows = told.filter(({ id }) => !this.#gone.has(id)).map((row) => this.#changes.over(row));
    const byId = new Map(rows.map((row) => [row.id, row]));
    const known = this.rows.map((row) => {
      const fresh = byId.get(row.id);
      byId.delete(row.id);
      return fresh ?? row;
    });
    this.rows = [...byId.values(), ...known];
    for (const row of rows) {
      const chat = this.#opened.get(row.id);
      if (chat !== undefined) chat.summary = row;
    }
  }

  /** The chat that a new one begins as: an ordinary and a temporary one keep their own drafts. */
  #blank(temporary: boolean): Chat {
    // A first message still on its way has taken its chat along.
    this.#blanks = this.#blanks.filter(({ id, sending }) => id === null && sending === null);
    const known = this.#blanks.find((chat) => chat.temporary === temporary);
    if (known !== undefined) return known;
    const chat = new Chat(this.#host, this, null);
    chat.temporary = temporary;
    this.#blanks.push(chat);
    return chat;
  }

  async #change(
    rows: ConversationSummary[],
    fields: Partial<ConversationSummary>,
    command: (id: string) => Promise<ConversationSummary>,
  ): Promise<void> {
    await this.#try(() => this.#changes.make(rows, fields, command));
  }

  #turnTo(chat: Chat): void {
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
      this.problem = words(reasonOf(thrown));
    }
  }
}
