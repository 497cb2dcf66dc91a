import { beginning } from '../graphemes';
import type { Attachment, MessageRole, MessageState, MessageView, Stats } from '../ipc/host';
import { MarkdownStream } from '../markdown/stream';

/** Longer questions show so much, until asked for all. */
const FOLDED_LENGTH = 4000;
const FOLDED_LINES = 60;

/** What is shown of a long question; `null` where all of it is. */
export function folded(text: string): string | null {
  const lines = text.slice(0, FOLDED_LENGTH).split('\n', FOLDED_LINES + 1);
  if (lines.length > FOLDED_LINES) return lines.slice(0, FOLDED_LINES).join('\n');
  return text.length > FOLDED_LENGTH ? beginning(text, FOLDED_LENGTH) : null;
}

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
  /** Files that went along with a question. */
  attachments = $state.raw<Attachment[]>([]);
  /** All of a long question is shown. */
  unfolded = $state.raw(false);
  /** Sequence number of the next piece of text. Only `Chat` reads it. */
  nextSeq = 0;
  /** The text as HTML; kept here so that coming back to a chat renders nothing twice. */
  readonly markdown = new MarkdownStream();

  constructor(view: MessageView) {
    this.id = view.id;
    this.role = view.role;
    this.createdAt = view.createdAt;
    this.set(view);
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
    this.attachments = view.attachments;
    this.nextSeq = view.nextSeq;
  }

  append(text: string): void {
    this.text += text;
    this.nextSeq += 1;
  }
}
