import type { Question } from '../ipc/host';
import type { Chat } from './chat.svelte';

/** Questions sent while an answer was written: asked one after the other, as long as answers end well. */
export class Queue {
  readonly #chat: Chat;
  /** The next question goes out however this answer ends: the person asked for that. */
  #skipping = false;

  constructor(chat: Chat) {
    this.#chat = chat;
  }

  /** Oldest first. */
  get questions(): Question[] {
    return this.#chat.draft.queue;
  }

  /** True when the questions wait for the person and not for an answer. */
  get stands(): boolean {
    const { busy, loading } = this.#chat;
    return !busy && loading === 'done' && this.questions.length > 0;
  }

  /** Sends the question whose turn it is. A refused one keeps its turn. */
  async sendNext(): Promise<void> {
    const question = this.#chat.busy ? null : this.#chat.draft.dequeue();
    if (question === null) return;
    await this.#chat.post(question, (home) => home.draft.enqueueFirst(question));
  }

  /** Sends a question before the others, and ends the answer being written for it. */
  async sendNow(question: Question): Promise<void> {
    const chat = this.#chat;
    if (!this.questions.includes(question)) return;
    chat.draft.enqueueFirst(question);
    if (!chat.busy) {
      await this.sendNext();
    } else if (chat.answer !== null) {
      this.#skipping = true;
      await chat.stop();
      const refused = chat.answer !== null && !chat.stopping;
      if (refused) this.#skipping = false;
    }
  }

  /** Takes a question back into the message box. */
  edit(question: Question): void {
    const { draft } = this.#chat;
    if (draft.unqueue(question)) draft.giveBack(question);
  }

  remove(question: Question): void {
    this.#chat.draft.unqueue(question);
  }

  /** An answer has ended. After one that was stopped or failed the person decides. */
  answerEnded(well: boolean): void {
    const goesOn = well || this.#skipping;
    this.#skipping = false;
    if (goesOn) void this.sendNext();
  }
}
