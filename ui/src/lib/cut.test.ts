import { describe, expect, it } from 'vitest';
import { firstSeen } from './cut';
import { blankMessage, blankStats } from './ipc/fake-blanks';
import type { MessageView } from './ipc/host';
import { Message } from './state/message.svelte';

const question = (id: string) => new Message({ ...blankMessage, id });
const answer = (id: string, seen: string | null, more: Partial<MessageView> = {}) =>
  new Message({
    ...blankMessage,
    id,
    role: 'assistant',
    stats: { ...blankStats, firstSeen: seen },
    ...more,
  });

describe('the cut', () => {
  it('is where the newest answer says, not an older one', () => {
    const messages = [question('1'), answer('2', null), question('3'), answer('4', '3')];
    expect(firstSeen(messages)).toBe('3');
    expect(firstSeen([...messages, question('5'), answer('6', null)])).toBeNull();
  });

  it('stays while the next answer is being written', () => {
    const writing = answer('6', null, { stats: null, state: 'writing' });
    const messages = [question('1'), answer('2', null), question('3'), answer('4', '3')];
    expect(firstSeen([...messages, question('5'), writing])).toBe('3');
  });

  it('is none above everything, or at a message of another branch', () => {
    expect(firstSeen([question('1'), answer('2', '1')])).toBeNull();
    expect(firstSeen([question('1'), answer('2', 'elsewhere')])).toBeNull();
    expect(firstSeen([])).toBeNull();
  });
});
