import { beforeAll, describe, expect, it } from 'vitest';
import { formulas } from './formulas.svelte';
import { formulaPayloads } from './hostile';
import { renderMarkdown } from './render';
import { MarkdownStream } from './stream';

/** Sources of the formulas found in a text. */
function sources(markdown: string): string[] {
  const body = new DOMParser().parseFromString(renderMarkdown(markdown), 'text/html').body;
  return [...body.querySelectorAll('.math')].map(
    (element) => element.querySelector('annotation')?.textContent ?? element.textContent,
  );
}

it('until KaTeX is here the source shows, then settled blocks are set without being parsed', async () => {
  const stream = new MarkdownStream();
  stream.update('one $x^2$\n\ntwo\n\nthree', false);
  expect(stream.settled[0]?.html).toBe('<p>one <span class="math">$x^2$</span></p>\n');
  await formulas.load();
  stream.update('one $x^2$\n\ntwo\n\nthree', false);
  expect(stream.settled[0]?.html).toContain('<math');
});

describe('what is a formula', () => {
  beforeAll(() => formulas.load());

  it('each pair of marks', () => {
    expect(sources('$a$ \\(b\\) $$c$$ \\[d\\]')).toEqual(['a', 'b', 'c', 'd']);
    expect(sources('$$\na\n$$\n\n\\[\nb\n\\]\n\n$$c$$')).toEqual(['a', 'b', 'c']);
    expect(sources('- item $a$\n\n  $$\n  b\n  $$\n\n> $$\n> c\n> $$')).toEqual(['a', 'b', 'c']);
    expect(sources('| $a$ |\n|---|\n| $b$ |')).toEqual(['a', 'b']);
  });

  it('lines that would begin a list or a heading belong to it', () => {
    expect(sources('so:\n$$\na\n- b\n+ c\n# d\n$$\nend')).toHaveLength(1);
    expect(renderMarkdown('so:\n$$\na\n- b\n$$\nend')).not.toContain('<li>');
  });

  it.each([
    'costs $5 and $10',
    'from $5 to $10 or US$7 and CA$8',
    '$ a $ and $a $',
    '`$a$` and ``\\(b\\)``',
    '```\n$$\na\n$$\n```',
    '    $a$ in indented code',
    'spend $5 or run `echo $HOME`',
    '\\$a$ and \\$b\\$',
    '$a',
    '\\(a and \\[b',
    '$$\na\n\nb\n$$',
    '$$$$ and $$ $$',
    '\\\\(a\\\\)',
  ])('not this: %j', (text) => {
    expect(sources(text)).toEqual([]);
  });

  it('an escaped dollar inside does not end it', () => {
    expect(sources('$a \\$ b$')).toEqual(['a \\$ b']);
  });

  it('a broken one shows its source', () => {
    expect(renderMarkdown('$\\frac{1}$')).toContain('<span class="math">$\\frac{1}$</span>');
  });
});

describe('written in pieces', () => {
  beforeAll(() => formulas.load());

  it.each([
    'Text\n$$\na\n- b\n= c\n$$\nmore $x$\n\nend',
    'Text\n$$\na\n- b\n\nno end of it\n\nlast',
    '\\[\n\\begin{aligned}\na &= b \\\\\n+ c\n\\end{aligned}\n\\]\n\nend',
    '- one\n  $$\n  a\n  $$\n- two\n\n$$ a',
    '> $$\n> a\n\n$$\nb\n$$ x\n\n```\n$$\n```\n$$\nc',
  ])('ends as the whole text: %j', (text) => {
    const stream = new MarkdownStream();
    for (let at = 1; at < text.length; at += 1) stream.update(text.slice(0, at), false);
    stream.update(text, true);
    expect(stream.settled.map(({ html }) => html).join('') + stream.open).toBe(
      renderMarkdown(text),
    );
  });

  it('a block formula is never cut', () => {
    const stream = new MarkdownStream();
    stream.update('one\n\n$$\na\n- b\n- c\n', false);
    expect(stream.settled.map(({ html }) => html).join('')).not.toContain('$$');
    expect(stream.open).not.toContain('<li>');
  });
});

describe('hostile formulas', () => {
  beforeAll(() => formulas.load());

  it.each(formulaPayloads.map((tex) => [tex.slice(0, 60), tex]))('%s', (_name, tex) => {
    const started = performance.now();
    for (const text of [`a $${tex}$ b`, `$$\n${tex}\n$$`, `\\(${tex}\\)`]) {
      const page = new DOMParser().parseFromString(renderMarkdown(text), 'text/html');
      const bad = 'script,img,iframe,object,style,svg,[style],[href],[src],[id],[data-href]';
      for (const element of page.body.querySelectorAll(bad)) {
        // A bare address is a link that asks first, as everywhere.
        expect(element.getAttribute('data-href'), element.outerHTML).toMatch(/^https?:/);
        expect(element.matches('math *')).toBe(false);
      }
      for (const element of page.querySelectorAll('*')) {
        for (const { name } of element.attributes) expect(name).not.toMatch(/^on/);
      }
      for (const space of page.querySelectorAll('[width], [height]')) {
        expect(parseFloat(space.getAttribute('width') ?? '0')).toBeLessThanOrEqual(20);
        expect(parseFloat(space.getAttribute('height') ?? '0')).toBeLessThanOrEqual(20);
      }
    }
    expect(performance.now() - started).toBeLessThan(10_000);
  });

  it('long runs of marks take bounded time', () => {
    const started = performance.now();
    for (const piece of ['$a ', '$', '$$', '\\(', '\\[', '$$\n', '\\[a\n', '$a$']) {
      renderMarkdown(piece.repeat(3000));
    }
    expect(performance.now() - started).toBeLessThan(30_000);
  });
});
