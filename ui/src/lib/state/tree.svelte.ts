import type { Host, Sent } from '../ipc/host';
import { t } from '../strings/language.svelte';
import { reasonOf } from '../strings/problems';
import type { Chat, ChatList } from './chat.svelte';
import type { Edit } from './edit.svelte';
import type { Message } from './message.svelte';

/** What was pressed to get to another version: there the focus goes on. */
export type Switch = 'previous' | 'next' | 'message';

/** A version that was chosen. */
interface Arrival {
  message: string;
  by: Switch;
  /** Where on the window it was chosen, in pixels from the top. */
  top: number;
}

/** The messages of a chat as a tree: versions beside each other, one branch of them shown. */
export class Tree {
  /** Messages that were just deleted, oldest first. */
  deleted = $state.raw<Message[]>([]);
  /** The version that was just chosen, until it is on the page. */
  arrival = $state.raw<Arrival | null>(null);
  /** Counts what is done in the middle of a chat: the transcript stays there. */
  stays = $state.raw(0);

  readonly #host: Host;
  readonly #chat: Chat;
  readonly #list: ChatList;

  constructor(host: Host, chat: Chat, list: ChatList) {
    this.#host = host;
    this.#chat = chat;
    this.#list = list;
  }

  /** Why no message can be changed now, as a sentence. */
  get closed(): string | null {
    return this.#chat.busy ? t.message.wait : null;
  }

  /** Asks a question in other words, as another version of it. */
  async saveQuestion(message: Message): Promise<void> {
    const { edit } = message;
    if (edit === null || edit.empty) return;
    const { text, attachments } = edit;
    const question = { text: text.trimEnd(), attachments };
    await this.#save(edit, async () => {
      const sent = await this.#host.editQuestion(message.id, question);
      message.edit = null;
      this.#follow(message, sent);
    });
  }

  /** Replaces the text of an answer. */
  async saveAnswer(message: Message): Promise<void> {
    const { edit } = message;
    if (edit === null || edit.empty) return;
    if (edit.text === message.text) {
      message.edit = null;
      return;
    }
    await this.#save(edit, async () => {
      message.set(await this.#host.editAnswer(message.id, edit.text));
      message.edit = null;
    });
  }

  /** Writes another version of an answer. */
  async retry(message: Message): Promise<void> {
    const question = this.questionOf(message);
    if (question === null) return;
    await this.#try(t.message.notRetried, async () => {
      this.#follow(question, await this.#host.retryAnswer(message.id));
    });
  }

  /** Goes on with an answer that ended early. */
  async continue(message: Message): Promise<void> {
    const question = this.questionOf(message);
    if (question === null) return;
    await this.#try(t.message.notContinued, async () => {
      this.#follow(question, await this.#host.continueAnswer(message.id));
    });
  }

  /** Leads the branch through another version. */
  async showVersion(arrival: Arrival): Promise<void> {
    await this.#try(t.message.notShown, async () => {
      const view = await this.#host.showVersion(arrival.message);
      this.stays += 1;
      this.arrival = arrival;
      this.#chat.show(view);
    });
  }

  /** Takes a message out at once; `restore` brings it back. */
  async delete(message: Message): Promise<void> {
    const chat = this.#chat;
    await this.#try(t.message.notDeleted, async () => {
      const before = chat.messages;
      chat.messages = before.filter((other) => other !== message);
      this.deleted = [...this.deleted, message];
      try {
        chat.show(await this.#host.deleteMessage(message.id));
      } catch (thrown) {
        chat.messages = before;
        this.forgetDeleted(message);
        throw thrown;
      }
    });
  }

  async restore(message: Message): Promise<void> {
    await this.#try(t.message.notRestored, async () => {
      this.#chat.show(await this.#host.restoreMessage(message.id));
      this.forgetDeleted(message);
    });
  }

  /** The time to undo is over. */
  forgetDeleted(message: Message): void {
    this.deleted = this.deleted.filter((gone) => gone !== message);
  }

  /** Keeps a message in what the model reads, or no longer. */
  async pin(message: Message, pinned: boolean): Promise<void> {
    const words = pinned ? t.message.notPinned : t.message.notUnpinned;
    await this.#try(words, async () => {
      message.pinned = pinned;
      try {
        await this.#host.pinMessage(message.id, pinned);
      } catch (thrown) {
        message.pinned = !pinned;
        throw thrown;
      }
    });
  }

  /** Makes a new chat of the branch up to a message, and opens it. */
  async branchOff(message: Message): Promise<void> {
    const { summary } = this.#chat;
    if (summary === null) return;
    await this.#try(t.message.notBranched, async () => {
      const title = t.message.branchTitle(summary.title);
      const made = await this.#host.branchOff(message.id, title);
      this.#list.branched(this.#chat, made.summary);
    });
  }

  /** The question an answer belongs to: the message before it. */
  questionOf(message: Message): Message | null {
    const { messages } = this.#chat;
    const before = messages[messages.indexOf(message) - 1];
    return before?.role === 'user' ? before : null;
  }

  /** Shows an answer that begins, in place of `question` and all that followed it. */
  #follow(question: Message, sent: Sent): void {
    const { messages } = this.#chat;
    this.#chat.follow(sent, messages.slice(0, messages.indexOf(question)));
  }

  async #save(edit: Edit, command: () => Promise<void>): Promise<void> {
    if (this.#chat.busy || edit.saving) return;
    edit.saving = true;
    edit.problem = null;
    await this.#chat.hold(async () => {
      try {
        await command();
      } catch (thrown) {
        edit.problem = t.message.notSaved(reasonOf(thrown));
      } finally {
        edit.saving = false;
      }
    });
  }

  async #try(words: (reason: string) => string, command: () => Promise<void>): Promise<void> {
    const chat = this.#chat;
    chat.problem = this.closed === null ? null : words(this.closed);
    if (this.closed !== null) return;
    await chat.hold(async () => {
      try {
        await command();
      } catch (thrown) {
        chat.problem = words(reasonOf(thrown));
      }
    });
  }
}
