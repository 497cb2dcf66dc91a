import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { blankSummary } from '../ipc/fake-blanks';
import { problemFrom } from '../ipc/fake-refusals';
import { HostError, type SearchHit } from '../ipc/host';
import { MessageSearch, PAUSE_MS } from './message-search.svelte';

const hit = (message: string): SearchHit => ({
  conversation: blankSummary,
  message,
  role: 'user',
  createdAt: 0,
  snippet: [],
});

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const found = (search: MessageSearch) => search.hits.map(({ message }) => message);

describe('the search through messages', () => {
  it('waits for a pause, asks once, and not for a single character', async () => {
    const host = { search: vi.fn(async (query: string) => [hit(query)]) };
    const search = new MessageSearch(host);
    for (const typed of ['t', 'te', 'ter', 'tern', 'tern ']) {
      search.find(typed);
      await vi.advanceTimersByTimeAsync(PAUSE_MS / 2);
    }
    await vi.advanceTimersByTimeAsync(PAUSE_MS);
    expect(host.search.mock.calls).toEqual([['tern']]);
    expect(found(search)).toEqual(['tern']);
    search.find('t');
    await vi.advanceTimersByTimeAsync(PAUSE_MS);
    expect(host.search).toHaveBeenCalledTimes(1);
    expect(found(search)).toEqual([]);
    expect(search.searching).toBe(false);
  });

  it('drops an answer that another word has overtaken', async () => {
    const answers = new Map<string, (hits: SearchHit[]) => void>();
    const search = new MessageSearch({
      search: (query) => new Promise((answer) => answers.set(query, answer)),
    });
    search.find('first');
    await vi.advanceTimersByTimeAsync(PAUSE_MS);
    search.find('second');
    await vi.advanceTimersByTimeAsync(PAUSE_MS);
    answers.get('second')?.([hit('second')]);
    await vi.advanceTimersByTimeAsync(0);
    answers.get('first')?.([hit('first')]);
    await vi.advanceTimersByTimeAsync(0);
    expect(found(search)).toEqual(['second']);
    expect(search.searching).toBe(false);
  });

  it('says why it could not search, until something else is typed', async () => {
    const search = new MessageSearch({
      search: async () => {
        throw new HostError(problemFrom({ code: 'storage', message: 'The index is being built.' }));
      },
    });
    search.find('tern');
    await vi.advanceTimersByTimeAsync(PAUSE_MS);
    expect(search.problem).toBe('The index is being built.');
    expect(search.searching).toBe(false);
    search.find('terns');
    expect(search.problem).toBeNull();
  });
});
