import { beginning } from '../graphemes';
import type {
  Attachment,
  MessageRole,
  MessageState,
  MessageView,
  ProblemDetail,
  Stats,
  Versions,
} from '../ipc/host';
import { MarkdownStream } from '../markdown/stream';
import { Edit } from './edit.svelte';

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
  error = $state.raw<ProblemDetail | null>(null);
  attachments = $state.raw<Attachment[]>([]);
  versions = $state.raw<Versions>({ position: 1, count: 1, previous: null, next: null });
  pinned = $state.raw(false);
  edited = $state.raw(false);
  /** Open while the person changes it; kept here so that no other view of the chat loses it. */
  edit = $state.raw<Edit | null>(null);
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

  /** It ended before it was whole, and can go on. */
  get cutShort(): boolean {
    if (this.text === '') return false;
    if (this.state === 'complete') return this.stats?.stopReason === 'maxTokens';
    return this.state !== 'writing' && this.role === 'assistant';
  }

  /** Opens it for changes; changes begun before are still there. */
  startEdit(): void {
    this.edit ??= new Edit(this.text, this.attachments);
    this.edit.focusWanted = true;
  }

  /** Takes over everything the program knows about this message. */
  set(view: MessageView): void {
    this.text = view.text;
    this.state = view.state;
    this.modelName = view.modelName;
    this.stats = view.stats;
    this.error = view.error;
    this.attachments = view.attachments;
    this.versions = view.versions;
    this.pinned = view.pinned;
    this.edited = view.edited;
    this.nextSeq = view.nextSeq;
  }

  append(text: string): void {
    this.text += text;
    this.nextSeq += 1;
  }
}
