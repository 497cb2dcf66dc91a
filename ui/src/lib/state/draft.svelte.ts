import { addFiles, nameForPasted } from '../attachments';
import { isVisible } from '../graphemes';
import type { Attachment, Draft as SavedDraft, Question, ReadFile } from '../ipc/host';
import { Saver } from './saver.svelte';

/** What a draft needs to outlive the program. */
export interface DraftStore {
  save(draft: SavedDraft | null): Promise<void>;
  /** False while saving would overwrite what is not known yet, or not certain. */
  ready(): boolean;
}

/** What stands in a chat's message box, and the questions that wait for the answer being written. */
export class Draft {
  /** Why files were not attached, a sentence each. */
  problems = $state.raw<string[]>([]);

  #text = $state('');
  #attachments = $state.raw<Attachment[]>([]);
  #queue = $state.raw<Question[]>([]);
  readonly #saver: Saver;

  constructor(store: DraftStore) {
    this.#saver = new Saver(
      () => store.save(this.empty ? null : { question: this.question, queue: this.queue }),
      () => store.ready(),
    );
  }

  get text(): string {
    return this.#text;
  }

  set text(text: string) {
    if (text === this.#text) return;
    this.#text = text;
    this.#saver.soon();
  }

  get attachments(): Attachment[] {
    return this.#attachments;
  }

  /** Oldest first. */
  get queue(): Question[] {
    return this.#queue;
  }

  /** What the message box holds, as it would be sent. */
  get question(): Question {
    return { text: this.#text, attachments: this.#attachments };
  }

  get sendable(): boolean {
    return isVisible(this.#text) || this.#attachments.length > 0;
  }

  get empty(): boolean {
    return this.#text === '' && this.#attachments.length === 0 && this.#queue.length === 0;
  }

  /** Why what is written here can't be saved. */
  get unsaved(): string | null {
    return this.#saver.problem;
  }

  /** Empties the message box and gives what it held; `null` when there is nothing to send. */
  take(): Question | null {
    if (!this.sendable) return null;
    // Leading blank lines go, indentation of the first line stays.
    const text = this.#text.replace(/^(\s*\n)+/, '').trimEnd();
    const question = { text: isVisible(text) ? text : '', attachments: this.#attachments };
    this.#text = '';
    this.#attachments = [];
    this.problems = [];
    this.#saver.soon();
    return question;
  }

  /** Puts a question back into the message box, above what is there. */
  giveBack({ text, attachments }: Question): void {
    this.#text = [text, this.#text].filter((part) => part !== '').join('\n\n');
    // No caps: what was attached once is not lost.
    this.#attachments = [...attachments, ...this.#attachments];
    this.#saver.soon();
  }

  attach(files: ReadFile[]): void {
    const { attachments, problems } = addFiles(this.#attachments, files);
    this.#attachments = attachments;
    this.problems = problems;
    this.#saver.soon();
  }

  /** Attaches a pasted text; `null` when there is no room for it. */
  attachPasted(text: string): Attachment | null {
    const file = { name: nameForPasted(this.#attachments), text, problem: null };
    const { attachments, problems } = addFiles(this.#attachments, [file]);
    if (problems.length > 0) return null;
    this.#attachments = attachments;
    this.#saver.soon();
    return attachments.at(-1) ?? null;
  }

  detach(attachment: Attachment): void {
    this.#attachments = this.#attachments.filter((other) => other !== attachment);
    this.problems = [];
    this.#saver.soon();
  }

  enqueue(question: Question): void {
    this.#setQueue([...this.#queue, question]);
  }

  /** Puts a question before all others that wait. */
  enqueueFirst(question: Question): void {
    this.#setQueue([question, ...this.#queue.filter((other) => other !== question)]);
  }

  /** Takes the question whose turn it is. */
  dequeue(): Question | null {
    const [first, ...rest] = this.#queue;
    if (first === undefined) return null;
    this.#setQueue(rest);
    return first;
  }

  /** False when it does not wait any more, because it was sent meanwhile. */
  unqueue(question: Question): boolean {
    if (!this.#queue.includes(question)) return false;
    this.#setQueue(this.#queue.filter((other) => other !== question));
    return true;
  }

  /** Takes what was saved; what was typed before it came stays below it. */
  restore(saved: SavedDraft | null): void {
    if (saved === null) return;
    const untouched = this.empty;
    this.giveBack(saved.question);
    this.#setQueue([...saved.queue, ...this.#queue]);
    if (untouched) this.#saver.settled();
  }

  /** Takes everything over from the draft of a chat that will not be seen again. */
  adopt(other: Draft): void {
    this.giveBack(other.question);
    this.#setQueue([...other.queue, ...this.#queue]);
    other.#text = '';
    other.#attachments = [];
    other.#queue = [];
    other.#saver.settled();
  }

  /** Saves at once what is not saved yet. */
  flush(): void {
    this.#saver.now();
  }

  /** Saves at once, also without a change: its chat has another place on disk now. */
  save(): void {
    this.#saver.soon();
    this.#saver.now();
  }

  #setQueue(queue: Question[]): void {
    this.#queue = queue;
    this.#saver.soon();
  }
}
