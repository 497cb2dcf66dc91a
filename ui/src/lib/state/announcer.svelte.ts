import { finishedLength, plainWords } from '../markdown/plain';
import { t } from '../strings/language.svelte';
import type { Chat } from './chat.svelte';
import type { Message } from './message.svelte';

/** What a screen reader is told about the open chat: finished sentences, never half ones. */
export class Announcer {
  /** The words of the live region. */
  words = $state.raw('');

  #chat: Chat | null = null;
  #message: Message | null = null;
  #spoken = 0;

  say(words: string): void {
    this.words = words;
  }

  /** Looks at the answer being written in the open chat. A chat that was left goes on unheard. */
  follow(chat: Chat): void {
    if (chat !== this.#chat) {
      this.#chat = chat;
      this.#message = null;
    }
    this.#hear(chat.answer);
  }

  #hear(message: Message | null): void {
    if (message?.id !== this.#message?.id) {
      if (this.#message !== null) this.#end(this.#message);
      this.#message = message;
      // Text that was there when the chat was opened is not read out.
      this.#spoken = message?.text.length ?? 0;
      if (message !== null && this.#spoken === 0) this.say(t.live.started);
      return;
    }
    if (message === null) return;
    const rest = message.text.slice(this.#spoken);
    const length = finishedLength(rest);
    if (length === 0) return;
    this.#spoken += length;
    const words = plainWords(rest.slice(0, length));
    if (words !== '') this.say(words);
  }

  #end(message: Message): void {
    const rest = plainWords(message.text.slice(this.#spoken));
    const ending =
      message.state === 'complete'
        ? t.live.done
        : message.state === 'stopped'
          ? t.live.stopped
          : message.state === 'failed'
            ? t.live.failed
            : '';
    this.say([rest, ending].filter((part) => part !== '').join(' '));
  }
}
