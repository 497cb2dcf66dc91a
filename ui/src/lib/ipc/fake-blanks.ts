/** Wire values with nothing special about them, for the fake and for tests to build upon. */
import type {
  ConversationSummary,
  ConversationView,
  MessageView,
  ModelEntry,
  Sampling,
  Stats,
} from './host';

export const blankSummary: ConversationSummary = {
  id: '',
  title: 'New chat',
  createdAt: 0,
  updatedAt: 0,
  model: 'guide',
  generating: false,
  pinned: false,
  archived: false,
  temporary: false,
};

export const blankMessage: MessageView = {
  id: '',
  role: 'user',
  text: '',
  state: 'complete',
  createdAt: 0,
  modelName: null,
  stats: null,
  error: null,
  nextSeq: 0,
  attachments: [],
  versions: { position: 1, count: 1, previous: null, next: null },
  pinned: false,
  edited: false,
};

export const blankView: ConversationView = {
  summary: blankSummary,
  messages: [],
  options: { systemPrompt: null, sampling: null },
  draft: null,
};

export const blankSampling: Sampling = {
  temperature: 0.6,
  topK: 0,
  topP: 0.9,
  minP: 0,
  repetitionPenalty: 1,
  seed: null,
  maxAnswerTokens: 0,
};

export const blankStats: Stats = {
  promptTokens: 0,
  reusedTokens: 0,
  generatedTokens: 0,
  prefillTokensPerSecond: 0,
  decodeTokensPerSecond: 0,
  firstTokenSeconds: 0,
  stopReason: 'endOfText',
  seed: '0',
  sampling: null,
  firstSeen: null,
};

export const blankModel: ModelEntry = {
  id: '',
  name: 'Model',
  path: null,
  bytes: 0,
  selected: false,
  state: 'idle',
  warnings: [],
  origin: null,
  owned: false,
  recorded: false,
  work: null,
};
