import { describe, expect, it, vi } from 'vitest';
import { blankMessage } from '../ipc/fake-blanks';
import type { Announcer } from './announcer.svelte';
import type { Chat } from './chat.svelte';
import { Find } from './find.svelte';
import { Message } from './message.svelte';

const COUNT = 3000;
const FIRST = 2000;

/** A chat that takes more than one slice to look through, seen from message `FIRST` on. */
function open(textOf: (i: number) => string) {
  const messages = Array.from({ length: COUNT }, (_, i) => {
    const text = `${textOf(i)} **${i}**\n\n- a list\n- of two\n\n[and](https://example.org/) so on.`;
    return new Message({ ...blankMessage, id: `m${i}`, role: 'assistant', text });
  });
  const said: string[] = [];
  const find = new Find({ say: (words: string) => said.push(words) } as unknown as Announcer);
  find.attach({ chat: { messages } as unknown as Chat, firstVisible: () => FIRST });
  find.show();
  return { find, said };
}

const counted = (find: Find) =>
  vi.waitFor(() => expect(find.words).toMatch(/ of |No/), { timeout: 60_000 });

describe('a long chat', () => {
  it('shows the first match below while it counts on, and says only the whole count', async () => {
    const { find, said } = open(() => 'tern');
    find.type('tern');
    await vi.waitFor(() => expect(find.target).not.toBeNull());
    expect(find.target).toEqual({ message: `m${FIRST}`, nth: 0 });
    expect(find.words).toMatch(/ so far$/);
    expect(said).toEqual([]);
    await counted(find);
    expect(find.words).toBe('2,001 of 3,000');
    expect(said).toEqual(['2,001 of 3,000']);
  });

  it('goes over the last known match only when all are counted', async () => {
    const { find, said } = open(() => 'tern');
    find.type('tern');
    await vi.waitFor(() => expect(find.target).not.toBeNull());
    find.move(-1);
    find.move(-1);
    expect(find.target?.message).toBe(`m${FIRST}`);
    await counted(find);
    expect(find.words).toBe('1,999 of 3,000');
    expect(said.at(-1)).toBe('1,999 of 3,000');
    find.move(1);
    expect(find.words).toBe('2,000 of 3,000');
  });

  it('finds the nearest match above where there is none below', async () => {
    const { find } = open((i) => (i < 700 ? 'tern tern' : 'gull'));
    find.type('tern');
    await counted(find);
    expect(find.words).toBe('1,400 of 1,400');
    expect(find.target).toEqual({ message: 'm699', nth: 1 });
  });

  it('forgets a search for another one', async () => {
    const { find } = open((i) => (i % 2 === 0 ? 'tern' : 'gull'));
    find.type('tern');
    await vi.waitFor(() => expect(find.target).not.toBeNull());
    find.type('gull');
    await vi.waitFor(() => expect(find.counted).toBe('gull'), { timeout: 60_000 });
    await counted(find);
    expect(find.words).toBe('1,001 of 1,500');
    find.type('nowhere');
    await vi.waitFor(() => expect(find.words).toBe('No matches'), { timeout: 60_000 });
    find.close();
    expect(find.words).toBe('');
  });
});
