import { describe, expect, it } from 'vitest';
import { groupByDate, groupForList, moment, shortDate, untilMidnight } from './dates';
import { blankSummary } from './ipc/fake-blanks';
import type { ConversationSummary } from './ipc/host';

function row(id: string, at: Date): ConversationSummary {
  const time = at.getTime();
  return { ...blankSummary, id, title: id, createdAt: time, updatedAt: time };
}

const NOW = new Date(2026, 10, 20, 0, 30);

describe('groups of the sidebar', () => {
  it('go by calendar days, not by hours', () => {
    const groups = groupByDate(
      [
        row('just now', new Date(2026, 10, 20, 0, 1)),
        row('an hour ago, yesterday', new Date(2026, 10, 19, 23, 59)),
        row('a week ago', new Date(2026, 10, 13, 0, 0)),
        row('before that', new Date(2026, 10, 12, 23, 59)),
        row('October', new Date(2026, 9, 31)),
        row('last year', new Date(2025, 10, 20)),
        row('future', new Date(2027, 0, 1)),
      ],
      NOW,
    );
    expect(groups.map((group) => [group.label, group.rows.map(({ id }) => id)])).toEqual([
      ['Today', ['future', 'just now']],
      ['Yesterday', ['an hour ago, yesterday']],
      ['Previous 7 days', ['a week ago']],
      ['November', ['before that']],
      ['October', ['October']],
      ['November 2025', ['last year']],
    ]);
  });

  it('every row is in exactly one group, newest first, each label once', () => {
    const rows = Array.from({ length: 800 }, (_, i) =>
      row(`${i}`, new Date(NOW.getTime() - i * 17 * 3_600_000)),
    );
    const groups = groupByDate(rows.toReversed(), NOW);
    expect(groups.flatMap((group) => group.rows)).toEqual(rows);
    expect(new Set(groups.map(({ label }) => label)).size).toBe(groups.length);
  });

  it('put temporary chats before pinned ones before the rest, and leave out archived ones', () => {
    const rows = [
      row('today', NOW),
      { ...row('pinned', new Date(2026, 1, 1)), pinned: true },
      { ...row('pinned and archived', NOW), pinned: true, archived: true },
      { ...row('temporary', NOW), temporary: true },
      { ...row('archived', NOW), archived: true },
    ];
    expect(
      groupForList(rows, NOW).map((group) => [group.label, group.rows.map(({ id }) => id)]),
    ).toEqual([
      ['Temporary', ['temporary']],
      ['Pinned', ['pinned']],
      ['Today', ['today']],
    ]);
  });

  it('of ten thousand rows take no time', () => {
    const rows = Array.from({ length: 10_000 }, (_, i) =>
      row(`${i}`, new Date(NOW.getTime() - i * 3_600_000)),
    );
    const started = performance.now();
    expect(groupForList(rows, NOW).length).toBeGreaterThan(10);
    // About 20 ms; the rest is for a busy machine.
    expect(performance.now() - started).toBeLessThan(1000);
  });

  it('move on at midnight', () => {
    expect(untilMidnight(NOW)).toBe(23.5 * 3_600_000);
  });
});

it('the date of a message says the time of today, and the year only of another one', () => {
  expect(shortDate(new Date(2026, 10, 20, 0, 5).getTime(), NOW)).toMatch(/^12:05\sAM$/);
  expect(shortDate(new Date(2026, 10, 19, 23, 59).getTime(), NOW)).toBe('Nov 19');
  expect(shortDate(new Date(2025, 10, 20).getTime(), NOW)).toBe('Nov 20, 2025');
});

it('a moment of today has its second, one of another day its date', () => {
  const at = (...parts: [number, number, number, number]) => new Date(2026, ...parts).getTime();
  // Some versions of Intl put a narrow space before AM.
  const words = (time: number) => moment(time, NOW).replace(/\s/g, ' ');
  expect(words(at(10, 20, 0, 12) + 8000)).toBe('12:12:08 AM');
  expect(words(at(10, 19, 23, 59))).toBe('Nov 19, 2026, 11:59 PM');
});
