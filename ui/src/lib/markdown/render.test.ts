import { describe, expect, it } from 'vitest';
import { hostileVectors, mutated } from './hostile-vectors';
import { payloads, placedPayloads, tornPayloads } from './hostile';
import { renderMarkdown } from './render';
import { MarkdownStream } from './stream';

/** `npm run test:full` asks for more. */
const TORN = import.meta.env.TERN_FULL ? 20_000 : 2_000;

const TAGS = new Set(
  'p br hr strong em s code pre blockquote ul ol li h3 h4 h5 h6 table thead tbody tr th td div span a button'.split(
    ' ',
  ),
);
const ATTRIBUTES = new Set(
  'class role tabindex title start type aria-label data-href data-copy'.split(' '),
);

/** What is wrong with this HTML, or nothing. */
function dangers(html: string): string[] {
  const found: string[] = [];
  const page = new DOMParser().parseFromString(html, 'text/html');
  for (const element of page.body.querySelectorAll('*')) {
    if (!TAGS.has(element.localName)) found.push(`<${element.localName}>`);
    for (const { name, value } of element.attributes) {
      if (!ATTRIBUTES.has(name)) found.push(`${name}="${value}"`);
      if (name === 'data-href' && !/^https?:\/\//.test(value)) found.push(`link to ${value}`);
    }
  }
  if (page.head.childElementCount > 0) found.push('something in the head');
  return found;
}

function parse(markdown: string): HTMLElement {
  return new DOMParser().parseFromString(renderMarkdown(markdown), 'text/html').body;
}

describe('hostile text becomes nothing but text', () => {
  it('the check itself sees dangers', () => {
    expect(dangers('<img src=x onerror=alert(1)>')).toEqual([
      '<img>',
      'src="x"',
      'onerror="alert(1)"',
    ]);
    expect(dangers('<a data-href="javascript:alert(1)">x</a>')).toHaveLength(1);
    const unsafe = payloads.filter((payload) => dangers(payload).length > 0);
    expect(unsafe.length).toBeGreaterThan(50);
  });

  it('in every place of a Markdown text', () => {
    const vectors = placedPayloads();
    expect(vectors.length).toBeGreaterThan(1000);
    for (const vector of vectors) expect(dangers(renderMarkdown(vector)), vector).toEqual([]);
  });

  it('torn and joined anyhow', () => {
    for (const vector of tornPayloads(TORN, 158)) {
      expect(dangers(renderMarkdown(vector)), JSON.stringify(vector)).toEqual([]);
    }
  });

  it('of every family, whole and while it is written', () => {
    const vectors = hostileVectors();
    // The browser's tests take all of them.
    const some = vectors.filter((_, i) => i % 4 === 0);
    for (const vector of [...some, ...mutated(vectors, TORN / 4, 3)]) {
      const stream = new MarkdownStream();
      stream.update(vector.slice(0, vector.length / 2), false);
      expect(dangers(stream.settled.join('') + stream.open), JSON.stringify(vector)).toEqual([]);
      stream.update(vector, true);
      expect(dangers(stream.settled.join('') + stream.open), JSON.stringify(vector)).toEqual([]);
    }
  });

  it('with deep nesting and long runs in bounded time', () => {
    const started = performance.now();
    for (const piece of ['>', '- ', '[', '![', '*a ', '_a_', '`', '|', '<', '&#', '](', '**']) {
      expect(dangers(renderMarkdown(piece.repeat(5000)))).toEqual([]);
    }
    expect(performance.now() - started).toBeLessThan(20_000);
  });
});

describe('what a person sees', () => {
  it('links keep their address out of the browser’s reach', () => {
    const link = parse('[paper](https://arxiv.org/abs/2402.17764)').querySelector('a');
    expect(link?.hasAttribute('href')).toBe(false);
    expect(link?.dataset.href).toBe('https://arxiv.org/abs/2402.17764');
    expect(link?.getAttribute('role')).toBe('link');
    expect(link?.tabIndex).toBe(0);
  });

  it('addresses in the text are links, names with dots are not', () => {
    expect(parse('see https://example.org/a.').querySelector('a')?.dataset.href).toBe(
      'https://example.org/a',
    );
    expect(parse('edit main.rs and www.rs').querySelector('a')).toBeNull();
  });

  it('an image is a link with its description, never fetched', () => {
    const body = parse('![a tern](https://example.org/tern.png)');
    expect(body.querySelector('img')).toBeNull();
    expect(body.querySelector('a')?.textContent).toBe('a tern');
  });

  it('code has its language, its copy button and its colours', () => {
    const body = parse('```rust\nlet x = 1;\n```');
    expect(body.querySelector('.code-language')?.textContent).toBe('rust');
    expect(body.querySelector('[data-copy]')?.textContent).toBe('Copy');
    expect(body.querySelector('.hljs-keyword')?.textContent).toBe('let');
    expect(body.querySelector('code')?.textContent).toBe('let x = 1;\n');
  });

  it('tables align without styles', () => {
    const cells = parse('| a | b |\n|:-|-:|\n| 1 | 2 |').querySelectorAll('td');
    expect([...cells].map((cell) => cell.className)).toEqual(['align-left', 'align-right']);
  });

  it('headings start below those of the page', () => {
    expect(parse('# one\n\n## two').querySelector('h3')?.textContent).toBe('one');
    expect(parse('###### six').querySelector('h6')?.textContent).toBe('six');
  });

  it('line ends are kept', () => {
    expect(parse('one\ntwo').querySelector('br')).not.toBeNull();
  });
});
