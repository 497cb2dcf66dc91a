/** Numbers as people read them: honest, short, one style everywhere. */
import type { Sampling, Stats } from './ipc/host';
import { perLanguage, t } from './strings/language.svelte';

const whole = perLanguage(
  (language) => new Intl.NumberFormat(language, { maximumFractionDigits: 0 }),
);
const tenth = perLanguage(
  (language) =>
    new Intl.NumberFormat(language, { minimumFractionDigits: 1, maximumFractionDigits: 1 }),
);

/** `1,940` */
export function count(n: number): string {
  return whole().format(n);
}

/** Bytes with decimal units, as file managers show them: `87 MB`, `1.2 GB`. */
export function bytes(n: number): string {
  if (n < 1000) return `${whole().format(n)} B`;
  const units = ['kB', 'MB', 'GB', 'TB'];
  let value = n;
  let unit = 'B';
  for (const next of units) {
    // 999.6 would be shown as 1,000 of the smaller unit.
    if (value < 999.5) break;
    value /= 1000;
    unit = next;
  }
  const text = value < 10 && unit !== 'kB' ? tenth().format(value) : whole().format(value);
  return `${text} ${unit}`;
}

/** Tokens per second: `31`, below ten `4.2`. */
export function speed(tokensPerSecond: number): string {
  return tokensPerSecond < 10 ? tenth().format(tokensPerSecond) : whole().format(tokensPerSecond);
}

/** Seconds: `8 ms`, `0.4 s`, `12 s`, `2 min`. */
export function seconds(s: number): string {
  // 0.0 s would say that it took no time at all.
  if (s < 0.05) return `${whole().format(Math.max(1, s * 1000))} ms`;
  if (s < 9.95) return `${tenth().format(s)} s`;
  if (s < 99.5) return `${whole().format(s)} s`;
  return `${whole().format(s / 60)} min`;
}

/** An estimate of seconds left, never more exact than it is: `1 s`, `6 s`, `2 min`. */
export function secondsLeft(s: number): string {
  if (s < 90) return `${whole().format(Math.max(1, Math.ceil(s)))} s`;
  return `${whole().format(Math.ceil(s / 60))} min`;
}

/** `125 %` */
export function inPercent(n: number): string {
  return `${whole().format(n)} %`;
}

/** `42 %`: how much of a whole is done, never more than all of it. */
export function percent(fraction: number): string {
  return inPercent(Math.floor(Math.min(1, Math.max(0, fraction)) * 100));
}

/** `1 token`, `1,940 tokens` */
export function tokens(n: number): string {
  return n === 1 ? t.stats.oneToken : t.stats.tokens(count(n));
}

/** `128 tokens · 31 tok/s · first token 0.4 s · reused 1,820`; parts that say nothing are left out. */
export function statsLine(stats: Stats): string {
  const parts = [tokens(stats.generatedTokens)];
  if (stats.decodeTokensPerSecond > 0)
    parts.push(t.stats.speed(speed(stats.decodeTokensPerSecond)));
  if (stats.generatedTokens > 0) parts.push(t.stats.firstToken(seconds(stats.firstTokenSeconds)));
  if (stats.reusedTokens > 0) parts.push(t.stats.reused(count(stats.reusedTokens)));
  return parts.join(' · ');
}

const fine = perLanguage(
  (language) => new Intl.NumberFormat(language, { maximumFractionDigits: 4 }),
);

/** `0.5`, `1,000,000`: a number as exact as settings are. */
export function decimal(n: number): string {
  return fine().format(n);
}

/** `temperature 0.6 · top-p 0.9`; what is off is left out. */
export function samplingLine(sampling: Sampling): string {
  const { temperature, topK, topP, minP, repetitionPenalty, maxAnswerTokens } = sampling;
  const parts =
    temperature === 0 ? [t.stats.greedy] : [t.sampling.temperature(fine().format(temperature))];
  if (temperature > 0 && topK > 0) parts.push(t.sampling.topK(count(topK)));
  if (temperature > 0 && topP < 1) parts.push(t.sampling.topP(fine().format(topP)));
  if (temperature > 0 && minP > 0) parts.push(t.sampling.minP(fine().format(minP)));
  if (repetitionPenalty !== 1) {
    parts.push(t.sampling.repetitionPenalty(fine().format(repetitionPenalty)));
  }
  if (maxAnswerTokens > 0) parts.push(t.sampling.maxAnswerTokens(count(maxAnswerTokens)));
  return parts.join(' · ');
}
