import { expect, it } from 'vitest';
import { hugeAnswer } from '../ipc/fake-long';
import { piecesOf } from './pieces';
import { MarkdownStream } from './stream';

function blocksOf(text: string) {
  const stream = new MarkdownStream();
  stream.update(text, true);
  return stream.blocks;
}

it('a short answer is one piece, an empty one too', () => {
  expect(piecesOf([])).toEqual([[]]);
  expect(piecesOf(blocksOf('one\n\ntwo'))).toHaveLength(1);
});

it('pieces stay what they are while blocks follow', () => {
  const blocks = blocksOf(hugeAnswer('blocks', 60_000));
  const all = piecesOf(blocks);
  expect(all.flat()).toEqual(blocks);
  for (let n = 1; n < blocks.length; n += 1) {
    const some = piecesOf(blocks.slice(0, n));
    expect(some.slice(0, -1)).toEqual(all.slice(0, some.length - 1));
  }
});

it('none begins with a heading or a rule, whose room above would add up', () => {
  const part = `${'Words. '.repeat(600)}\n\n`;
  for (const mark of ['## Heading', 'Heading\n---', '***', '- - -']) {
    const pieces = piecesOf(blocksOf(`${part}${mark}\n\n`.repeat(8)));
    expect(pieces.length).toBeGreaterThan(2);
    for (const [first] of pieces) expect(first?.source).toMatch(/^Words/);
  }
});
