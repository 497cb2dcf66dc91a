/**
 * The one door of the UI: what it may ask of the program, and what the program tells it.
 * `tauri.ts` is the real program, `fake.ts` a believable one for a plain browser.
 */
import type * as wire from './bindings';

/** Numbers that really may be missing; every other `null` beside a number is specta's way of writing a float. */
type MayBeMissing =
  | 'tokensPerSecond'
  | 'secondsLeft'
  | 'checkedAt'
  | 'bytesPerSecond'
  | 'freeDiskBytes'
  | 'folderFreeBytes';

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
export type Sampling = FromWire<wire.Sampling>;
export type ChatOptions = FromWire<wire.ChatOptions>;
export type Versions = FromWire<wire.Versions>;
export type Attachment = FromWire<wire.Attachment>;
export type Question = FromWire<wire.Question>;
export type Draft = FromWire<wire.Draft>;
export type ReadFile = FromWire<wire.ReadFile>;
export type ModelPrompt = FromWire<wire.ModelPrompt>;
export type ContextUse = FromWire<wire.ContextUse>;
export type SearchHit = FromWire<wire.SearchHit>;
export type SnippetPiece = FromWire<wire.SnippetPiece>;
export type Sent = FromWire<wire.Sent>;
export type ModelEntry = FromWire<wire.ModelEntry>;
export type ModelState = wire.ModelState;
export type TokenState = wire.TokenState;
export type ModelOrigin = FromWire<wire.ModelOrigin>;
export type ModelWork = FromWire<wire.ModelWork>;
export type ModelsView = FromWire<wire.ModelsView>;
export type CatalogueEntry = FromWire<wire.CatalogueEntry>;
export type Fit = FromWire<wire.Fit>;
export type Download = FromWire<wire.Download>;
export type DownloadState = FromWire<wire.DownloadState>;
export type Setback = FromWire<wire.Setback>;
export type Benchmark = FromWire<wire.Benchmark>;
export type ImportKind = wire.ImportKind;
export type ProxyChoice = wire.ProxyChoice;
export type Theme = wire.Theme;
export type Language = wire.Language;
export type Profile = wire.Profile;
export type Preset = FromWire<wire.Preset>;
export type Settings = FromWire<wire.Settings>;
export type Platform = FromWire<wire.Platform>;
export type ConnectionLog = FromWire<wire.ConnectionLog>;
export type ConnectionEntry = FromWire<wire.ConnectionEntry>;
export type StorageUse = FromWire<wire.StorageUse>;
export type Backup = FromWire<wire.Backup>;
export type Folder = wire.Folder;
export type ExportFormat = wire.ExportFormat;
export type ExportWords = wire.ExportWords;
export type Exported = FromWire<wire.Exported>;
export type Action = wire.Action;
export type DesktopWords = wire.DesktopWords;
export type Status = FromWire<wire.Status>;
export type Phase = FromWire<wire.Phase>;
export type Problem = FromWire<wire.Problem>;
export type ProblemDetail = FromWire<wire.ProblemDetail>;
export type SettingName = wire.SettingName;
export type ModelWarning = FromWire<wire.ModelWarning>;
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
  return { code: 'internal', detail: { kind: 'defect', detail: message }, message };
}

/** Every method throws a `HostError` when the program refuses. */
export interface Host {
  startup(): Promise<Startup>;
  /** With a message, on a branch that leads through it. */
  openConversation(conversation: string, message: string | null): Promise<ConversationView>;
  renameConversation(conversation: string, title: string): Promise<ConversationSummary>;
  pinConversation(conversation: string, pinned: boolean): Promise<ConversationSummary>;
  archiveConversation(conversation: string, archived: boolean): Promise<ConversationSummary>;
  duplicateConversation(conversation: string, title: string): Promise<ConversationSummary>;
  deleteConversations(conversations: string[]): Promise<void>;
  /** Those that are gone for good are not among the answer. */
  restoreConversations(conversations: string[]): Promise<ConversationSummary[]>;
  setChatOptions(conversation: string, options: ChatOptions): Promise<void>;
  /** `null` as the chat is a new one; `null` as the draft clears it. */
  saveDraft(conversation: string | null, draft: Draft | null): Promise<void>;
  search(query: string): Promise<SearchHit[]>;
  /** `null` makes a new chat, which may be temporary and have options of its own. */
  sendMessage(
    conversation: string | null,
    question: Question,
    temporary: boolean,
    options: ChatOptions | null,
  ): Promise<Sent>;
  editQuestion(message: string, question: Question): Promise<Sent>;
  retryAnswer(message: string): Promise<Sent>;
  continueAnswer(message: string): Promise<Sent>;
  stopGeneration(conversation: string): Promise<void>;
  editAnswer(message: string, text: string): Promise<MessageView>;
  deleteMessage(message: string): Promise<ConversationView>;
  restoreMessage(message: string): Promise<ConversationView>;
  showVersion(message: string): Promise<ConversationView>;
  pinMessage(message: string, pinned: boolean): Promise<void>;
  branchOff(message: string, title: string): Promise<ConversationView>;
  summariseConversation(conversation: string, title: string, request: string): Promise<Sent>;
  /** `options` are those of a new chat. */
  contextUse(
    conversation: string | null,
    question: Question,
    options: ChatOptions | null,
  ): Promise<ContextUse>;
  modelPrompt(message: string): Promise<ModelPrompt>;
  /** Empty when the person closed the dialog. */
  attachFiles(): Promise<ReadFile[]>;
  setSettings(settings: Settings): Promise<Settings>;
  selectModel(model: string, conversation: string | null): Promise<ModelEntry[]>;
  /** Asks where to with the system’s dialog; `null` when the person closed it. */
  exportConversation(
    conversation: string,
    format: ExportFormat,
    words: ExportWords,
  ): Promise<Exported | null>;
  /** Likewise, every chat but temporary ones. */
  exportAll(format: ExportFormat, words: ExportWords): Promise<Exported | null>;
  storageUse(): Promise<StorageUse>;
  backUpNow(): Promise<StorageUse>;
  /** Shows a folder of Tern in the file manager. */
  openFolder(folder: Folder): Promise<void>;
  /** Takes it off the list; files that Tern downloaded or copied are deleted. */
  removeModel(model: string): Promise<ModelEntry[]>;
  /** Gives back the memory of the loaded model. */
  unloadModel(): Promise<void>;
  /** Asks for a file or folder, which stays where it is or is copied. `null` when the person closed the dialog. */
  importModel(kind: ImportKind, copy: boolean): Promise<ModelEntry | null>;
  importDropped(path: string, copy: boolean): Promise<ModelEntry>;
  /** Resolves when the files are as they were downloaded or copied, else throws what is wrong. */
  verifyModel(model: string): Promise<void>;
  /** Ends verifying, hashing, copying or moving. */
  stopModelWork(model: string): Promise<void>;
  modelsView(): Promise<ModelsView>;
  /** Asks for a folder; `move` takes the models along. `null` when the person closed the dialog. */
  chooseModelsFolder(move: boolean): Promise<ModelsView | null>;
  /** Takes about ten seconds. */
  runBenchmark(): Promise<Benchmark>;
  /** A keyring that is locked may ask the person. */
  tokenState(): Promise<TokenState>;
  /** `null` takes it out of the keyring. It never comes back from there. */
  setToken(token: string | null): Promise<TokenState>;
  /** A catalogue entry's id, or `owner/name[@revision][:file.gguf]`. */
  startDownload(wish: string): Promise<Download>;
  /** These three answer with all downloads that are left. */
  pauseDownload(download: string): Promise<Download[]>;
  resumeDownload(download: string): Promise<Download[]>;
  cancelDownload(download: string): Promise<Download[]>;
  openLink(url: string): Promise<void>;
  connectionLog(): Promise<ConnectionLog>;
  /** Shows what the settings ask for outside the page, in these words. Each thing that can't be comes back. */
  arrangeDesktop(words: DesktopWords): Promise<ProblemDetail[]>;
  /** Events arrive in order. Resolves once listening, with the way to stop. */
  onEvent(listener: (event: AppEvent) => void): Promise<() => void>;
}
