import { afterEach, describe, expect, it } from 'vitest';
import { blankDownload, CATALOGUE } from './ipc/fake-catalogue';
import type { CatalogueEntry, Download, Setback } from './ipc/host';
import {
  aboutWords,
  downloadLine,
  fitWords,
  glanceWords,
  setbackWords,
  shapeWords,
  sourceOf,
} from './model-words';
import { language } from './strings/language.svelte';

const download = (more: Partial<Download>): Download => ({
  ...blankDownload,
  doneBytes: 412_000_000,
  totalBytes: 1_200_000_000,
  ...more,
});
const entry = (fit: Partial<CatalogueEntry['fit']>): CatalogueEntry => ({
  ...CATALOGUE[0]!,
  memoryBytes: 1.4e9,
  downloadBytes: 1.2e9,
  fit: { ...CATALOGUE[0]!.fit, freeMemoryBytes: 9.1e9, totalMemoryBytes: 16.5e9, ...fit },
});

afterEach(() => {
  language.current = 'en';
});

describe('a download in words', () => {
  it('says how much, how fast and how long, as far as it is known', () => {
    const state: Download['state'] = { kind: 'fetching' };
    expect(downloadLine(download({ state, bytesPerSecond: 11_400_000, secondsLeft: 69 }))).toBe(
      '412 MB of 1.2 GB · 11 MB/s · about 69 s left',
    );
    expect(downloadLine(download({ state }))).toBe('412 MB of 1.2 GB');
    expect(downloadLine(download({ state, totalBytes: 0 }))).toBe('');
  });

  it('says what it waits for, and until when', () => {
    const state: Download['state'] = {
      kind: 'waiting',
      setback: { kind: 'unreachable' },
      seconds: 12,
    };
    expect(downloadLine(download({ state }))).toBe(
      '412 MB of 1.2 GB · Waiting for a connection. Next try in 12 s.',
    );
  });

  it('has a sentence of its own for every setback', () => {
    const setbacks: Setback[] = [
      { kind: 'unreachable' },
      { kind: 'timedOut' },
      { kind: 'cutShort' },
      { kind: 'tooSlow' },
      { kind: 'unsafe' },
      { kind: 'refused', status: 503 },
      { kind: 'nonsense', what: 'no length' },
      { kind: 'changed' },
      { kind: 'damaged' },
    ];
    const words = setbacks.map(setbackWords);
    expect(new Set(words).size).toBe(setbacks.length);
    expect(words.join(' ')).toMatch(/status 503.*no length/);
    for (const sentence of words) expect(sentence).toMatch(/\.$/);
  });

  it('is short in the status strip, and never more than whole', () => {
    expect(glanceWords(download({ state: { kind: 'fetching' } }))).toBe('BitNet b1.58 2B4T · 34 %');
    expect(glanceWords(download({ doneBytes: 2e9 }))).toMatch('100 %');
    expect(glanceWords(download({ totalBytes: 0 }))).toMatch('0 %');
    expect(glanceWords(download({ state: { kind: 'paused' } }))).toMatch('paused');
  });
});

describe('whether a model fits', () => {
  it('names what is short with the figures that show it', () => {
    expect(fitWords(entry({ verdict: 'fits', reason: 'none' }))).toEqual({
      verdict: 'Fits',
      why: 'needs 1.4 GB of memory, 9.1 GB are free',
    });
    expect(fitWords(entry({ verdict: 'wontFit', reason: 'memory' })).why).toMatch('has 17 GB');
    expect(fitWords(entry({ verdict: 'slow', reason: 'memory' })).why).toMatch('9.1 GB are free');
    const full = entry({ verdict: 'wontFit', reason: 'disk', freeDiskBytes: 3e8 });
    expect(fitWords(full).why).toBe('takes 1.2 GB on the disk, 300 MB are free');
    expect(fitWords(full, true)).toEqual(fitWords(full));
  });

  it('promises a speed only once there is one, and never for what won’t run', () => {
    expect(fitWords(entry({ tokensPerSecond: 23.6 })).why).toMatch('about 24 tokens a second');
    expect(fitWords(entry({ tokensPerSecond: null })).why).not.toMatch('tokens a second');
    const not = entry({ verdict: 'wontFit', reason: 'memory', tokensPerSecond: 2 });
    expect(fitWords(not).why).not.toMatch('tokens a second');
  });

  it('says nothing about a disk the system does not tell of', () => {
    expect(fitWords(entry({ freeDiskBytes: 2e11 }), true).why).toMatch('200 GB are free');
    expect(fitWords(entry({ freeDiskBytes: null }), true).why).not.toMatch('disk');
  });
});

describe('a catalogue entry in words', () => {
  it('tells a commit by its beginning, and none where there is none', () => {
    expect(sourceOf('a/b', '04c3b9ad9361b8')).toBe('a/b@04c3b9a');
    expect(sourceOf('a/b', null)).toBe('a/b');
  });

  it('is in the window’s language', () => {
    expect(aboutWords(CATALOGUE[0]!)).toMatch('Microsoft’s own');
    expect(shapeWords(CATALOGUE[0]!)).toBe('2.4 billion weights · reads 4,096 tokens');
    language.current = 'de';
    expect(aboutWords(CATALOGUE[0]!)).toMatch('Microsofts eigenes');
    expect(shapeWords({ ...CATALOGUE[0]!, chat: false })).toBe(
      '2,4 Milliarden Gewichte · liest 4.096 Tokens · nicht zum Chatten',
    );
  });
});
