/** The fake's one worker: answers in small steps, one chat after the other. */
import { piecesOf } from './fake-answers';
import { blankStats } from './fake-blanks';
import type {
  AppEvent,
  ConversationSummary,
  ConversationView,
  MessageView,
  ModelEntry,
  Phase,
  Sampling,
  Status,
} from './host';

export type Pace = 'instant' | 'fast' | 'steady' | 'normal' | 'slow' | 'manual';

const STEP_MS: Record<Exclude<Pace, 'manual'>, number> = {
  instant: 0,
  fast: 4,
  /** Sixty steps a second, kept by the clock: a late timer makes up for it. */
  steady: 1000 / 60,
  normal: 30,
  slow: 160,
};

/** What the worker needs from the fake program around it. */
export interface EngineWorld {
  emit(event: AppEvent): void;
  changed(summary: ConversationSummary): void;
  model(id: string): ModelEntry | undefined;
  modelsChanged(): void;
  sampling(chat: ConversationView): Sampling;
}

interface Job {
  chat: ConversationView;
  answer: MessageView;
  stopped: boolean;
}

const MB = 1_000_000;
const CHUNK = 128;
/** What a model can read; of a longer chat it gets the end. */
const CONTEXT = 4096;
const LOADING_STEPS = 12;
const TOKENS_PER_SECOND = 31.4;

export class FakeEngine {
  readonly #world: EngineWorld;
  readonly #pace: Pace;
  #queue: Job[] = [];
  #running: Iterator<void> | null = null;
  #timer = false;
  /** When the next step is due. */
  #due = 0;
  #loaded: ModelEntry | undefined;
  #kvTokens = 0;
  #writing = false;

  constructor(pace: Pace, world: EngineWorld, loaded: ModelEntry | undefined) {
    this.#pace = pace;
    this.#world = world;
    this.#loaded = loaded;
  }

  start(chat: ConversationView, answer: MessageView): void {
    const waits = this.#queue.length > 0;
    chat.summary.generating = true;
    this.#queue.push({ chat, answer, stopped: false });
    this.#world.changed(chat.summary);
    if (waits) this.#phase(chat, answer, { kind: 'queued' });
    this.#schedule();
  }

  stop(conversation: string): void {
    const job = this.#queue.find(({ chat }) => chat.summary.id === conversation);
    if (job === undefined) return;
    job.stopped = true;
    // Waiting jobs end at once, the running one at its next step, as in the program.
    if (job !== this.#queue[0]) {
      this.#queue = this.#queue.filter((other) => other !== job);
      this.#finish(job, 0, 0);
    } else if (this.#pace === 'manual') {
      this.step(1);
    }
  }

  step(steps: number): void {
    for (let i = 0; i < steps; i += 1) {
      const job = this.#queue[0];
      if (job === undefined) return;
      this.#running ??= this.#work(job);
      if (this.#running.next().done) {
        this.#running = null;
        this.#queue.shift();
      }
    }
  }

  /** Gives back the memory of the loaded model. */
  unload(): void {
    if (this.#loaded !== undefined) this.#loaded.state = 'idle';
    this.#loaded = undefined;
    this.#kvTokens = 0;
    this.#world.modelsChanged();
    this.#world.emit({ kind: 'statusChanged', status: this.status() });
  }

  status(): Status {
    return {
      tokensPerSecond: this.#writing ? TOKENS_PER_SECOND : null,
      appBytes: 64 * MB + (this.#loaded?.bytes ?? 0) + this.#kvTokens * 0.15 * MB,
      weightBytes: this.#loaded?.bytes ?? 0,
      kvBytes: this.#kvTokens * 0.15 * MB,
      threads: 4,
      isa: 'avx2',
    };
  }

  #schedule(): void {
    if (this.#timer || this.#pace === 'manual') return;
    this.#timer = true;
    const now = performance.now();
    const pause = STEP_MS[this.#pace];
    // A beat is kept from one due time to the next, however late the timers fire.
    const isOnBeat = this.#pace === 'steady' && now - this.#due < 1000;
    this.#due = (isOnBeat ? this.#due : now) + pause;
    setTimeout(
      () => {
        this.#timer = false;
        this.step(this.#pace === 'instant' ? 1_000_000 : 1);
        if (this.#queue.length > 0) this.#schedule();
      },
      Math.max(0, this.#due - now),
    );
  }

  *#work(job: Job): Generator<void, void> {
    const { chat, answer } = job;
    const model = this.#world.model(chat.summary.model);
    if (model !== undefined && this.#loaded?.id !== model.id) {
      yield* this.#load(job, model);
    }
    const question = chat.messages.at(-2)?.text ?? '';
    const all = chat.messages.reduce((sum, { text }) => sum + tokensIn(text), 24);
    const prompt = Math.min(all, CONTEXT);
    const reused = Math.min(this.#kvTokens, Math.max(0, prompt - tokensIn(question) - 4));
    for (let done = reused; done < prompt && !job.stopped; done += CHUNK) {
      const secondsLeft = prompt - done > 4 * CHUNK ? (prompt - done) / 180 : null;
      this.#phase(chat, answer, { kind: 'reading', done, total: prompt, secondsLeft });
      yield;
    }
    this.#kvTokens = prompt;
    const pieces = piecesAfter(answer.text, piecesOf(question, chat.summary.model === 'guide'));
    const most = this.#world.sampling(chat).maxAnswerTokens || Infinity;
    let written = 0;
    for (const piece of pieces.slice(0, most)) {
      if (job.stopped) break;
      if (written === 0 && !this.#writing) {
        this.#writing = true;
        this.#phase(chat, answer, { kind: 'writing' });
        this.#world.emit({ kind: 'statusChanged', status: this.status() });
      }
      answer.text += piece;
      const seq = answer.nextSeq;
      answer.nextSeq += 1;
      written += 1;
      this.#world.emit({
        kind: 'textDelta',
        conversation: chat.summary.id,
        message: answer.id,
        seq,
        text: piece,
      });
      yield;
    }
    this.#writing = false;
    this.#kvTokens = prompt + written;
    this.#finish(job, prompt, reused, written >= most && pieces.length > most);
  }

  *#load(job: Job, model: ModelEntry): Generator<void, void> {
    if (this.#loaded !== undefined) this.#loaded.state = 'idle';
    this.#kvTokens = 0;
    model.state = 'loading';
    this.#world.modelsChanged();
    for (let i = 0; i <= LOADING_STEPS && !job.stopped; i += 1) {
      const phase: Phase = { kind: 'loadingModel', fraction: i / LOADING_STEPS };
      this.#phase(job.chat, job.answer, phase);
      yield;
    }
    model.state = 'ready';
    this.#loaded = model;
    this.#world.modelsChanged();
    this.#world.emit({ kind: 'statusChanged', status: this.status() });
  }

  #phase(chat: ConversationView, answer: MessageView, phase: Phase): void {
    this.#world.emit({
      kind: 'phaseChanged',
      conversation: chat.summary.id,
      message: answer.id,
      phase,
    });
  }

  #finish(job: Job, promptTokens: number, reusedTokens: number, full = false): void {
    const { chat, answer } = job;
    answer.state = job.stopped ? 'stopped' : 'complete';
    const generatedTokens = answer.nextSeq;
    answer.stats = {
      ...blankStats,
      promptTokens,
      reusedTokens,
      generatedTokens,
      prefillTokensPerSecond: 182,
      decodeTokensPerSecond: generatedTokens > 0 ? TOKENS_PER_SECOND : 0,
      firstTokenSeconds: 0.1 + (promptTokens - reusedTokens) / 182,
      stopReason: job.stopped ? 'stopped' : full ? 'maxTokens' : 'endOfText',
      seed: '1584004',
      sampling: this.#world.sampling(chat),
    };
    chat.summary.generating = false;
    chat.summary.updatedAt = Date.now();
    this.#world.emit({
      kind: 'answerFinished',
      conversation: chat.summary.id,
      message: { ...answer },
    });
    this.#world.changed(chat.summary);
    this.#world.emit({ kind: 'statusChanged', status: this.status() });
  }
}

/** What is left to write after the text so far. */
function piecesAfter(text: string, pieces: string[]): string[] {
  let length = 0;
  return pieces.filter((piece) => (length += piece.length) > text.length);
}

/** About four letters make a token. */
function tokensIn(text: string): number {
  return Math.ceil(text.length / 4) + 4;
}
