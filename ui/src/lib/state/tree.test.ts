import { describe, expect, it, vi } from 'vitest';
import { blankMessage, blankSummary, blankView } from '../ipc/fake-blanks';
import { problemFrom } from '../ipc/fake-refusals';
import {
  HostError,
  type ConversationView,
  type Host,
  type MessageView,
  type Sent,
} from '../ipc/host';
import { Chats } from './chats.svelte';

const summary = { ...blankSummary, id: 'c1' };
const question = (id: string): MessageView => ({ ...blankMessage, id, text: id });
const answer = (id: string, more: Partial<MessageView> = {}): MessageView => ({
  ...question(id),
  role: 'assistant',
  ...more,
});

const view = (...messages: MessageView[]): ConversationView => ({
  ...blankView,
  summary,
  messages,
});
const whole = view(question('q1'), answer('a1'), question('q2'), answer('a2'));
const full = new HostError(problemFrom({ code: 'storage', message: 'The disk is full.' }));

async function opened(host: Partial<Host>) {
  const chats = new Chats({ openConversation: async () => whole, ...host } as Host);
  chats.set([summary]);
  chats.open('c1');
  await vi.waitFor(() => expect(chats.current.loading).toBe('done'));
  const chat = chats.current;
  const message = (id: string) => {
    const found = chat.messages.find((known) => known.id === id);
    if (found === undefined) throw new Error(`no ${id}`);
    return found;
  };
  return { chats, chat, tree: chat.tree, message, ids: () => chat.messages.map(({ id }) => id) };
}

const writing = (id: string, more: Partial<MessageView> = {}): Sent => ({
  conversation: { ...summary, generating: true },
  question: question('q1'),
  answer: answer(id, { state: 'writing', text: '', ...more }),
});

describe('versions', () => {
  it('a branch keeps the messages it shares, and those of the branch before come back', async () => {
    const other = view(question('q1'), answer('a9'));
    const showVersion = vi.fn(async () => other);
    const { tree, ids, message } = await opened({ showVersion });
    const [shared, left] = [message('q1'), message('a2')];
    await tree.showVersion({ message: 'a9', by: 'next', top: 0 });
    expect(ids()).toEqual(['q1', 'a9']);
    expect(message('q1')).toBe(shared);
    showVersion.mockResolvedValueOnce(whole);
    await tree.showVersion({ message: 'a1', by: 'previous', top: 0 });
    expect(message('a2')).toBe(left);
    expect(tree.arrival?.message).toBe('a1');
  });

  it('events that come while versions change wait for the branch they belong to', async () => {
    let show!: (value: ConversationView) => void;
    const { chats, chat, tree } = await opened({
      showVersion: () => new Promise((resolve) => (show = resolve)),
    });
    const done = tree.showVersion({ message: 'a9', by: 'next', top: 0 });
    chats.apply({ kind: 'textDelta', conversation: 'c1', message: 'a9', seq: 0, text: 'first' });
    show(view(question('q1'), answer('a9', { state: 'writing', text: '' })));
    await done;
    expect(chat.answer?.text).toBe('first');
  });

  it('nothing is asked for while an answer is written', async () => {
    const showVersion = vi.fn();
    const { chat, tree } = await opened({
      openConversation: async () => view(question('q1'), answer('a1', { state: 'writing' })),
      showVersion,
    });
    expect(tree.closed).not.toBeNull();
    await tree.showVersion({ message: 'a9', by: 'next', top: 0 });
    expect(showVersion).not.toHaveBeenCalled();
    expect(chat.problem).toContain(tree.closed);
  });
});

describe('an answer that begins', () => {
  it('takes the place of the answer that is written again, and of all below it', async () => {
    const { tree, ids, message } = await opened({ retryAnswer: async () => writing('a9') });
    await tree.retry(message('a1'));
    expect(ids()).toEqual(['q1', 'a9']);
  });

  it('goes on in its own message, from the sequence number the program says', async () => {
    const short = view(question('q1'), answer('a1', { state: 'stopped', text: 'half' }));
    const { chats, chat, tree, message } = await opened({
      openConversation: async () => short,
      continueAnswer: async () => writing('a1', { text: 'half', nextSeq: 7 }),
    });
    const before = message('a1');
    expect(before.cutShort).toBe(true);
    await tree.continue(before);
    chats.apply({ kind: 'textDelta', conversation: 'c1', message: 'a1', seq: 7, text: ' a word' });
    expect(chat.answer).toBe(before);
    expect(before.text).toBe('half a word');
  });

  it('from an edited question leaves what came before it', async () => {
    const sent = { ...writing('a9'), question: question('q9') };
    const editQuestion = vi.fn(async () => sent);
    const { tree, ids, message } = await opened({ editQuestion });
    const asked = message('q2');
    asked.startEdit();
    if (asked.edit !== null) asked.edit.text = 'in other words\n';
    await tree.saveQuestion(asked);
    expect(editQuestion).toHaveBeenCalledWith('q2', { text: 'in other words', attachments: [] });
    expect(ids()).toEqual(['q1', 'a1', 'q9', 'a9']);
    expect(asked.edit).toBeNull();
  });
});

describe('what is refused', () => {
  it('an edit stays open with its words and says why', async () => {
    const { tree, message } = await opened({ editAnswer: () => Promise.reject(full) });
    const edited = message('a1');
    edited.startEdit();
    if (edited.edit !== null) edited.edit.text = 'better';
    await tree.saveAnswer(edited);
    expect(edited.edit).toMatchObject({ text: 'better', saving: false });
    expect(edited.edit?.problem).toContain('The disk is full.');
    expect(edited.text).toBe('a1');
  });

  it('a deletion and a pin are undone', async () => {
    const refuse = () => Promise.reject(full);
    const { chat, tree, ids, message } = await opened({
      deleteMessage: refuse,
      pinMessage: refuse,
    });
    const deleting = tree.delete(message('a1'));
    expect(ids()).toEqual(['q1', 'q2', 'a2']);
    await deleting;
    expect(ids()).toEqual(['q1', 'a1', 'q2', 'a2']);
    expect(tree.deleted).toEqual([]);
    const pinning = tree.pin(message('q2'), true);
    expect(message('q2').pinned).toBe(true);
    await pinning;
    expect(message('q2').pinned).toBe(false);
    expect(chat.problem).toContain('The disk is full.');
  });
});

it('one command goes out after the other: a late answer undoes nothing', async () => {
  let remove!: (value: ConversationView) => void;
  const sendMessage = vi.fn(async () => ({ ...writing('a9'), question: question('q9') }));
  const { chat, tree, ids, message } = await opened({
    deleteMessage: () => new Promise((resolve) => (remove = resolve)),
    sendMessage,
  });
  const deleting = tree.delete(message('a2'));
  const asking = chat.ask('And now?');
  expect(sendMessage).not.toHaveBeenCalled();
  remove(view(question('q1'), answer('a1'), question('q2')));
  await Promise.all([deleting, asking]);
  expect(ids()).toEqual(['q1', 'a1', 'q2', 'q9', 'a9']);
});
