/** Downloads and catalogue entries in words. */
import { bytes, count, percent, secondsLeft, speed } from './format';
import type { CatalogueEntry, Download, ModelEntry, ModelWork, Setback } from './ipc/host';
import { language, perLanguage, t } from './strings/language.svelte';

const BILLION = 1_000_000_000;

const tenths = perLanguage(
  (language) => new Intl.NumberFormat(language, { maximumFractionDigits: 1 }),
);

/** `microsoft/bitnet@04c3b9a`: a commit is told by its beginning. */
export function sourceOf(repo: string, revision: string | null): string {
  return revision === null ? repo : `${repo}@${revision.slice(0, 7)}`;
}

/** Share that is there; `null` while it is not known how much there is. */
export function shareOf({ doneBytes, totalBytes }: Download | ModelWork): number | null {
  return totalBytes > 0 ? Math.min(1, doneBytes / totalBytes) : null;
}

/** `412 MB of 1.2 GB · 11 MB/s · about 1 min`, or what it waits for. */
export function downloadLine(download: Download): string {
  const { state, doneBytes, totalBytes, bytesPerSecond } = download;
  const amount = totalBytes > 0 ? t.downloads.done(bytes(doneBytes), bytes(totalBytes)) : null;
  const parts: (string | null)[] = {
    asking: () => [t.downloads.asking],
    fetching: () => [
      amount,
      bytesPerSecond === null ? null : t.downloads.rate(bytes(bytesPerSecond)),
      download.secondsLeft === null ? null : t.downloads.left(secondsLeft(download.secondsLeft)),
    ],
    waiting: () => [amount, waitingWords(state)],
    checking: () => [t.downloads.checking],
    paused: () => [t.downloads.paused, amount],
    failed: () => [amount],
  }[state.kind]();
  return parts.filter((part) => part !== null).join(' · ');
}

function waitingWords(state: Download['state']): string | null {
  if (state.kind !== 'waiting') return null;
  return t.downloads.waiting(setbackWords(state.setback), secondsLeft(state.seconds));
}

/** What came between, as a sentence. */
export function setbackWords(setback: Setback): string {
  const words = t.downloads.setbacks;
  if (setback.kind === 'refused') return words.refused(count(setback.status));
  if (setback.kind === 'nonsense') return words.nonsense(setback.what);
  return words[setback.kind];
}

/** `BitNet b1.58 2B4T · 42 %` */
export function glanceWords(download: Download): string {
  const { name, state } = download;
  if (state.kind === 'paused') return t.downloads.glancePaused(name);
  if (state.kind === 'failed') return t.downloads.glanceFailed(name);
  return t.downloads.glance(name, percent(shareOf(download) ?? 0));
}

/** Whether a model runs on this computer: a word, and why with figures; `withDisk` what it takes there, too. */
export function fitWords(
  { fit, memoryBytes, downloadBytes }: CatalogueEntry,
  withDisk = false,
): { verdict: string; why: string } {
  const { free, total } = { free: fit.freeMemoryBytes, total: fit.totalMemoryBytes };
  const needs = bytes(memoryBytes);
  const memory =
    fit.verdict === 'wontFit'
      ? t.library.fit.memoryInAll(needs, bytes(total))
      : t.library.fit.memory(needs, bytes(free));
  const disk =
    fit.freeDiskBytes === null
      ? null
      : t.library.fit.disk(bytes(downloadBytes), bytes(fit.freeDiskBytes));
  const why = {
    none: memory,
    memory,
    disk: disk ?? memory,
    processor: t.library.fit.processor,
    speed: t.library.fit.speed,
  }[fit.reason];
  const expected = fit.verdict === 'wontFit' ? null : fit.tokensPerSecond;
  const parts = [
    why,
    withDisk && fit.reason !== 'disk' ? disk : null,
    expected === null ? null : t.library.fit.expected(speed(expected)),
  ];
  return {
    verdict: t.library.fit[fit.verdict],
    why: parts.filter((part) => part !== null).join('; '),
  };
}

/** `2.4 billion weights · reads 4,096 tokens` */
export function shapeWords({ parameters, context, chat }: CatalogueEntry): string {
  const parts = [
    t.library.weights(tenths().format(parameters / BILLION)),
    t.library.context(count(context)),
  ];
  return (chat ? parts : [...parts, t.library.completionOnly]).join(' · ');
}

/** The sentence about a model in the window's language. */
export function aboutWords({ aboutEn, aboutDe }: CatalogueEntry): string {
  return language.current === 'de' ? aboutDe : aboutEn;
}

/** `Verifying · 42 %` */
export function workWords(work: ModelWork): string {
  return t.library.work[work.kind](percent(shareOf(work) ?? 0));
}

/** Whether a model can answer: its files are there, all of them. */
export function isUsable({ state, work }: ModelEntry): boolean {
  return state !== 'missing' && work?.kind !== 'copying';
}

/** Where a model's files are from: `microsoft/bitnet@04c3b9a`, or that they are used where they lie. */
export function originWords({ origin, owned }: ModelEntry): string {
  if (origin !== null) return sourceOf(origin.repo, origin.revision);
  return owned ? t.library.copied : t.library.inPlace;
}
