import { describe, expect, it } from 'vitest';
import { Heights } from './heights';
import { estimateHeight, place, rowsBetween } from './window';

function random(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 48271) % 2147483647) / 2147483647;
}

describe('heights', () => {
  it('sums and places are those of adding up by hand, whatever changes', () => {
    const next = random(5);
    for (const count of [0, 1, 2, 3, 7, 8, 9, 100, 1000]) {
      const plain = Array.from({ length: count }, () => Math.floor(next() * 500));
      const heights = new Heights(plain);
      for (let round = 0; round < 50 && count > 0; round += 1) {
        const row = Math.floor(next() * count);
        plain[row] = Math.floor(next() * 500);
        heights.set(row, plain[row]);
        let top = 0;
        const wanted = Math.floor(next() * count);
        for (let i = 0; i < wanted; i += 1) top += plain[i] ?? 0;
        expect(heights.topOf(wanted)).toBe(top);
      }
      expect(heights.total).toBe(plain.reduce((sum, height) => sum + height, 0));
    }
  });

  it('a place belongs to the row that covers it', () => {
    const heights = new Heights([10, 0, 20, 30]);
    expect([-5, 0, 9.5, 10, 29, 30, 59, 60, 1e9].map((y) => heights.rowAt(y))).toEqual([
      0, 0, 0, 2, 2, 3, 3, 3, 3,
    ]);
    expect(new Heights([]).rowAt(5)).toBe(0);
  });

  it('a row that is not there changes nothing', () => {
    const heights = new Heights([10]);
    heights.set(3, 50);
    expect(heights.total).toBe(10);
  });

  it('a frame of scrolling in a long chat costs next to nothing', () => {
    const heights = new Heights(new Float64Array(10_000).fill(300));
    const started = performance.now();
    for (let y = 0; y < 10_000; y += 1) {
      heights.set(y, y % 700);
      heights.topOf(heights.rowAt(y * 300));
    }
    // Adding up all rows on each of them takes minutes.
    expect(performance.now() - started).toBeLessThan(1000);
  });
});

describe('the rows on the page', () => {
  const heights = new Heights(new Array(100).fill(10));

  it('cover the view, and the room of the others is above and below', () => {
    const span = rowsBetween(heights, 195, 225);
    expect(span).toEqual({ from: 19, to: 23 });
    const { placed, after } = place(heights, [span]);
    expect(placed).toEqual([
      { row: 19, gap: 190 },
      { row: 20, gap: 0 },
      { row: 21, gap: 0 },
      { row: 22, gap: 0 },
    ]);
    expect(after).toBe(770);
  });

  it('are there once, in order, where spans meet or overlap', () => {
    const { placed, after } = place(heights, [
      { from: 50, to: 53 },
      { from: 2, to: 3 },
      { from: 51, to: 54 },
      { from: 98, to: 120 },
    ]);
    expect(placed.map(({ row }) => row)).toEqual([2, 50, 51, 52, 53, 98, 99]);
    expect(placed.filter(({ gap }) => gap > 0)).toEqual([
      { row: 2, gap: 20 },
      { row: 50, gap: 470 },
      { row: 98, gap: 440 },
    ]);
    expect(after).toBe(0);
  });

  it('take exactly as much room as all of them, wherever the view is', () => {
    for (let top = -50; top < 1100; top += 7) {
      const { placed, after } = place(heights, [rowsBetween(heights, top, top + 80)]);
      const room = placed.reduce((sum, { row, gap }) => sum + gap + heights.of(row), after);
      expect(room).toBe(1000);
    }
  });

  it('are none in an empty chat', () => {
    const none = new Heights([]);
    expect(place(none, [rowsBetween(none, 0, 800)])).toEqual({ placed: [], after: 0 });
  });
});

describe('an estimate', () => {
  it('grows with the text, with its lines, and in a narrow window', () => {
    const words = 'A few words of an answer. '.repeat(100);
    const height = estimateHeight('assistant', words, 736);
    expect(estimateHeight('assistant', words + words, 736)).toBeGreaterThan(height);
    expect(estimateHeight('assistant', words, 368)).toBeGreaterThan(height * 1.7);
    expect(estimateHeight('assistant', 'line\n'.repeat(500), 736)).toBeGreaterThan(10_000);
    expect(estimateHeight('user', '', 736)).toBeGreaterThan(40);
  });

  it('looks at the beginning of a long text only', () => {
    const started = performance.now();
    const text = 'A few words.\n'.repeat(80_000);
    for (let i = 0; i < 1000; i += 1) estimateHeight('assistant', text, 736);
    // Counting the lines of a megabyte a thousand times takes many seconds.
    expect(performance.now() - started).toBeLessThan(2000);
    expect(estimateHeight('assistant', text, 736)).toBeGreaterThan(80_000 * 25);
  });
});
