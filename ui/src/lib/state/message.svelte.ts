import type { MessageRole, MessageState, MessageView, Stats } from '../ipc/host';
import { MarkdownStream } from '../markdown/stream';

/** Longer questions show this many characters, until asked for all. */
export const FOLDED_LENGTH = 4000;

/** One message on the screen. */
export class Message {
  readonly id: string;
  readonly role: MessageRole;
  readonly createdAt: number;
  text = $state('');
  state = $state.raw<MessageState>('complete');
  modelName = $state.raw<string | null>(null);
  stats = $state.raw<Stats | null>(null);
  error = $state.raw<string | null>(null);
  /** All of a long question is shown. */
  unfolded = $state.raw(false);
  /** Sequence number of the next piece of text. Only `Chat` reads it. */
  nextSeq = 0;
  #markdown: MarkdownStream | null = null;

  constructor(view: MessageView) {
    this.id = view.id;
    this.role = view.role;
    this.createdAt = view.createdAt;
    this.set(view);
  }

  /** The text as HTML; kept here so that coming back to a chat renders nothing twice. */
  get markdown(): MarkdownStream {
    return (this.#markdown ??= new MarkdownStream());
  }

  get writing(): boolean {
    return this.state === 'writing';
  }

  /** Takes over everything the program knows about this message. */
  set(view: MessageView): void {
    this.text = view.text;
    this.state = view.state;
    this.modelName = view.modelName;
    this.stats = view.stats;
    this.error = view.error;
    this.nextSeq = view.nextSeq;
  }

  append(text: string): void {
    this.text += text;
    this.nextSeq += 1;
  }
}
