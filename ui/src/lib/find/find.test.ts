import { describe, expect, it } from 'vitest';
import { blankMessage } from '../ipc/fake-blanks';
import type { MessageView } from '../ipc/host';
import { renderMarkdown } from '../markdown/render';
import { Message } from '../state/message.svelte';
import { blocksOf, rangesIn } from './blocks';
import { countIn } from './count';
import { foldWithPlaces, places, unfold } from '../fold';

/** What is found of `text` by `query`, as it stands there. */
function found(text: string, query: string): string[] {
  const folded = foldWithPlaces(text);
  const wanted = foldWithPlaces(query).text;
  return [...places(folded.text, wanted)].map((at) =>
    text.slice(...unfold(folded, at, at + wanted.length)),
  );
}

function page(markdown: string): HTMLElement {
  const root = document.createElement('div');
  root.innerHTML = renderMarkdown(markdown);
  return root;
}

function words(root: Node, query: string): string[] {
  return rangesIn(root, foldWithPlaces(query).text, 0, Infinity).map((found) => {
    const range = document.createRange();
    range.setStart(found.startContainer, found.startOffset);
    range.setEnd(found.endContainer, found.endOffset);
    return range.toString();
  });
}

const view = (more: Partial<MessageView>): MessageView => ({
  ...blankMessage,
  id: 'a',
  role: 'assistant',
  ...more,
});

describe('case and accents make no difference', () => {
  it('in either direction, and the match is whole', () => {
    expect(found('Café, CAFE, cafe\u0301!', 'café')).toEqual(['Café', 'CAFE', 'cafe\u0301']);
    expect(found('Über uns', 'uber')).toEqual(['Über']);
    expect(found('İstanbul istanbul', 'istanbul')).toEqual(['İstanbul', 'istanbul']);
    expect(found('Ελλάδα', 'ελλαδα')).toEqual(['Ελλάδα']);
    expect(found('שָׁלוֹם', 'שלום')).toEqual(['שָׁלוֹם']);
  });

  it('vowel signs that are letters do', () => {
    expect(found('हिन्दी', 'हन')).toEqual([]);
  });

  it('places are right behind characters of two units', () => {
    expect(found('🙂 é 🙂 tern 🙂', 'TERN')).toEqual(['tern']);
    expect(found('a🙂b', '🙂')).toEqual(['🙂']);
  });

  it('an empty query finds nothing, and matches do not overlap', () => {
    expect(found('aaa', '')).toEqual([]);
    expect(found('aaaaa', 'aa')).toEqual(['aa', 'aa']);
  });

  it('any blank is a blank', () => {
    expect(found('one\ntwo one\u00a0two', 'one two')).toHaveLength(2);
  });
});

describe('what is found in a rendered answer', () => {
  it('goes across bold, code, links and line ends', () => {
    const root = page('a **bo**ld `co`de [li](https://example.org)nk\nend');
    expect(words(root, 'bold code link end')).toEqual(['bold code link\nend']);
    expect(words(root, 'o')).toEqual(['o', 'o']);
  });

  it('does not go across paragraphs, cells or items', () => {
    expect(words(page('one\n\ntwo'), 'one two')).toEqual([]);
    expect(words(page('| a | b |\n|---|---|\n| c | d |'), 'c d')).toEqual([]);
    expect(words(page('- one\n- two'), 'one two')).toEqual([]);
    expect(words(page('- one\n  - two'), 'onetwo')).toEqual([]);
  });

  it('words of the window are not found', () => {
    const root = page('```python\nprint("copy")\n```');
    expect(words(root, 'copy')).toEqual(['copy']);
    expect(words(root, 'python')).toEqual([]);
  });

  it('some of many matches can be asked for', () => {
    const root = page('x y '.repeat(10_000));
    expect(rangesIn(root, 'x', 9_000, 9_005)).toHaveLength(5);
    expect(blocksOf(root)).toHaveLength(1);
  });
});

describe('counting', () => {
  it('an answer that is on no page counts like one that is', () => {
    const text = '# Terns\n\nA *te*rn\n\n- tern\n\n```\ntern tern\n```\n\n| tern |\n|---|\n| x |';
    expect(countIn(new Message(view({ text })), 'tern')).toBe(words(page(text), 'tern').length);
    expect(countIn(new Message(view({ text })), 'tern')).toBe(6);
  });

  it('is exact in a text that grows', () => {
    const message = new Message(view({ state: 'writing' }));
    for (let i = 1; i <= 50; i += 1) {
      message.append(`A **t**ern.${i % 5 === 0 ? '\n\n' : ' '}`);
      expect(countIn(message, 'tern')).toBe(i);
    }
  });

  it('ten thousand matches are ten thousand', () => {
    const text = 'tern and Tern\n\n'.repeat(5000);
    expect(countIn(new Message(view({ text })), 'tern')).toBe(10_000);
    expect(countIn(new Message(view({ role: 'user', text })), 'tern')).toBe(10_000);
  });
});

describe('what is seen as one character', () => {
  it('is found as a whole', () => {
    expect(words(page('one 👩‍👩‍👧‍👦 here'), '👧')).toEqual(['👩‍👩‍👧‍👦']);
    expect(words(page('🇩🇪🇫🇷'), '🇪🇫')).toEqual(['🇩🇪🇫🇷']);
    expect(words(page('**e**\u0301t\u0301e'), 'e')).toEqual(['e\u0301', 'e']);
    expect(words(page('👍🏽👍'), '👍')).toEqual(['👍🏽', '👍']);
  });
});
