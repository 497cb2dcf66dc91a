/** What is spared while many messages are looked through changes nothing that is found. */
import { describe, expect, it } from 'vitest';
import { foldedText, foldWithPlaces, places } from '../fold';
import { blankMessage } from '../ipc/fake-blanks';
import { hugeAnswer, mixedTurn, SHAPES } from '../ipc/fake-long';
import { placedPayloads, random, tornPayloads } from '../markdown/hostile';
import { hostileVectors } from '../markdown/hostile-vectors';
import { renderUncoloured } from '../markdown/render';
import { MarkdownStream } from '../markdown/stream';
import { Message } from '../state/message.svelte';
import { blocksOf } from './blocks';
import { countIn } from './count';
import { blockTexts } from './html-text';

/** `npm run test:full` asks for more. */
const ROUNDS = import.meta.env.TERN_FULL ? 20_000 : 600;

const VARIED = [
  'a **bo**ld w__or__d, ~~st~~ruck, `co`de, in*side*word and snake_case_word',
  '[te](https://example.org/x)rn and [te][named]rn, [nam\ned] and [te][]rn\n\n[named]: /u "t"\n[te]: <x y>',
  '> - [def\n>   ined]: https://example.org/a\n> so [def ined]ly, [Def  Ined]d',
  'caf&eacute; &amp; t&#101;rn, &#x74;ern, &nosuch; &copy &copy; A&B;C R&D',
  '<https://example.org/%C3%A9t%C3%A9> <mailto:a%C3%A9b@example.org> <a@example.org> <x:y%20z> <b>te</b>rn',
  'https://example.org/%C3%A9t%C3%A9 //example.org/%C3%A9 mailto:t%C3%A9@example.org ftp://a.org/%41',
  '![al*t*](x.png)rn ![te](javascript:1)rn',
  't\\ern t\\*ern te\\\nrn te  \nrn te\nrn T\\&amp;ern',
  '| te | rn |\n|---|:-:|\n| t\\|ern | `a|b` |\n| te**rn** |',
  '1. te\n2. rn\n   - t\n   - ern\n\n7) seven',
  '```te rn\nte\nrn &amp; <b>\n```\n~~~\nte\n',
  'x[0]: y a[i](j) f[1]\n\n- [ ] task [x]: no',
  'Ünï**cöde** straße STRASSE ΣΊΣΥΦΟΣ σίσυφος ﬁne e\u0301 **e**\u0301 שָׁלוֹם हिन्दी が İı',
  'so $x^2$ it \\(is\\) $$y_1$$ for 5$ and 6$',
  'so\u00a0many\u2003blanks\u200b here\tand\ftoo\u0000',
  'Setext\nhead\n===\n\n    indented code\n\n***',
  '&#13;te&#13;&#10;rn',
];

function texts(): string[] {
  return [
    ...VARIED,
    VARIED.join('\n\n'),
    ...hostileVectors(),
    ...placedPayloads(),
    ...tornPayloads(ROUNDS, 11),
    ...SHAPES.map((shape) => hugeAnswer(shape, 12_000)),
    ...Array.from({ length: 14 }, (_, i) => mixedTurn(i)[1]),
  ].filter((text) => text.length < 40_000);
}

const messageOf = (text: string) =>
  new Message({ ...blankMessage, id: 'a', role: 'assistant', text });

/** The text of each block, by the page that would show it. */
function shown(text: string): string[] {
  const stream = new MarkdownStream();
  stream.update(text, true);
  return stream.blocks.flatMap(({ html }) => {
    const template = document.createElement('template');
    template.innerHTML = html;
    return blocksOf(template.content).map(({ folded }) => folded.text);
  });
}

const countShown = (blocks: string[], query: string) =>
  blocks.reduce((sum, text) => sum + [...places(text, query)].length, 0);

describe('texts that nobody looks at', () => {
  it('are the same without a page', () => {
    for (const text of texts()) {
      const html = renderUncoloured(text);
      const template = document.createElement('template');
      template.innerHTML = html;
      const wanted = blocksOf(template.content).map(({ folded }) => folded.text);
      expect(blockTexts(html), JSON.stringify(text)).toEqual(wanted);
    }
  });

  it('are folded in the same way without their places', () => {
    for (const text of texts()) expect(foldedText(text)).toBe(foldWithPlaces(text).text);
  });

  it('are found wherever the page would show them', () => {
    const next = random(5);
    for (const text of texts()) {
      const blocks = shown(text);
      for (let i = 0; i < 6; i += 1) {
        // From what is shown, so that it is there, and now and then from what is not.
        const from = next() < 0.8 ? (blocks[Math.floor(next() * blocks.length)] ?? '') : text;
        const at = Math.floor(next() * from.length);
        const query = foldedText(from.slice(at, at + 1 + Math.floor(next() * 9)));
        const what = `${JSON.stringify(query)} in ${JSON.stringify(text)}`;
        // Each asked by itself: what was read for one query is at hand for the next.
        expect(countIn(messageOf(text), query), what).toBe(countShown(blocks, query));
      }
    }
  });

  it('are found also when a query gets longer, letter by letter, and is another one', () => {
    for (const text of VARIED) {
      const blocks = shown(text);
      const message = messageOf(text);
      for (const word of ['tern and more', 'e\u0301te', 'code', 'te rn', 'x']) {
        for (let length = 1; length <= word.length; length += 1) {
          const query = foldedText(word.slice(0, length));
          expect(countIn(message, query), query).toBe(countShown(blocks, query));
        }
      }
    }
  });
});
