import { describe, expect, it } from 'vitest';
import { hugeAnswer, SHAPES } from '../ipc/fake-long';
import { tornPayloads } from './hostile';
import { renderMarkdown } from './render';
import { MarkdownStream } from './stream';

/** `npm run test:full` asks for more. */
const ROUNDS = import.meta.env.TERN_FULL ? 5000 : 150;

const BLOCKS = [
  'A paragraph with **bold** and `code`.',
  'Two lines\nof one paragraph',
  '- one\n- two\n\n- loose\n\n  with a paragraph',
  '1. one\n2. two\n   - nested\n\n3. three',
  '```python\nprint("a")\n\n\nprint("b")\n```',
  '~~~\nunclosed fence\n\n# not a heading',
  '- item\n```\ncode that ends the list\n\nmore\n```',
  '| a | b |\n|---|---|\n| 1 | 2 |',
  '> quoted\n\n> quoted again',
  'Setext\n===',
  'a | b\n---|---',
  '    indented code\n\n    more of it',
  '# Heading\nright below',
  '***',
  'Text\n- list right after\n\ntext',
  '[named][x] and [other]',
  '[x]: https://example.org/x "title"',
  '[other]: https://example.org/other',
  '* * *\n* star list',
  '&copy; &lt;b&gt; \\*no\\*',
  'line\r\nwith CRLF\r\n\r\nend',
];

function random(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 48271) % 2147483647) / 2147483647;
}

function feed(text: string, next: () => number): MarkdownStream {
  const stream = new MarkdownStream();
  for (let at = 0; at < text.length; at += 1 + Math.floor(next() * 9)) {
    stream.update(text.slice(0, at), false);
  }
  stream.update(text, true);
  return stream;
}

const html = (stream: MarkdownStream) =>
  stream.settled.map((block) => block.html).join('') + stream.open;

describe('a text written in pieces', () => {
  it('ends as the same HTML as the whole text', () => {
    const next = random(158);
    for (let round = 0; round < ROUNDS; round += 1) {
      const count = 1 + Math.floor(next() * 7);
      const blocks = Array.from(
        { length: count },
        () => BLOCKS[Math.floor(next() * BLOCKS.length)],
      );
      const text = blocks.join(next() < 0.8 ? '\n\n' : '\n');
      expect(html(feed(text, next)), JSON.stringify(text)).toBe(renderMarkdown(text));
    }
  });

  it('ends as the same HTML also for torn hostile text', () => {
    const next = random(7);
    for (const text of tornPayloads(200, 7)) {
      expect(html(feed(text, next)), JSON.stringify(text)).toBe(renderMarkdown(text));
    }
  });

  it('renders settled blocks once', () => {
    const stream = new MarkdownStream();
    stream.update('one\n\ntwo\n\nthr', false);
    const [first] = stream.settled;
    expect(first?.html).toBe('<p>one</p>\n');
    stream.update('one\n\ntwo\n\nthree\n\nfour', false);
    expect(stream.settled[0]).toBe(first);
    expect(stream.settled).toHaveLength(2);
    expect(stream.open).toBe('<p>three</p>\n<p>four</p>\n');
  });

  it('never settles half a line or an open fence', () => {
    const stream = new MarkdownStream();
    stream.update('Title\n', false);
    stream.update('Title\n--', false);
    expect(stream.settled).toEqual([]);
    stream.update('```\na\n\nb\n\nc\n', false);
    expect(stream.settled).toEqual([]);
  });

  it('starts afresh when the text is another one', () => {
    const stream = new MarkdownStream();
    stream.update('one\n\ntwo\n\nthree', false);
    stream.update('other', true);
    expect(html(stream)).toBe('<p>other</p>\n');
  });

  it('keeps up with a long answer', () => {
    const stream = new MarkdownStream();
    const paragraph = 'Some words that make a paragraph of an answer. '.repeat(8);
    let text = '';
    const started = performance.now();
    for (let i = 0; i < 400; i += 1) {
      text += `${paragraph}\n\n`;
      stream.update(text, false);
    }
    // Rendering everything again on each piece takes minutes.
    expect(performance.now() - started).toBeLessThan(10_000);
    expect(stream.settled.length).toBeGreaterThan(390);
  });
});

describe('a very long block', () => {
  const GROWING = ['list', 'ones', 'paragraph', 'quote', 'table'] as const;
  /** Without heads that are said again for each part of a table. */
  const once = (part: string) => part.replace(/<thead[^>]* class="again[^]*?<\/thead>/g, '');
  const text = (part: string) => {
    const root = document.createElement('div');
    root.innerHTML = part;
    return root.textContent.replace(/\s+/g, ' ');
  };
  const whole = (source: string) => {
    const stream = new MarkdownStream();
    stream.update(source, true);
    return stream;
  };

  it('is cut so that no part is long, and says the same', () => {
    for (const shape of SHAPES.filter((name) => name !== 'code')) {
      const source = hugeAnswer(shape, 20_000);
      const stream = whole(source);
      expect(text(once(html(stream)))).toBe(text(renderMarkdown(source)));
      expect(stream.blocks.map((block) => block.source).join('')).toBe(source);
      for (const block of stream.blocks) expect(block.source.length).toBeLessThan(9000);
    }
  });

  it('written in pieces is cut as well, while it is written', () => {
    for (const shape of GROWING) {
      const source = hugeAnswer(shape, 20_000);
      const stream = new MarkdownStream();
      for (let at = 0; at < source.length; at += 700) stream.update(source.slice(0, at), false);
      expect(stream.settled.length).toBeGreaterThan(2);
      stream.update(source, true);
      expect(text(once(html(stream)))).toBe(text(renderMarkdown(source)));
    }
  });

  it('numbers of a list go on over a cut, however they are written', () => {
    const item = (n: number) => `${n}. ${'Words of an item. '.repeat(20)}\n`;
    const numbered = whole(Array.from({ length: 60 }, (_, i) => item(i + 3)).join(''));
    expect(numbered.settled.length).toBeGreaterThan(3);
    const starts = (stream: MarkdownStream) =>
      [...html(stream).matchAll(/<ol[^>]*>/g)].map(([list]) =>
        Number(/start="(\d+)"/.exec(list)?.[1] ?? 1),
      );
    const items = numbered.blocks.map(({ source }) => Number(/^\d+/.exec(source)?.[0]));
    expect(starts(numbered)).toEqual(items);
    const ones = whole(Array.from({ length: 60 }, () => item(1)).join(''));
    expect(starts(ones)).toEqual(items.map((n) => n - 2));
  });

  it('a paragraph is not cut where the rest would become something else', () => {
    const source = 'In the year. 1984. Then - as ever. # none. '.repeat(300);
    expect(html(whole(source))).not.toMatch(/<(ol|ul|h\d)/);
  });

  it('code that is being written is not rendered again for each line', () => {
    const source = hugeAnswer('code', 20_000);
    const stream = new MarkdownStream();
    const rendered = new Set<string>();
    for (let at = 15_000; at < source.length - 10; at += 50) {
      stream.update(source.slice(0, at), false);
      rendered.add(stream.open);
      expect(text(stream.open) + stream.openCode.replace(/\s+/g, ' ')).toContain(
        source
          .slice(at - 30, at)
          .trim()
          .replace(/\s+/g, ' '),
      );
    }
    expect(rendered.size).toBe(1);
    expect(stream.settled).toEqual([]);
    stream.update(`${source}\nAnd`, false);
    expect(stream.openCode).toBe('');
    expect(html(stream)).toBe(renderMarkdown(`${source}\nAnd`));
  });

  it('a fence inside code does not end it, and one that ends it does so at once', () => {
    const stream = new MarkdownStream();
    stream.update('````\n```\n``` x\n~~~~\n', false);
    stream.update('````\n```\n``` x\n~~~~\n``', false);
    expect(stream.settled).toEqual([]);
    stream.update('````\n```\n``` x\n~~~~\n`````\nafter', false);
    expect(stream.settled).toHaveLength(1);
    expect(stream.open).toBe('<p>after</p>\n');
  });

  it('costs no more per piece at the end than at the beginning', () => {
    for (const shape of ['code', ...GROWING] as const) {
      const source = hugeAnswer(shape, 200_000);
      const cost = (from: number) => {
        const stream = new MarkdownStream();
        stream.update(source.slice(0, from), false);
        void stream.open;
        const started = performance.now();
        for (let at = from; at < from + 600; at += 6) {
          stream.update(source.slice(0, at), false);
          void stream.open;
        }
        return performance.now() - started;
      };
      // Rendering 200,000 characters anew a hundred times takes minutes. Generous: a busy machine.
      expect(cost(195_000), shape).toBeLessThan(20 * cost(15_000) + 1000);
    }
  });
});
