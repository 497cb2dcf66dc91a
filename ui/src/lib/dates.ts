/** Dates as people read them, and the sidebar's groups. */
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

/** Names the days before `now`. Ten thousand rows ask, so what can be known beforehand is. */
function labels(now: Date): (at: number) => string {
  const today = startOfDay(now, 0);
  const yesterday = startOfDay(now, 1);
  const week = startOfDay(now, 7);
  /** The month that was named last, and when it begins and ends. */
  let name = '';
  let from = Infinity;
  let to = Infinity;
  return (at) => {
    if (at >= today) return t.dates.today;
    if (at >= yesterday) return t.dates.yesterday;
    if (at >= week) return t.dates.previous7;
    if (at < from || at >= to) {
      const date = new Date(at);
      const [year, index] = [date.getFullYear(), date.getMonth()];
      from = new Date(year, index).getTime();
      to = new Date(year, index + 1).getTime();
      name = year === now.getFullYear() ? month().format(date) : monthAndYear().format(date);
    }
    return name;
  };
}

/** Newest first. */
function byTime(rows: readonly ConversationSummary[]): ConversationSummary[] {
  return [...rows].sort((a, b) => b.updatedAt - a.updatedAt || (a.id < b.id ? 1 : -1));
}

/** Rows newest first, under their labels. A time in the future (a clock set back) counts as today. */
export function groupByDate(rows: readonly ConversationSummary[], now: Date): Group[] {
  const groups: Group[] = [];
  const label = labels(now);
  for (const row of byTime(rows)) {
    const name = label(row.updatedAt);
    const last = groups.at(-1);
    if (last?.label === name) last.rows.push(row);
    else groups.push({ label: name, rows: [row] });
  }
  return groups;
}

/** What the sidebar lists: temporary chats, pinned ones, then the others by date; none that is archived. */
export function groupForList(rows: readonly ConversationSummary[], now: Date): Group[] {
  const listed = rows.filter(({ archived }) => !archived);
  const temporary = listed.filter(({ temporary }) => temporary);
  const pinned = listed.filter(({ temporary, pinned }) => pinned && !temporary);
  const others = listed.filter(({ temporary, pinned }) => !pinned && !temporary);
  return [
    { label: t.sidebar.temporary, rows: byTime(temporary) },
    { label: t.sidebar.pinned, rows: byTime(pinned) },
    ...groupByDate(others, now),
  ].filter(({ rows }) => rows.length > 0);
}

const time = perLanguage(
  (language) => new Intl.DateTimeFormat(language, { hour: 'numeric', minute: '2-digit' }),
);
const day = perLanguage(
  (language) => new Intl.DateTimeFormat(language, { day: 'numeric', month: 'short' }),
);
const dayAndYear = perLanguage(
  (language) =>
    new Intl.DateTimeFormat(language, { day: 'numeric', month: 'short', year: 'numeric' }),
);

/** The time of today, the day of this year, else the whole date. */
export function shortDate(at: number, now: Date): string {
  const date = new Date(at);
  if (startOfDay(date, 0) === startOfDay(now, 0)) return time().format(date);
  return (date.getFullYear() === now.getFullYear() ? day() : dayAndYear()).format(date);
}

/** Milliseconds until the next local midnight, when the labels move on. */
export function untilMidnight(now: Date): number {
  return startOfDay(now, -1) - now.getTime();
}

const timeToTheSecond = perLanguage(
  (language) => new Intl.DateTimeFormat(language, { timeStyle: 'medium' }),
);
const dateAndTime = perLanguage(
  (language) => new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'short' }),
);

/** `10:12:08 AM` today, `18 Nov 2026, 10:12 AM` on another day. */
export function moment(at: number, now = new Date()): string {
  return (at >= startOfDay(now, 0) ? timeToTheSecond() : dateAndTime()).format(at);
}
