/** Dates as people read them, and the sidebar's groups: Today, Yesterday, Previous 7 days, then months. */
import type { ConversationSummary } from './ipc/host';
import { perLanguage, t } from './strings/language.svelte';

export interface Group {
  label: string;
  rows: ConversationSummary[];
}

/** Midnight at the start of the local day `days` before `now`; calendar days, so that a change of clocks does no harm. */
function startOfDay(now: Date, days: number): number {
  return new Date(now.getFullYear(), now.getMonth(), now.getDate() - days).getTime();
}

const month = perLanguage((language) => new Intl.DateTimeFormat(language, { month: 'long' }));
const monthAndYear = perLanguage(
  (language) => new Intl.DateTimeFormat(language, { month: 'long', year: 'numeric' }),
);

function label(at: number, now: Date): string {
  if (at >= startOfDay(now, 0)) return t.dates.today;
  if (at >= startOfDay(now, 1)) return t.dates.yesterday;
  if (at >= startOfDay(now, 7)) return t.dates.previous7;
  const date = new Date(at);
  return date.getFullYear() === now.getFullYear()
    ? month().format(date)
    : monthAndYear().format(date);
}

/** Rows newest first, under their labels. A time in the future (a clock set back) counts as today. */
export function groupByDate(rows: readonly ConversationSummary[], now: Date): Group[] {
  const groups: Group[] = [];
  const sorted = [...rows].sort((a, b) => b.updatedAt - a.updatedAt || (a.id < b.id ? 1 : -1));
  for (const row of sorted) {
    const name = label(row.updatedAt, now);
    const last = groups.at(-1);
    if (last?.label === name) last.rows.push(row);
    else groups.push({ label: name, rows: [row] });
  }
  return groups;
}

/** Milliseconds until the next local midnight, when the labels move on. */
export function untilMidnight(now: Date): number {
  return startOfDay(now, -1) - now.getTime();
}

const time = perLanguage((language) => new Intl.DateTimeFormat(language, { timeStyle: 'medium' }));
const dateAndTime = perLanguage(
  (language) => new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'short' }),
);

/** `10:12:08 AM` today, `18 Nov 2026, 10:12 AM` on another day. */
export function moment(at: number, now = new Date()): string {
  return (at >= startOfDay(now, 0) ? time() : dateAndTime()).format(at);
}
