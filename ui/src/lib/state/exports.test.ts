import { describe, expect, it, vi } from 'vitest';
import { HostError, type Exported, type Host } from '../ipc/host';
import { problemFrom } from '../ipc/fake-refusals';
import { Announcer } from './announcer.svelte';
import { Exports } from './exports.svelte';
import { Storage } from './storage.svelte';

const full = new HostError(problemFrom({ code: 'storage', message: 'The disk is full.' }));

describe('an export', () => {
  it('says where it went, and what is said stays when the next dialog is closed', async () => {
    const exportConversation = vi.fn<Host['exportConversation']>();
    exportConversation.mockResolvedValueOnce({ path: '/a.md', chats: 1 });
    const announcer = new Announcer();
    const exports = new Exports({ exportConversation } as Partial<Host> as Host, announcer);
    await exports.one('a', 'markdown');
    expect(exportConversation.mock.calls[0]?.slice(0, 2)).toEqual(['a', 'markdown']);
    expect(exports.done).toBe('Exported to /a.md');
    expect(announcer.words).toBe('Exported to /a.md');
    exportConversation.mockResolvedValueOnce(null);
    await exports.one('b', 'json');
    expect(exports.done).toBe('Exported to /a.md');
  });

  it('that fails takes back the word of an earlier one', async () => {
    const exportConversation = vi.fn<Host['exportConversation']>();
    exportConversation.mockResolvedValueOnce({ path: '/a.md', chats: 1 });
    const exports = new Exports({ exportConversation } as Partial<Host> as Host, new Announcer());
    await exports.one('a', 'markdown');
    exportConversation.mockRejectedValueOnce(full);
    await exports.one('a', 'markdown');
    expect([exports.done, exports.problem]).toEqual([null, 'The disk is full.']);
  });

  it('of all chats runs once at a time, and again after it failed', async () => {
    let reject!: (error: unknown) => void;
    const first = new Promise<Exported>((_, no) => (reject = no));
    const exportAll = vi.fn<Host['exportAll']>().mockReturnValueOnce(first);
    exportAll.mockResolvedValueOnce({ path: '/all', chats: 1234 });
    const exports = new Exports({ exportAll } as Partial<Host> as Host, new Announcer());
    const running = exports.all('json');
    void exports.all('json');
    expect([exports.running, exportAll.mock.calls.length]).toEqual([true, 1]);
    reject(full);
    await running;
    expect([exports.running, exports.problem]).toEqual([false, 'The disk is full.']);
    await exports.all('markdown');
    expect([exports.done, exports.problem]).toEqual(['Exported 1,234 chats to /all', null]);
  });
});

describe('a backup', () => {
  it('that can’t be made leaves the list and says why', async () => {
    const use = { chatsBytes: 1, backups: [] };
    const backUpNow = vi.fn<Host['backUpNow']>().mockRejectedValueOnce(full);
    const host: Partial<Host> = { storageUse: async () => use, backUpNow };
    const storage = new Storage(host as Host);
    await storage.refresh();
    expect(await storage.backUp()).toBe(false);
    expect([storage.use, storage.problem, storage.backingUp]).toEqual([
      use,
      'The disk is full.',
      false,
    ]);
    backUpNow.mockResolvedValueOnce({ ...use, chatsBytes: 2 });
    expect(await storage.backUp()).toBe(true);
    expect([storage.use?.chatsBytes, storage.problem]).toEqual([2, null]);
  });
});
