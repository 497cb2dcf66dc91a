import {
  type Attachment,
  type ChatOptions,
  type ContextUse,
  type Host,
  type Question,
} from '../ipc/host';
import { reasonOf } from '../strings/problems';

/** How long a person must have paused before the question is counted, in milliseconds. */
const PAUSE_MS = 150;
/** From this share of the room for a chat on, it is nearly full. */
const NEARLY = 0.9;

/** How the next question fits into the model's context. */
export type Fit = 'fits' | 'nearlyFull' | 'leavesOut' | 'tooLong';

export function fitOf(use: ContextUse): Fit {
  if (use.tooLong) return 'tooLong';
  if (use.leftOut > 0) return 'leavesOut';
  const room = use.totalTokens - use.reservedTokens;
  return use.usedTokens >= NEARLY * room ? 'nearlyFull' : 'fits';
}

interface Subject {
  conversation: string | null;
  question: Question;
  /** Tokens of a file are other ones with another model. */
  model: string;
  /** What a new chat will do otherwise than Settings say. */
  options: ChatOptions | null;
}

/** How much of the model's context the question in the message box takes. */
export class ContextDial {
  /** The figures of the open chat; `null` until there are any. */
  use = $state.raw<ContextUse | null>(null);
  /** The figures are not those of what is in the message box now. */
  counting = $state.raw(false);
  /** Why nothing can be counted. */
  problem = $state.raw<string | null>(null);

  readonly #host: Host;
  #tokens = $state.raw(new Map<Attachment, number>());
  #subject: Subject | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #asking = false;

  constructor(host: Host) {
    this.#host = host;
  }

  get fit(): Fit | null {
    return this.use === null ? null : fitOf(this.use);
  }

  /** True when what is in the message box is known to be longer than the model can read. */
  get refuses(): boolean {
    return !this.counting && this.fit === 'tooLong';
  }

  /** Tokens of an attached file; `null` until they are counted. */
  tokensOf(attachment: Attachment): number | null {
    return this.#tokens.get(attachment) ?? null;
  }

  /** Counts what is in the message box of the open chat, after a pause in typing. */
  follow(
    conversation: string | null,
    question: Question,
    model: string,
    options: ChatOptions | null = null,
  ): void {
    const before = this.#subject;
    if (before?.model !== model) this.#tokens = new Map();
    this.#subject = { conversation, question, model, options };
    this.counting = true;
    clearTimeout(this.#timer);
    if (before?.conversation === conversation && before.model === model) {
      this.#timer = setTimeout(() => void this.#count(), PAUSE_MS);
    } else {
      // Another chat's figures would be wrong ones.
      this.use = null;
      this.problem = null;
      void this.#count();
    }
  }

  /** One request at a time: the program has one tokenizer, and only the latest answer counts. */
  async #count(): Promise<void> {
    this.#timer = undefined;
    const subject = this.#subject;
    if (this.#asking || subject === null) return;
    this.#asking = true;
    await this.#countQuestion(subject);
    await this.#countFiles(subject);
    this.#asking = false;
    // With a timer running, the person is still typing.
    if (subject !== this.#subject && this.#timer === undefined) void this.#count();
  }

  async #countQuestion(subject: Subject): Promise<void> {
    const { conversation, question, options } = subject;
    let use: ContextUse | null = null;
    let problem: string | null = null;
    try {
      use = await this.#host.contextUse(conversation, question, options);
    } catch (thrown) {
      problem = reasonOf(thrown);
    }
    if (subject !== this.#subject) return;
    this.use = use;
    this.problem = problem;
    this.counting = false;
  }

  /** Each file by itself, as long as nothing else is to be counted. */
  async #countFiles(subject: Subject): Promise<void> {
    const { conversation, question } = subject;
    for (const attachment of question.attachments) {
      if (subject !== this.#subject || this.problem !== null) return;
      if (this.#tokens.has(attachment)) continue;
      try {
        const alone = { text: '', attachments: [attachment] };
        const { questionTokens } = await this.#host.contextUse(conversation, alone, null);
        if (subject.model !== this.#subject.model) return;
        this.#tokens = new Map(this.#tokens).set(attachment, questionTokens);
      } catch {
        // Its size alone is shown; the question as a whole was counted.
        return;
      }
    }
  }
}
