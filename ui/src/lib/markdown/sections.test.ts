/** Long blocks are cut while they grow: the parts put together again are what the whole text is. */
import { describe, expect, it } from 'vitest';
import { blocksOf } from '../find/blocks';
import { blockTexts } from '../find/html-text';
import { random } from './hostile';
import { renderUncoloured } from './render';
import { MarkdownStream } from './stream';

/** `npm run test:full` asks for more. */
const ROUNDS = import.meta.env.TERN_FULL ? 150 : 3;

const many = (count: number, part: (n: number) => string) =>
  Array.from({ length: count }, (_, i) => part(i + 1)).join('');
const quoted = (text: string) => text.replace(/^(?=.|\n)/gm, '> ');
const WORDS = 'words of **some** weight and `code`';

/** Long blocks of every family, and some inside others. */
const LONG: Record<string, string> = {
  'a table': `| a | b **c** | d |\n|--:|---|:-:|\n${many(300, (n) => `| ${n} | ${WORDS} \\| more | x${n} |\n`)}`,
  'a table without marks at its sides': `a | b\n--- | ---\n${many(400, (n) => `${n} | ${WORDS}\n`)}`,
  'a table of rows too short and too long': `| a | b |\n|---|---|\n${many(400, (n) => `| ${WORDS} ${n} ${n % 3 ? '|' : '| b | c |'}\n`)}`,
  'a quote of paragraphs': many(200, (n) => `> ${WORDS} ${n}\n> goes on,\nlazily\n>\n`),
  'a quote of everything': many(
    60,
    (n) =>
      `> ## Part ${n}\n>\n> ${WORDS}\n>\n> 1. one\n> 2. two\n>    - three\n>\n> \`\`\`\n> code ${n}\n>\n> \`\`\`\n>\n> | a |\n> |---|\n> | ${n} |\n>\n> ***\n>\n`,
  ),
  'a list of ones': many(300, (n) => `1. ${WORDS} ${n}\n`),
  'a list of ones from seven on': `7) first\n${many(300, (n) => `1) ${WORDS} ${n}\n   more of it\n`)}`,
  'a list that is numbered anyhow': many(300, (n) => `${(n * 7) % 10}. ${WORDS} ${n}\n`),
  'a list with others in it': many(
    120,
    (n) => `1. ${WORDS} ${n}\n   1. in it\n   1. in it too\n      > ${WORDS}\n`,
  ),
  'a loose list': many(200, (n) => `1. ${WORDS} ${n}\n\n   and a paragraph\n\n`),
  'a table in a quote': quoted(
    `| a | b |\n|---|--:|\n${many(300, (n) => `| ${WORDS} | ${n} |\n`)}`,
  ),
  'a list in a quote': quoted(many(300, (n) => `1. ${WORDS} ${n}\n`)),
  'a list in a quote between others': quoted(
    `Before it.\n\n${many(300, (n) => `- ${WORDS} ${n}\n`)}\nAfter it.\n\n${many(150, (n) => `${WORDS} ${n}.\n\n`)}`,
  ),
  'a table in a quote in a quote': quoted(
    `First.\n\n${quoted(`${WORDS}\n\n| a | b |\n|---|--:|\n${many(300, (n) => `| ${WORDS} | ${n} |\n`)}`)}\nLast.\n`,
  ),
};

/** Parts put together, as they are seen: what goes on is in what it goes on in. */
function joined(html: string): string {
  const root = document.createElement('div');
  root.innerHTML = html;
  for (const head of root.querySelectorAll('.again')) head.remove();
  for (const table of root.querySelectorAll('.long > table')) {
    for (const element of [table, ...table.querySelectorAll('*')]) {
      element.removeAttribute('role');
      element.removeAttribute('aria-label');
      for (const name of [...element.classList]) {
        if (name.startsWith('share-')) element.classList.remove(name);
      }
    }
  }
  for (let part = root.querySelector('.cut-above'); part; part = root.querySelector('.cut-above')) {
    join(part);
  }
  for (const element of root.querySelectorAll('.cut-below')) element.classList.remove('cut-below');
  return plain(root);
}

function join(part: Element): void {
  const before = part.previousElementSibling;
  expect(before?.localName).toBe(part.localName);
  expect(before?.classList).toContain('cut-below');
  if (!part.classList.contains('cut-below')) before?.classList.remove('cut-below');
  part.classList.remove('cut-above');
  const [from, to] = part.matches('.table')
    ? [part.querySelector('tbody'), before?.querySelector('tbody')]
    : [part, before];
  if (part.localName === 'ol') {
    const start = (list: Element | null) => Number(list?.getAttribute('start') ?? 1);
    expect(start(part)).toBe(start(before) + (before?.childElementCount ?? 0));
  }
  to?.append(...(from?.childNodes ?? []));
  part.remove();
}

/** HTML without what nobody sees: blanks between blocks, and what marks a long table. */
function plain(root: Element): string {
  for (const table of root.querySelectorAll('.table')) {
    table.className = 'table';
    for (const name of ['tabindex', 'role', 'aria-label']) table.removeAttribute(name);
  }
  for (const element of root.querySelectorAll('[class=""]')) element.removeAttribute('class');
  return root.innerHTML.replace(/\s*\n\s*/g, '\n').replace(/>\n+|\n+</g, (blank) => blank.trim());
}

function whole(text: string): MarkdownStream {
  const stream = new MarkdownStream();
  stream.update(text, true);
  return stream;
}

function written(text: string, next: () => number, most: number): MarkdownStream {
  const stream = new MarkdownStream();
  for (let at = 0; at < text.length; at += 1 + Math.floor(next() * most)) {
    stream.update(text.slice(0, at), false);
  }
  stream.update(text, true);
  return stream;
}

/** Not purified, which takes most of the time and is tested elsewhere. */
const html = (stream: MarkdownStream) =>
  stream.blocks.map(({ source, env }) => renderUncoloured(source, env)).join('');

function asOne(text: string): string {
  const root = document.createElement('div');
  root.innerHTML = renderUncoloured(text);
  return plain(root);
}

describe.each(Object.entries(LONG))('%s', (_, text) => {
  it('is cut into parts that are together what it is', () => {
    const stream = whole(text);
    expect(stream.settled.length).toBeGreaterThan(1);
    for (const { source } of stream.blocks) expect(source.length).toBeLessThan(9000);
    expect(stream.blocks.map(({ source }) => source).join('')).toBe(text);
    expect(joined(html(stream))).toBe(asOne(text));
  });

  it('ends as the same HTML wherever its pieces ended, alone and among others', () => {
    const next = random(158);
    for (let round = 0; round < ROUNDS; round += 1) {
      const others = Object.values(LONG);
      const after = others[Math.floor(next() * others.length)] ?? '';
      const long = ['', `Before.\n\n${text}\nAfter.\n\n`, `${text}\n***\n\n${after}`][round % 3];
      const source = long || text;
      const stream = written(source, next, [40, 700, 9000][round % 3] ?? 40);
      expect(html(stream)).toBe(html(whole(source)));
      expect(joined(html(stream))).toBe(asOne(source));
    }
  });

  it('says the same to those who look for words in it', () => {
    const root = document.createElement('div');
    root.innerHTML = renderUncoloured(text);
    const wanted = blocksOf(root).map(({ folded }) => folded.text);
    const { blocks } = whole(text);
    const found = blocks.flatMap((block) => blockTexts(renderUncoloured(block.source, block.env)));
    expect(found).toEqual(wanted);
    root.innerHTML = html(whole(text));
    expect(blocksOf(root).map(({ folded }) => folded.text)).toEqual(wanted);
  });
});

describe('a long table', () => {
  it('has a head for each part, said but not seen, and columns that share the width alike', () => {
    const root = document.createElement('div');
    root.innerHTML = html(whole(LONG['a table'] ?? ''));
    const tables = [...root.querySelectorAll('[role="table"]')];
    expect(tables.length).toBeGreaterThan(3);
    const shares = (row: Element | null) =>
      [...(row?.children ?? [])].map((cell) => /share-\d+/.exec(cell.className)?.[0]);
    for (const [i, table] of tables.entries()) {
      const heads = [...table.querySelectorAll('[role="columnheader"]')];
      expect(heads.map((head) => head.textContent)).toEqual(['a', 'b c', 'd']);
      expect(table.querySelector('thead')?.matches('.again.visually-hidden')).toBe(i > 0);
      for (const row of table.querySelectorAll('tr')) {
        expect(row.getAttribute('role')).toBe('row');
        expect(shares(row)).toEqual(shares(tables[0]?.querySelector('tr') ?? null));
      }
    }
  });

  it('stays whole where its many columns scroll to the side', () => {
    const row = (cell: string) => `|${` ${cell} |`.repeat(9)}\n`;
    const stream = whole(row('a') + row('---') + many(300, () => row('some words')));
    expect(stream.settled).toEqual([]);
    expect(html(stream)).toContain('role="region"');
  });
});
