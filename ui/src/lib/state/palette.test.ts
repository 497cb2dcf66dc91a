import { flushSync } from 'svelte';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { blankModel, blankSummary } from '../ipc/fake-blanks';
import type { ConversationSummary, Host, ModelEntry, SearchHit } from '../ipc/host';
import { App } from './app.svelte';
import { PAUSE_MS } from './message-search.svelte';
import { MOST_RECENT, MOST_SHOWN, Palette } from './palette.svelte';

const summary = (id: string, title: string, updatedAt = 0): ConversationSummary => ({
  ...blankSummary,
  id,
  title,
  updatedAt,
});

const model = (id: string, name: string, state: ModelEntry['state'] = 'ready'): ModelEntry => ({
  ...blankModel,
  id,
  name,
  selected: id === 'guide',
  state,
});

function setUp(rows: ConversationSummary[], search = async (): Promise<SearchHit[]> => []) {
  const app = new App({ search } as Partial<Host> as Host);
  app.chats.set(rows);
  app.models.entries = [model('guide', 'Guide'), model('gone', 'Gone', 'missing')];
  return { app, palette: new Palette(app) };
}

const labels = (palette: Palette) =>
  palette.sections.map(({ label, results }) => [
    label,
    ...results.map(({ pieces }) => pieces.map(({ text }) => text).join('')),
  ]);
/** Until the messages are searched. */
const searched = () => vi.advanceTimersByTimeAsync(PAUSE_MS);

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
afterEach(() => void vi.useRealTimers());

const chosen = (palette: Palette) => palette.results[palette.at]?.key;

describe('the palette', () => {
  it('shows the latest chats and what can be done before anything is typed', () => {
    const rows = Array.from({ length: 20 }, (_, i) => summary(`${i}`, `Chat ${i}`, i));
    const { palette } = setUp(rows);
    const [recent, commands] = labels(palette);
    expect(recent?.[1]).toBe('Chat 19');
    expect(recent).toHaveLength(MOST_RECENT + 1);
    expect(commands?.[1]).toBe('New chat');
    expect(palette.more).toBe(0);
  });

  it('offers nothing that makes no sense: no chat to rename, no model whose file is gone', () => {
    const { palette } = setUp([]);
    const words = labels(palette).flat();
    for (const label of ['Rename this chat', 'Delete this chat', 'Stop the answer', 'Use Gone']) {
      expect(words).not.toContain(label);
    }
    expect(words).toContain('Use Guide');
  });

  it('puts the group with the better match first, chats before commands among equals', () => {
    const { palette } = setUp([
      summary('a', 'Reset the router'),
      summary('b', 'Settings of a lamp'),
    ]);
    palette.type('set');
    expect(labels(palette)).toEqual([
      ['Chats', 'Settings of a lamp', 'Reset the router'],
      ['Commands', 'Settings', 'Options of this chat'],
    ]);
    palette.type('sett r');
    expect(labels(palette)).toEqual([]);
    palette.type('app dark');
    expect(labels(palette)[0]?.[1]).toBe('Appearance: Dark');
    palette.type('theme');
    expect(labels(palette)[0]).toHaveLength(4);
  });

  it('draws a screenful of ten thousand chats and says how many more there are', async () => {
    const rows = Array.from({ length: 10_000 }, (_, i) =>
      summary(`${i}`, `Chat about terns ${i}`, i),
    );
    const { palette } = setUp(rows);
    const started = performance.now();
    for (const query of ['c', 'ch', 'cha', 'chat', 'chat te', 'terns']) {
      palette.type(query);
      flushSync();
      expect(palette.sections[0]?.results).toHaveLength(MOST_SHOWN);
    }
    expect(performance.now() - started).toBeLessThan(3000);
    expect(palette.more).toBe(10_000 - MOST_SHOWN);
    await searched();
    expect(palette.spoken).toBe('10,000 results, the first 50 are listed');
  });

  it('keeps the chosen row when rows come and go around it', () => {
    const { app, palette } = setUp([summary('a', 'One', 2), summary('b', 'Two', 1)]);
    palette.move(1);
    expect(chosen(palette)).toBe('chat b');
    app.chats.upsert(summary('c', 'Three', 3));
    expect(chosen(palette)).toBe('chat b');
    app.chats.set([summary('a', 'One', 2)]);
    expect(chosen(palette)).toBe('chat a');
  });

  it('a step goes round, a page stops at the end, and nothing moves where nothing is', async () => {
    const { palette } = setUp([summary('a', 'One'), summary('b', 'Two')]);
    palette.move(-1);
    expect(palette.at).toBe(palette.results.length - 1);
    palette.move(1);
    expect(palette.at).toBe(0);
    palette.move(100);
    expect(palette.at).toBe(palette.results.length - 1);
    palette.moveTo(0);
    palette.move(-8);
    expect(palette.at).toBe(0);
    palette.type('zzz');
    expect(palette.at).toBe(-1);
    palette.move(1);
    palette.move(-8);
    palette.moveTo(-1);
    expect(palette.at).toBe(-1);
    await searched();
    expect(palette.spoken).toBe('No chat, message or command has these words.');
  });
});

describe('messages that were found', () => {
  const hit = (message: string, text = 'a tern'): SearchHit => ({
    conversation: summary('a', 'Birds'),
    message,
    role: 'assistant',
    createdAt: 0,
    snippet: [
      { text: text.slice(0, 2), matched: false },
      { text: text.slice(2), matched: true },
    ],
  });

  it('come below everything else and leave the chosen row alone', async () => {
    const { palette } = setUp([summary('a', 'Terns')], async () => [hit('m1'), hit('m2')]);
    palette.type('te');
    palette.move(1);
    const before = chosen(palette);
    await searched();
    expect(chosen(palette)).toBe(before);
    expect(labels(palette).at(-1)).toEqual(['Messages', 'a tern', 'a tern']);
    expect(palette.results.at(-1)?.detail).toBe('Answer · Birds');
  });

  it('of an older word can’t be chosen, and are gone with the answer', async () => {
    let found = [hit('m1')];
    const { palette } = setUp([], async () => found);
    palette.type('zz');
    await searched();
    expect(chosen(palette)).toBe('message m1');
    found = [hit('m2')];
    palette.type('zzz');
    expect(palette.at).toBe(-1);
    expect(palette.messages.results.map(({ key }) => key)).toEqual(['message m1']);
    await searched();
    expect(palette.messages.results.map(({ key }) => key)).toEqual(['message m2']);
    palette.type('');
    expect(palette.messages.results).toEqual([]);
  });
});
