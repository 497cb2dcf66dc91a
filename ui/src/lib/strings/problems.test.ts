import { afterEach, describe, expect, it } from 'vitest';
import { bytes, count, decimal } from '../format';
import type { ModelWarning, ProblemDetail } from '../ipc/host';
import { language, type Language } from './language.svelte';
import { problemText, reasonOf, warningText } from './problems';

/** One of each kind: a new kind is missed here by the type. */
type OneOfEach<T extends { kind: string }> = {
  [Kind in T['kind']]: Omit<Extract<T, { kind: Kind }>, 'kind'>;
};

const path = '/home/kim/ordner/datei';
const backups = '/home/kim/backups';
const folder = '/home/kim/ordner';
const file = '/home/kim/modell.gguf';
const name = 'bericht.txt';
const detail = 'os error 13';
const advice = 'Choose the other one.';
const limit = 64_000_000;

const PROBLEMS: OneOfEach<ProblemDetail> = {
  noHome: {},
  folderUnusable: { folder, detail },
  inUse: { folder },
  newerDatabase: { path, found: 1234, supported: 567 },
  notADatabase: { path },
  damaged: { path, backups, detail },
  notMigrated: { path, backups, detail },
  diskFull: { path },
  readOnly: { path },
  locked: { path },
  notStored: { path, detail },
  noChat: {},
  noMessage: {},
  noAnswer: {},
  noQuestion: {},
  stillWriting: {},
  answerEnded: {},
  noBackup: { cause: { kind: 'diskFull', path } },
  nothingThere: { path },
  notAModel: { path, reason: 'otherFile', hasGguf: false },
  pathNotText: { path },
  modelUnreadable: { path, detail },
  unknownModel: { id: 'bitnet-77ab' },
  newerModelList: { path, found: 1234 },
  modelList: { path, detail },
  modelMissing: { name: 'BitNet', path },
  exportDiskFull: { path },
  exportNotWritable: { path },
  exportFailed: { path, detail },
  exportCutOff: {},
  offline: {},
  hereAlready: { name },
  noDownload: {},
  modelInUse: { name },
  downloadsRunning: {},
  tooLittleMemory: { needed: 5_200_000_000, free: 123_000_000 },
  keyring: { detail },
  badToken: {},
  badRepo: { name },
  badEndpoint: { address: 'ftp://example.org' },
  badProxy: { address: 'ftp://example.org' },
  notOnHub: { host: 'hub.example', what: 'kim/modell' },
  needsToken: { host: 'hub.example', repo: 'kim/modell' },
  insecure: { address: 'ftp://example.org' },
  redirectLoop: { host: 'hub.example' },
  badListing: { detail },
  nothingToFetch: { repo: 'kim/modell' },
  severalFiles: { repo: 'kim/modell', files: 'a.gguf, b.gguf', first: 'a.gguf' },
  unsafeName: { name },
  notAsRecorded: { file, detail },
  wrongHash: { file },
  undelivered: { host: 'hub.example', detail },
  noSpace: { needed: 5_200_000_000, free: 123_000_000, folder },
  modelsDiskFull: { path },
  modelsFolder: { path, detail },
  planted: { path },
  networkSettings: { path, detail },
  fetchedElsewhere: {},
  modelFileGone: { file },
  modelFileResized: { file },
  modelFileChanged: { file },
  noRecord: {},
  foreignFile: { file, detail, advice },
  modelCutShort: { file, part: 'tensor blk.0', needed: 1_187_801_280, found: 12_345 },
  modelDamaged: { file, detail, advice },
  modelIncomplete: { file, part: 'tensor blk.0', advice },
  modelUnsupported: { file, detail, advice },
  outOfMemory: { file, needed: 5_200_000_000 },
  noThreads: { threads: 1234, detail },
  stopped: {},
  emptyMessage: {},
  tooLong: { tokens: 12_345, limit: 4096 },
  contextFull: { limit: 4096 },
  templateToken: { token: '<|user|>' },
  templateRefused: { detail },
  modelChanged: { file, detail },
  busy: {},
  notAnAnswer: {},
  notLast: {},
  tooManyFiles: { files: 20, bytes: 2_000_000 },
  engineFailed: { detail },
  setting: { setting: 'temperature', least: 0.5, most: 1_000_000 },
  presetTwice: { name },
  threadNotStarted: { detail },
  defect: { detail },
  fileUnreadable: { name, detail },
  fileIsFolder: { name },
  fileTooLarge: { name, limit },
  fileNotText: { name },
  fileIsModel: { name },
  pdfTooLarge: { name, limit },
  pdfTooSlow: { name },
  pdfUnusual: { name },
  pdfOnlyPictures: { name },
  notASeed: {},
  notAWebLink: {},
  linkNotOpened: { detail },
  folderNotShown: { folder, detail },
  noMenuBar: { detail },
  noTray: {},
  noTrayIcon: { detail },
  keysRefused: { keys: 'Ctrl+Space', detail },
  unworded: { text: 'It broke.' },
};

const WARNINGS: OneOfEach<ModelWarning> = {
  wrongTemplate: {},
  unusableTemplate: { detail },
  unknownChatFormat: {},
  noSplittingRule: {},
  unknownSplittingRule: { rule: 'gpt-4o' },
  zeros: { first: 'blk.0.ffn_up.weight', more: 1234 },
};

/** Facts that decide the words rather than stand among them. */
const DECIDING = ['kind', 'cause', 'reason', 'hasGguf', 'setting'];
/** Numbers of bytes that are shown as sizes. */
const SIZES = [
  'outOfMemory.needed',
  'tooManyFiles.bytes',
  'fileTooLarge.limit',
  'pdfTooLarge.limit',
  'tooLittleMemory.needed',
  'tooLittleMemory.free',
  'noSpace.needed',
  'noSpace.free',
];

type Said = { kind: string; words: () => string; facts: [string, unknown][] };

const listed = <T extends { kind: string }>(all: OneOfEach<T>, text: (one: T) => string): Said[] =>
  Object.entries<object>(all).map(([kind, facts]) => ({
    kind,
    words: () => text({ kind, ...facts } as T),
    facts: Object.entries(facts),
  }));

const everything = [...listed(PROBLEMS, problemText), ...listed(WARNINGS, warningText)];

function shown(kind: string, fact: string, value: unknown): string {
  if (typeof value !== 'number') return String(value);
  if (kind === 'setting') return decimal(value);
  return SIZES.includes(`${kind}.${fact}`) ? bytes(value) : count(value);
}

const every = (values: Record<string, ProblemDetail>) =>
  Object.entries(values).map(([kind, problem]) => ({ kind, words: () => problemText(problem) }));

/** Kinds whose words hang on a fact, with each of its values. */
const byFact = [
  ...(
    [
      'neitherFileNorFolder',
      'noConfigBeside',
      'description',
      'otherFile',
      'noConfig',
      'noWeights',
    ] as const
  ).map((reason): ProblemDetail => ({ kind: 'notAModel', path, reason, hasGguf: false })),
  ...(['noConfig', 'noWeights'] as const).map((reason): ProblemDetail => ({
    kind: 'notAModel',
    path,
    reason,
    hasGguf: true,
  })),
  ...(
    [
      'temperature',
      'topP',
      'minP',
      'repetitionPenalty',
      'topK',
      'maxAnswerTokens',
      'textSize',
      'threads',
      'systemPromptLength',
      'presetCount',
      'presetNameLength',
      'quickAskLength',
    ] as const
  ).map((setting): ProblemDetail => ({ kind: 'setting', setting, least: 0, most: 2 })),
];

afterEach(() => {
  language.current = 'en';
});

describe.each<Language>(['en', 'de'])('problems in %s', (name) => {
  const all = [
    ...everything,
    ...every(Object.fromEntries(byFact.map((problem, i) => [`${problem.kind}.${i}`, problem]))),
  ];

  it('have every fact in their sentence', () => {
    language.current = name;
    for (const { kind, words, facts } of everything) {
      for (const [fact, value] of facts) {
        if (DECIDING.includes(fact)) continue;
        expect(words(), `${kind}.${fact}`).toContain(shown(kind, fact, value));
      }
    }
    expect(problemText({ kind: 'noBackup', cause: { kind: 'readOnly', path } })).toContain(
      problemText({ kind: 'readOnly', path }),
    );
  });

  it('are set with care', () => {
    language.current = name;
    for (const { kind, words } of all) {
      const text = words();
      expect(text, kind).toMatch(/^\S.*[.“]$/);
      expect(text, kind).not.toMatch(/ {2}|["']|\.\.| - |undefined|null|\[object|NaN/);
      if (name === 'de') {
        expect(text, kind).not.toMatch(/”|»|«/);
        expect(text.match(/„/g)?.length ?? 0, kind).toBe(text.match(/“/g)?.length ?? 0);
      }
    }
  });

  it('do not leave their line, turn their direction or go on for ever, whatever is in a name', () => {
    language.current = name;
    const hostile = `a\u202ecod.exe\n\u0000\u2028b${'x'.repeat(5000)}`;
    for (const { kind, facts } of everything) {
      const given = facts.map(([fact, value]) => [
        fact,
        typeof value === 'string' && !DECIDING.includes(fact) ? hostile : value,
      ]);
      const one = { kind, ...Object.fromEntries(given) };
      const text =
        kind in WARNINGS ? warningText(one as ModelWarning) : problemText(one as ProblemDetail);
      expect(text, kind).not.toMatch(/[\p{Cc}\u2028\u202e]/u);
      expect(text.length, kind).toBeLessThan(5000);
      if (text.includes('cod.exe')) expect(text, kind).toContain('\u2068acod.exe b');
    }
  });
});

it('no German sentence is the English one, but for the names in it', () => {
  for (const { kind, words } of everything) {
    const english = words();
    language.current = 'de';
    const german = words();
    language.current = 'en';
    expect(german, kind).not.toBe(english);
    // What is said in English is marked so.
    const own = german.replace(/Genauer, auf Englisch: „[^“]*“/g, '');
    expect(own, kind).not.toMatch(/\b(the|is|and|again|try|can’t|choose)\b/i);
  }
});

it('what is thrown and is no refusal is a defect, in the window’s language', () => {
  language.current = 'de';
  expect(reasonOf(new TypeError('x is undefined'))).toContain('„x is undefined“');
});
