import { describe, expect, it, vi } from 'vitest';
import { blankMessage, blankSummary, blankView } from '../ipc/fake-blanks';
import { problemFrom } from '../ipc/fake-refusals';
import { HostError, type ConversationSummary, type ConversationView, type Host } from '../ipc/host';
import { Chats } from './chats.svelte';

const summary = (id: string, more: Partial<ConversationSummary> = {}): ConversationSummary => ({
  ...blankSummary,
  id,
  title: id,
  ...more,
});

function setUp(host: Partial<Host>, ...rows: ConversationSummary[]) {
  const chats = new Chats(host as Host);
  chats.set(rows);
  return chats;
}

const full = new HostError(problemFrom({ code: 'storage', message: 'The disk is full.' }));
const row = (chats: Chats, id: string) => chats.rows.find((known) => known.id === id);

/** A promise that is answered by hand. */
function later<T>() {
  let resolve!: (value: T) => void;
  let reject!: (error: unknown) => void;
  const promise = new Promise<T>((yes, no) => ([resolve, reject] = [yes, no]));
  return { promise, resolve, reject };
}

describe('a change of a row', () => {
  it('lies over an older word of the program until it is stored', async () => {
    const stored = later<ConversationSummary>();
    const chats = setUp({ renameConversation: () => stored.promise }, summary('a'));
    const renaming = chats.rename('a', 'Mine');
    chats.upsert(summary('a', { title: 'Automatic', generating: true }));
    expect(row(chats, 'a')).toMatchObject({ title: 'Mine', generating: true });
    stored.resolve(summary('a', { title: 'Mine' }));
    await renaming;
    expect(row(chats, 'a')?.title).toBe('Mine');
    chats.upsert(summary('a', { title: 'Told later' }));
    expect(row(chats, 'a')?.title).toBe('Told later');
  });

  it('that is refused goes back alone: what else has changed stays', async () => {
    const stored = later<ConversationSummary>();
    const chats = setUp(
      { pinConversation: () => stored.promise },
      summary('a', { generating: true }),
    );
    const pinning = chats.pin('a', true);
    expect(chats.groups.map(({ label }) => label)).toEqual(['Pinned']);
    chats.upsert(summary('a', { updatedAt: 7 }));
    stored.reject(full);
    await pinning;
    expect(row(chats, 'a')).toMatchObject({ pinned: false, generating: false, updatedAt: 7 });
    expect(chats.problem).toBe('The disk is full.');
  });

  it('of many goes back only where it was refused', async () => {
    const archiveConversation = async (id: string, archived: boolean) => {
      if (id === 'b') throw full;
      return summary(id, { archived });
    };
    const chats = setUp({ archiveConversation }, summary('a'), summary('b'), summary('c'));
    await chats.archive(['a', 'b', 'c'], true);
    expect(chats.listedIds).toEqual(['b']);
    expect(chats.problem).toBe('The disk is full.');
  });

  it('that would keep a temporary chat is never asked for', async () => {
    const chats = setUp({}, summary('a', { temporary: true }));
    await chats.pin('a', true);
    await chats.archive(['a'], true);
    await chats.duplicate('a');
    expect(chats.problem).toBeNull();
    expect(chats.listedIds).toEqual(['a']);
  });
});

describe('many deleted chats', () => {
  it('come back in one go, and those that are gone for good are counted', async () => {
    const chats = setUp(
      {
        deleteConversations: async () => {},
        restoreConversations: async () => [summary('a')],
      },
      summary('a'),
      summary('b'),
    );
    await chats.delete(['a', 'b']);
    expect([chats.rows, chats.deleted.length]).toEqual([[], 1]);
    const [deleted] = chats.deleted;
    if (deleted !== undefined) await chats.restore(deleted);
    expect(chats.listedIds).toEqual(['a']);
    expect(chats.problem).toBe(
      'Not everything could be brought back. One chat was deleted for good.',
    );
  });
});

describe('a message that was found', () => {
  const view = (...ids: string[]): ConversationView => ({
    ...blankView,
    summary: summary('a'),
    messages: ids.map((id) => ({ ...blankMessage, id })),
  });

  it('is fetched with its branch and then revealed', async () => {
    const openConversation = vi
      .fn<Host['openConversation']>()
      .mockResolvedValueOnce(view('m1', 'm2'))
      .mockResolvedValueOnce(view('m1', 'm3'));
    const chats = setUp({ openConversation }, summary('a'));
    chats.open('a', 'm2');
    await vi.waitFor(() => expect(chats.current.reveal).toBe('m2'));
    // One that is here needs no fetching; one of another branch does.
    chats.open('a', 'm1');
    await vi.waitFor(() => expect(chats.current.reveal).toBe('m1'));
    chats.open('a', 'm3');
    await vi.waitFor(() => expect(chats.current.reveal).toBe('m3'));
    expect(openConversation.mock.calls).toEqual([
      ['a', 'm2'],
      ['a', 'm3'],
    ]);
  });

  it('that is gone is not waited for', async () => {
    const openConversation = vi.fn<Host['openConversation']>().mockRejectedValue(full);
    const chats = setUp({ openConversation }, summary('a'));
    chats.open('a', 'm2');
    await vi.waitFor(() => expect(chats.current.loading).toBe('failed'));
    expect(chats.current.reveal).toBeNull();
  });
});
