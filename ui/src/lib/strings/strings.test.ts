import { afterEach, describe, expect, it } from 'vitest';
import { bytes, count, speed } from '../format';
import { MarkdownStream } from '../markdown/stream';
import { catalogues, chosenLanguage, language, t, type Strings } from './language.svelte';

type Words = string | ((...given: never[]) => string);

/** Every leaf of a catalogue with its path. */
function leaves(branch: object, path = ''): [string, Words][] {
  return Object.entries(branch).flatMap(([name, value]): [string, Words][] => {
    const at = path === '' ? name : `${path}.${name}`;
    return typeof value === 'object' ? leaves(value as object, at) : [[at, value as Words]];
  });
}

/** What a function is given here: words that are in no catalogue, or for counts a number. */
function given(words: (...given: never[]) => string, path: string): (string | number)[] {
  return Array.from({ length: words.length }, (_, i) => (COUNTED.has(path) ? 40 + i : `⟨${i}⟩`));
}

const COUNTED = new Set([
  'palette.found',
  'sidebar.goneForGood',
  'status.threads',
  'status.connections',
  'attachments.files',
  'attachments.pasted',
  'context.willLeaveOut',
  'palette.found',
  'queue.queued',
  'status.threads',
]);

function sentence(words: Words, path: string): string {
  return typeof words === 'string' ? words : words(...(given(words, path) as never[]));
}

/** Every sentence of a catalogue, functions with arguments filled in. */
const sentences = (strings: Strings) =>
  leaves(strings).map(([path, words]): [string, string] => [path, sentence(words, path)]);

/** Names, and words that are the same in both languages. */
const SAME = [
  'app.name',
  'sidebar.label',
  'palette.chats',
  'downloads.glance',
  'downloads.rate',
  'library.downloadLabel',
  'message.codeLabel',
  'stats.prompt',
  'modelPrompt.text',
  'settings.themes.system',
  'exports.words.system',
  // Each language is called what its speakers call it.
  'settings.languages.system',
  'settings.languages.en',
  'settings.languages.de',
  'settings.presetName',
  'settings.topK',
  'settings.topP',
  'settings.minP',
  'settings.threads',
  'settings.version',
  // The Guide reads English only.
  ...[0, 1, 2, 3].map((i) => `welcome.suggestions.${i}`),
];

afterEach(() => {
  language.current = 'en';
});

describe.each(Object.entries(catalogues))('the catalogue %s', (name, strings) => {
  it('says everything the English one says, to the same questions', () => {
    const shape = (all: Strings) =>
      leaves(all).map(([path, words]) => [path, typeof words === 'string' ? 0 : words.length]);
    expect(shape(strings)).toEqual(shape(catalogues.en));
  });

  it('puts everything it is given into the sentence', () => {
    for (const [path, words] of leaves(strings)) {
      if (typeof words === 'string') continue;
      for (const part of given(words, path)) {
        expect(sentence(words, path), path).toContain(String(part));
      }
    }
  });

  it('is set with care', () => {
    for (const [path, text] of sentences(strings)) {
      expect(text, path).toMatch(/^\S(.*\S)?$/);
      expect(text, path).not.toMatch(/ {2}|["']|\.\.\.| - /);
    }
  });

  it('is its own language', () => {
    if (name === 'en') return;
    const english = new Map(sentences(catalogues.en));
    const same = sentences(strings).filter(([path, text]) => english.get(path) === text);
    expect(same.map(([path]) => path).sort()).toEqual([...SAME].sort());
  });
});

it('German quotes are „these“', () => {
  for (const [path, text] of sentences(catalogues.de)) {
    expect(text, path).not.toMatch(/”|»|«|’/);
    expect(text.match(/„/g)?.length ?? 0, path).toBe(text.match(/“/g)?.length ?? 0);
  }
});

describe('the chosen language', () => {
  it('is the one that was set, whatever the system speaks', () => {
    expect(chosenLanguage('en', ['de-DE'])).toBe('en');
    expect(chosenLanguage('de', ['en-GB'])).toBe('de');
  });

  it('is else the first of the system’s that Tern speaks', () => {
    expect(chosenLanguage('system', ['de-AT', 'en'])).toBe('de');
    expect(chosenLanguage('system', ['fr-FR', 'DE', 'en'])).toBe('de');
    expect(chosenLanguage('system', ['en-US', 'de'])).toBe('en');
  });

  it('is English where Tern speaks none of them', () => {
    expect(chosenLanguage('system', [])).toBe('en');
    expect(chosenLanguage('system', ['fr', '', 'den-CA', 'toString', '__proto__'])).toBe('en');
  });
});

describe('a change of language', () => {
  it('changes words, numbers and the language the page says it has', () => {
    expect([t.sidebar.newChat, count(12_345), speed(4.2)]).toEqual(['New chat', '12,345', '4.2']);
    language.current = 'de';
    expect([t.sidebar.newChat, count(12_345), speed(4.2)]).toEqual(['Neuer Chat', '12.345', '4,2']);
    expect(bytes(1_187_801_280)).toBe('1,2 GB');
    expect(document.documentElement.lang).toBe('de');
  });

  it('changes the words inside answers, settled blocks too', () => {
    const stream = new MarkdownStream();
    const text = '```js\nx\n```\n\n| a |\n|---|\n| b |\n\nlast words';
    const html = () => [...stream.settled.map((block) => block.html), stream.open].join('');
    stream.update(text, false);
    expect(html()).toContain('Copy code');
    language.current = 'de';
    stream.update(text, false);
    expect(html()).toContain('Code kopieren');
    expect(html()).toContain('aria-label="Tabelle"');
    expect(html()).not.toContain('Copy');
    expect(stream.settled).toHaveLength(1);
    stream.update(`${text}, and more`, true);
    expect(html()).toContain('Code kopieren');
  });
});
