import { describe, expect, it } from 'vitest';
import { bytes, percent, samplingLine, seconds, secondsLeft, speed, statsLine } from './format';
import { blankSampling, blankStats } from './ipc/fake-blanks';
import type { Stats } from './ipc/host';

const STATS: Stats = {
  ...blankStats,
  promptTokens: 1948,
  reusedTokens: 1820,
  generatedTokens: 128,
  prefillTokensPerSecond: 180,
  decodeTokensPerSecond: 31.4,
  firstTokenSeconds: 0.42,
};

describe('numbers are honest and short', () => {
  it('the line under an answer', () => {
    expect(statsLine(STATS)).toBe('128 tokens · 31 tok/s · first token 0.4 s · reused 1,820');
  });

  it('parts that say nothing are left out', () => {
    const stopped = { ...STATS, generatedTokens: 0, decodeTokensPerSecond: 0, reusedTokens: 0 };
    expect(statsLine(stopped)).toBe('0 tokens');
    expect(statsLine({ ...STATS, generatedTokens: 1, reusedTokens: 0 })).toBe(
      '1 token · 31 tok/s · first token 0.4 s',
    );
  });

  it('sizes never show a thousand of a unit', () => {
    expect([0, 999, 1000, 87e6, 999.6e6, 1.187e9, 9.96e9].map(bytes)).toEqual([
      '0 B',
      '999 B',
      '1 kB',
      '87 MB',
      '1.0 GB',
      '1.2 GB',
      '10.0 GB',
    ]);
  });

  it('times and speeds', () => {
    expect([0.0004, 0.04, 0.05, 9.94, 9.96, 99, 120].map(seconds)).toEqual([
      '1 ms',
      '40 ms',
      '0.1 s',
      '9.9 s',
      '10 s',
      '99 s',
      '2 min',
    ]);
    expect([0.2, 5.4, 89.5, 200].map(secondsLeft)).toEqual(['1 s', '6 s', '90 s', '4 min']);
    expect([4.24, 31.4].map(speed)).toEqual(['4.2', '31']);
    expect([-1, 0.999, 1, 2].map(percent)).toEqual(['0 %', '99 %', '100 %', '100 %']);
  });
});

describe('how tokens were drawn', () => {
  it('leaves out what is off, and 32-bit dust', () => {
    expect(samplingLine(blankSampling)).toBe('temperature 0.6 · top-p 0.9');
    const all = { ...blankSampling, temperature: 0.6000000238, topK: 1000, minP: 0.05 };
    expect(samplingLine({ ...all, repetitionPenalty: 1.1, maxAnswerTokens: 2000 })).toBe(
      'temperature 0.6 · top-k 1,000 · top-p 0.9 · min-p 0.05 · repetition penalty 1.1 · at most 2,000 tokens',
    );
  });

  it('says of a greedy answer what that means', () => {
    const greedy = { ...blankSampling, temperature: 0, topK: 40, minP: 0.1 };
    expect(samplingLine(greedy)).toBe('the likeliest token each time');
  });
});
