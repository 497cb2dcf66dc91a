import { describe, expect, it } from 'vitest';
import { blankSummary } from './ipc/fake-blanks';
import { blocksOf, HEADING, ROW, rowsBetween, scrollTo } from './list-window';

const group = (label: string, count: number) => ({
  label,
  rows: Array.from({ length: count }, (_, i) => ({ ...blankSummary, id: `${label}${i}` })),
});

const blocks = blocksOf([group('a', 3), group('b', 10_000), group('c', 1)]);
const [a, b, c] = blocks;
const ids = (block: typeof a, from: number, to: number, always: string | null = null) =>
  block === undefined ? [] : rowsBetween(block, from, to, always).map(({ row }) => row.id);

describe('the rows on the page', () => {
  it('are those in view, whole or in part', () => {
    const start = (b?.top ?? 0) + HEADING + 100 * ROW;
    expect(ids(b, start, start + 2 * ROW)).toEqual(['b100', 'b101']);
    expect(ids(b, start - 0.1, start + 2 * ROW + 0.1)).toEqual(['b99', 'b100', 'b101', 'b102']);
    expect(ids(a, start, start + 2 * ROW)).toEqual([]);
    expect(ids(c, start, start + 2 * ROW)).toEqual([]);
    expect(ids(a, 0, 1000)).toEqual(['a0', 'a1', 'a2']);
  });

  it('and the one the keyboard is at, once, wherever it is', () => {
    const start = (b?.top ?? 0) + HEADING + 100 * ROW;
    expect(ids(b, start, start + ROW, 'b7')).toEqual(['b7', 'b100']);
    expect(ids(b, start, start + ROW, 'b100')).toEqual(['b100']);
    expect(ids(b, start, start + ROW, 'b9999')).toEqual(['b100', 'b9999']);
    expect(ids(a, start, start + ROW, 'a2')).toEqual(['a2']);
    expect(ids(c, 0, 1, 'c0')).toEqual(['c0']);
    expect(ids(b, start, start + ROW, 'a0')).toEqual(['b100']);
  });
});

describe('bringing a row into view', () => {
  it('moves nothing that is in view, and as little as it can', () => {
    const row = (b?.top ?? 0) + HEADING + 50 * ROW;
    expect(scrollTo(blocks, 'b50', row, 10)).toBeNull();
    expect(scrollTo(blocks, 'b50', row - 10 + ROW, 10)).toBeNull();
    expect(scrollTo(blocks, 'b50', row + 1, 10)).toBe(row);
    expect(scrollTo(blocks, 'b50', 0, 10)).toBe(row + ROW - 10);
  });

  it('shows a group’s name with its first row, and nothing for a row that is not listed', () => {
    expect(scrollTo(blocks, 'a0', 1, 10)).toBe(0);
    expect(scrollTo(blocks, 'c0', (c?.top ?? 0) + 1, 10)).toBe(c?.top);
    expect(scrollTo(blocks, 'nowhere', 0, 10)).toBeNull();
  });
});
