/**
 * The one door of the UI: what it may ask of the program, and what the program tells it.
 * `tauri.ts` is the real program, `fake.ts` a believable one for a plain browser.
 */
import type * as wire from './bindings';

/** Numbers that really may be missing; every other `null` beside a number is specta's way of writing a float. */
type MayBeMissing = 'tokensPerSecond' | 'secondsLeft';

/**
 * A wire type as the UI uses it. JSON has no NaN, so the generated bindings write every float as
 * `number | null`; the program never sends NaN, and all fields are always present.
 */
type FromWire<T> = T extends string | number | boolean | null | undefined
  ? T
  : T extends readonly (infer Item)[]
    ? FromWire<Item>[]
    : {
        [K in keyof T]-?: K extends MayBeMissing
          ? Exclude<T[K], undefined>
          : [Exclude<T[K], undefined>] extends [number | null]
            ? number
            : FromWire<Exclude<T[K], undefined>>;
      };

export type Startup = FromWire<wire.Startup>;
export type ConversationSummary = FromWire<wire.ConversationSummary>;
export type ConversationView = FromWire<wire.ConversationView>;
export type MessageView = FromWire<wire.MessageView>;
export type MessageState = wire.MessageState;
export type MessageRole = wire.MessageRole;
export type Stats = FromWire<wire.Stats>;
export type Sent = FromWire<wire.Sent>;
export type ModelEntry = FromWire<wire.ModelEntry>;
export type ModelState = wire.ModelState;
export type Theme = wire.Theme;
export type Settings = FromWire<wire.Settings>;
export type Status = FromWire<wire.Status>;
export type Phase = FromWire<wire.Phase>;
export type Problem = wire.Problem;
export type ProblemCode = wire.ProblemCode;
export type AppEvent = FromWire<wire.AppEvent>;

/** A refused request: a `Problem` that can be thrown. */
export class HostError extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.message);
    this.name = 'HostError';
    this.problem = problem;
  }
}

/** The problem behind anything a host method threw. */
export function problemOf(thrown: unknown): Problem {
  if (thrown instanceof HostError) return thrown.problem;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return { code: 'internal', message };
}

/** Every method throws a `HostError` when the program refuses. */
export interface Host {
  startup(): Promise<Startup>;
  openConversation(conversation: string): Promise<ConversationView>;
  /** `null` makes a new chat. */
  sendMessage(conversation: string | null, text: string): Promise<Sent>;
  retryAnswer(message: string): Promise<Sent>;
  stopGeneration(conversation: string): Promise<void>;
  renameConversation(conversation: string, title: string): Promise<ConversationSummary>;
  deleteConversation(conversation: string): Promise<void>;
  restoreConversation(conversation: string): Promise<ConversationSummary>;
  setSettings(settings: Settings): Promise<Settings>;
  selectModel(model: string, conversation: string | null): Promise<ModelEntry[]>;
  /** `null` when the person closed the dialog. */
  openModelFile(): Promise<ModelEntry | null>;
  openModelFolder(): Promise<ModelEntry | null>;
  forgetModel(model: string): Promise<ModelEntry[]>;
  openLink(url: string): Promise<void>;
  /** Events arrive in order. Resolves once listening, with the way to stop. */
  onEvent(listener: (event: AppEvent) => void): Promise<() => void>;
}
