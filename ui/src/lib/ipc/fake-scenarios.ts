/**
 * What the fake program finds when it starts.
 *
 * Longer than 300 lines, because all scenarios are told side by side.
 */
import { problemFrom } from './fake-refusals';
import { answerTo, piecesOf } from './fake-answers';
import {
  blankMessage,
  blankModel,
  blankSampling,
  blankStats,
  blankSummary,
  blankView,
} from './fake-blanks';
import { blankModels, DOWNLOADED, DOWNLOADS } from './fake-catalogue';
import { ATTACHABLE } from './fake-files';
import { withCut, withOptions } from './fake-knowing';
import { SHAPES, hugeAnswer, mixedTurn } from './fake-long';
import type {
  ConversationSummary,
  ConversationView,
  MessageState,
  MessageView,
  ModelEntry,
  ModelsView,
  Platform,
  Problem,
  ReadFile,
  Settings,
  Stats,
  TokenState,
} from './host';

export interface Scenario {
  conversations: ConversationView[];
  /** Answers being written at the start, the first one now and the others queued. */
  running: { conversation: string; message: string }[];
  models: ModelEntry[];
  library: ModelsView;
  /** Where the token for the hub is. */
  token: TokenState;
  /** Why `library` can't be had. */
  libraryProblem: Problem | null;
  settings: Settings;
  platform: Platform;
  dataDir: string;
  /** How long `startup` takes. */
  startupMs: number;
  /** How many calls of `startup` fail with `startupProblem`. */
  failedStartups: number;
  startupProblem: Problem;
  /** What the system dialogs give: a model, a refusal, or nothing because they were closed. */
  pickedFile: ModelEntry | Problem | null;
  pickedFolder: ModelEntry | Problem | null;
  pickedAttachments: ReadFile[];
  /** Drafts are there again after the page was loaded anew. */
  draftsOutlive: boolean;
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

function guide(selected: boolean): ModelEntry {
  return {
    ...blankModel,
    id: 'guide',
    name: 'Guide',
    bytes: 3_400_000,
    selected,
    state: 'ready',
  };
}

function bitnet(selected: boolean): ModelEntry {
  return {
    ...blankModel,
    id: 'bitnet-b1-58-2b-4t-1f2e',
    name: 'BitNet b1.58 2B4T',
    path: '/home/kim/models/ggml-model-i2_s.gguf',
    bytes: 1_187_801_280,
    selected,
  };
}

const FALCON: ModelEntry = {
  ...blankModel,
  id: 'falcon3-7b-1-58bit-77ab',
  name: 'Falcon3 7B 1.58bit',
  path: '/home/kim/models/Falcon3-7B-Instruct-1.58bit',
  bytes: 3_270_000_000,
  state: 'missing',
};

const OLD_UPLOAD: ModelEntry = {
  ...blankModel,
  id: 'bitnet-large-0c41',
  name: 'bitnet_b1_58-large',
  path: '/home/kim/Downloads/bitnet_b1_58-large.gguf',
  bytes: 729_000_000,
  warnings: [{ kind: 'unknownChatFormat' }],
};

const STATS: Stats = {
  ...blankStats,
  promptTokens: 1948,
  reusedTokens: 1820,
  generatedTokens: 128,
  prefillTokensPerSecond: 182,
  decodeTokensPerSecond: 31.4,
  firstTokenSeconds: 0.4,
  seed: '1584004',
  sampling: blankSampling,
};

let ids = 0;
function message(
  role: MessageView['role'],
  text: string,
  createdAt: number,
  more: Partial<MessageView> = {},
): MessageView {
  ids += 1;
  return {
    ...blankMessage,
    id: `m${ids}`,
    role,
    text,
    createdAt,
    modelName: role === 'assistant' ? 'BitNet b1.58 2B4T' : null,
    stats: role === 'assistant' ? STATS : null,
    ...more,
  };
}

function chat(
  id: string,
  title: string,
  age: number,
  questions: string[],
  model = 'bitnet-b1-58-2b-4t-1f2e',
): ConversationView {
  const at = Date.now() - age;
  return {
    ...blankView,
    summary: { ...blankSummary, id, title, createdAt: at, updatedAt: at, model },
    messages: questions.flatMap((question) => [
      message('user', question, at),
      message('assistant', answerTo(question, model === 'guide'), at),
    ]),
  };
}

/** A chat of `count` turns, each a question and its answer. */
function chatOf(
  id: string,
  title: string,
  age: number,
  count: number,
  turn: (number: number) => [question: string, answer: string],
): ConversationView {
  const view = chat(id, title, age, []);
  const at = view.summary.createdAt;
  for (let number = 1; number <= count; number += 1) {
    const [question, answer] = turn(number);
    view.messages.push(message('user', question, at), message('assistant', answer, at));
  }
  return view;
}

const base: Scenario = {
  conversations: [],
  running: [],
  models: [guide(true)],
  library: blankModels,
  libraryProblem: null,
  settings: {
    theme: 'system',
    language: 'system',
    textSize: 100,
    systemPrompt: '',
    presets: [],
    sampling: blankSampling,
    profile: 'full',
    threads: 0,
    smartTitles: true,
    tray: false,
    quickAsk: null,
    menuBar: false,
    mirror: null,
    proxy: { kind: 'system' },
    offline: false,
    unloadAfter: 30,
  },
  platform: { system: 'linux', tray: true, globalKeys: true },
  dataDir: '/home/kim/.local/share/tern',
  startupMs: 0,
  failedStartups: 0,
  startupProblem: {
    code: 'dataFolder',
    detail: {
      kind: 'folderUnusable',
      folder: '/home/kim/.local/share/tern',
      detail: 'Permission denied (os error 13)',
    },
    message: 'Tern can’t keep its chats in the folder /home/kim/.local/share/tern.',
  },
  token: 'missing',
  pickedFile: bitnet(false),
  pickedFolder: {
    code: 'model',
    detail: {
      kind: 'notAModel',
      path: '/home/kim/models/Falcon3',
      reason: 'noConfig',
      hasGguf: false,
    },
    message: '/home/kim/models/Falcon3 is not a model: the folder has no config.json.',
  },
  pickedAttachments: ATTACHABLE,
  draftsOutlive: false,
};

function chats(): ConversationView[] {
  return [
    chat('c-primes', 'Prime sieve in Python', 4 * MINUTE, [
      'Which birds are terns related to?',
      'Show me Python code for a prime sieve, and say what makes it quick.',
    ]),
    chat('c-formats', 'Comparing weight formats', 2 * HOUR, ['Compare BF16, Q4_K and I2_S.']),
    chat('c-letter', 'A letter to the landlord about the heating', 26 * HOUR, [
      'Help me write a short letter to my landlord: the heating has been off for three days.',
    ]),
    chat('c-terns', 'Where do Arctic terns spend the winter?', 27 * HOUR, ['Where do they go?']),
    chat('c-week', 'Meals for a week', 4 * DAY, ['Plan simple meals for a week.']),
    chat('c-guide', 'What is Tern?', 5 * DAY, ['What is Tern?'], 'guide'),
    chat('c-sql', 'Window functions in SQL', 40 * DAY, ['Explain window functions.']),
    chat('c-rust', 'Lifetimes, once more', 43 * DAY, ['Explain lifetimes.']),
    chat('c-poem', 'A poem about the sea', 75 * DAY, ['Write a poem about the sea.']),
  ];
}

const filled = (): Scenario => ({
  ...base,
  conversations: chats(),
  models: [guide(false), { ...bitnet(true), state: 'ready' }],
});

function busy(): Scenario {
  const scene = filled();
  const [first, second] = scene.conversations;
  if (first === undefined || second === undefined) return scene;
  const question = 'Write a long text about how a token is made.';
  const written = piecesOf(question, false).slice(0, 120);
  const running = message('assistant', written.join(''), Date.now(), {
    state: 'writing',
    stats: null,
    nextSeq: written.length,
  });
  first.messages.push(message('user', question, Date.now()), running);
  const queued = message('assistant', '', Date.now(), { state: 'writing', stats: null });
  second.messages.push(message('user', 'And which one should I use?', Date.now()), queued);
  return {
    ...scene,
    running: [
      { conversation: first.summary.id, message: running.id },
      { conversation: second.summary.id, message: queued.id },
    ],
  };
}

function states(): Scenario {
  const scene = filled();
  const at = Date.now();
  const ended = (state: MessageState, more: Partial<MessageView> = {}) => [
    message('user', 'Which birds are terns related to?', at),
    message('assistant', 'Terns are slender seabirds, related to gulls but', at, {
      state,
      ...more,
    }),
  ];
  const messages = [
    ...ended('stopped', { stats: { ...STATS, generatedTokens: 9, stopReason: 'stopped' } }),
    ...ended('interrupted', { stats: null }),
    ...ended('complete', { stats: { ...STATS, generatedTokens: 9, stopReason: 'maxTokens' } }),
    ...ended('failed', {
      text: '',
      stats: null,
      error: {
        kind: 'modelChanged',
        file: '/home/kim/models/ggml-model-i2_s.gguf',
        detail: 'it has another length than when it was loaded',
      },
    }),
  ];
  const view = chat('c-states', 'How answers can end', MINUTE, []);
  return { ...scene, conversations: [{ ...view, messages }, ...scene.conversations] };
}

/** A chat with many turns of one kind, and one with ten thousand messages of all kinds. */
function long(): Scenario {
  const questions = Array.from(
    { length: 200 },
    (_, i) => `Question ${i + 1}: tell me about birds.`,
  );
  const conversations = [
    chat('c-long', 'Two hundred questions', MINUTE, questions),
    chatOf('c-longest', 'Ten thousand messages', 2 * MINUTE, 5000, mixedTurn),
  ];
  return { ...filled(), conversations };
}

/** Messages of 200,000 characters: an answer of each shape, with a few turns before it, and a question. */
function huge(): Scenario {
  const conversations = SHAPES.map((shape, i) =>
    chatOf(`c-huge-${shape}`, `Huge ${shape}`, (i + 1) * MINUTE, 4, (turn) =>
      turn === 4 ? [`A huge ${shape}, please.`, hugeAnswer(shape, 200_000)] : mixedTurn(turn),
    ),
  );
  const question = hugeAnswer('blocks', 200_000);
  conversations.push(chat('c-huge-question', 'Huge question', 9 * MINUTE, [question]));
  return { ...filled(), conversations };
}

/** More chats than anyone reads through. */
function many(): Scenario {
  const conversations = Array.from({ length: 10_000 }, (_, i) =>
    chat(`c-${i}`, `Number ${i} of the flock`, (i + 1) * HOUR, []),
  );
  return { ...filled(), conversations };
}

/** Some chats are pinned, some archived, and one is temporary. */
function sorted(): Scenario {
  const scene = filled();
  const marks: Record<string, Partial<ConversationSummary>> = {
    'c-letter': { pinned: true },
    'c-week': { pinned: true },
    'c-guide': { archived: true },
    'c-rust': { archived: true },
  };
  const conversations = scene.conversations.map((view) => {
    const summary = { ...view.summary, ...marks[view.summary.id] };
    return { ...view, summary };
  });
  const gift = chat('c-gift', 'A present for Kim', 9 * MINUTE, ['What could I give Kim?']);
  gift.summary.temporary = true;
  return { ...scene, conversations: [gift, ...conversations] };
}

const scenarios: Record<string, () => Scenario> = {
  chats: filled,
  'first-run': () => base,
  busy,
  states,
  long,
  huge,
  many,
  sorted,
  /** The large model is there, but nothing was asked yet. */
  ready: () => ({ ...filled(), conversations: [] }),
  /** The large model has to be loaded first. */
  cold: () => ({ ...filled(), models: [guide(false), bitnet(true)] }),
  models: () => ({
    ...filled(),
    models: [guide(false), { ...bitnet(true), state: 'ready' }, OLD_UPLOAD, FALCON],
  }),
  /** One model was downloaded, others are opened where they lie. */
  library: () => ({
    ...filled(),
    models: [guide(false), { ...bitnet(false), name: 'ggml-model-i2_s' }, DOWNLOADED, OLD_UPLOAD],
  }),
  /** A download in each state. */
  downloads: () => ({
    ...filled(),
    models: [guide(true)],
    conversations: chats().filter(({ summary }) => summary.model === 'guide'),
    library: { ...blankModels, downloads: DOWNLOADS },
  }),
  'no-catalogue': () => ({
    ...base,
    libraryProblem: problemFrom({
      code: 'storage',
      message: 'The folder for models can’t be read.',
    }),
  }),
  'no-keyring': () => ({ ...filled(), token: 'noKeyring' }),
  /** The model no longer sees how the first chat began. */
  cut: () =>
    withCut(
      filled(),
      chat('c-trip', 'A trip to the Wadden Sea', MINUTE, [
        'What should I pack for a week on an island?',
        'Which birds are terns related to?',
        'Where do they go?',
        'Compare BF16, Q4_K and I2_S.',
      ]),
    ),
  /** System prompts under names, and a first chat with options of its own. */
  options: () => withOptions(filled()),
  /** A desktop without a tray where keys can't be heard from afar. */
  plain: () => ({ ...filled(), platform: { system: 'linux', tray: false, globalKeys: false } }),
  mac: () => ({ ...filled(), platform: { system: 'macOs', tray: true, globalKeys: true } }),
  /** Loading the page anew is like starting the program again. */
  restart: () => ({ ...filled(), draftsOutlive: true }),
  problem: () => ({ ...filled(), failedStartups: 1 }),
  'problem-stays': () => ({ ...filled(), failedStartups: Infinity }),
  slow: () => ({ ...filled(), startupMs: 3000 }),
};

export function scenario(name: string): Scenario {
  const make = scenarios[name];
  if (make === undefined) {
    throw new Error(`There is no scenario "${name}". Known: ${Object.keys(scenarios).join(', ')}.`);
  }
  return make();
}
