import { describe, expect, it } from 'vitest';
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

const html = (stream: MarkdownStream) => stream.settled.join('') + stream.open;

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
    expect(first).toBe('<p>one</p>\n');
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
