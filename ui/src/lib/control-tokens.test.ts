import { describe, expect, it } from 'vitest';
import { blocksOf, piecesOf } from './control-tokens';

describe('control tokens', () => {
  it('are found between what people and models wrote', () => {
    expect(piecesOf('<|begin_of_text|>User: 2 < 3 || 4 > 3<|eot_id|>')).toEqual([
      { text: '<|begin_of_text|>', control: true },
      { text: 'User: 2 < 3 || 4 > 3', control: false },
      { text: '<|eot_id|>', control: true },
    ]);
  });

  it('of every known template are found', () => {
    for (const token of ['<|im_start|>', '<s>', '</s>', '[INST]', '[/INST]', '>>SUFFIX<<']) {
      expect(piecesOf(`a${token}b`)[1]).toEqual({ text: token, control: true });
    }
  });

  it('lose nothing of the text', () => {
    const text = 'a<|eot_id|><|eot_id|>\n\n<s>b';
    expect(
      piecesOf(text)
        .map((piece) => piece.text)
        .join(''),
    ).toBe(text);
    expect(piecesOf('')).toEqual([]);
  });
});

describe('blocks', () => {
  it('are short, end with a line where there is one, and lose nothing', () => {
    const text = Array.from({ length: 20_000 }, (_, i) => `Line ${i} of a long prompt.`).join('\n');
    const blocks = blocksOf(text);
    expect(blocks.join('')).toBe(text);
    expect(Math.max(...blocks.map(({ length }) => length))).toBeLessThan(9000);
    expect(blocks.slice(0, -1).every((block) => block.endsWith('\n'))).toBe(true);
  });

  it('cut a line without an end, but no character', () => {
    const text = `x${'🐦'.repeat(500_000)}`;
    const blocks = blocksOf(text);
    expect(blocks.join('')).toBe(text);
    expect(blocks.some((block) => /^[\uDC00-\uDFFF]/.test(block))).toBe(false);
  });
});
