import { describe, expect, it, vi } from 'vitest';
import { blankMessage, blankSummary, blankView } from '../ipc/fake-blanks';
import { problemFrom } from '../ipc/fake-refusals';
import {
  HostError,
  type AppEvent,
  type ConversationSummary,
  type ConversationView,
  type Host,
  type MessageView,
  type Sent,
} from '../ipc/host';
import { Chats } from './chats.svelte';

const summary = (id: string, more: Partial<ConversationSummary> = {}): ConversationSummary => ({
  ...blankSummary,
  id,
  title: id,
  ...more,
});

const message = (id: string, more: Partial<MessageView> = {}): MessageView => ({
  ...blankMessage,
  id,
  role: 'assistant',
  state: 'writing',
  modelName: 'Guide',
  ...more,
});

const question = (id: string) => message(id, { role: 'user', text: 'Why?', state: 'complete' });

const delta = (seq: number, text: string, id = 'a1', conversation = 'c1') =>
  ({ kind: 'textDelta', conversation, message: id, seq, text }) as const;

const finished = (view: MessageView, conversation = 'c1') =>
  ({ kind: 'answerFinished', conversation, message: view }) as const;

/** A promise that is answered by hand. */
function later<T>() {
  let resolve!: (value: T) => void;
  let reject!: (error: unknown) => void;
  const promise = new Promise<T>((yes, no) => ([resolve, reject] = [yes, no]));
  return { promise, resolve, reject };
}

function setUp(host: Partial<Host>) {
  const chats = new Chats({ saveDraft: async () => {}, ...host } as Host);
  const apply = (...events: AppEvent[]) => {
    for (const event of events) {
      if ('conversation' in event) chats.apply(event);
    }
  };
  return { chats, apply };
}

const sent: Sent = { conversation: summary('c1'), question: question('q1'), answer: message('a1') };

async function opened(view: ConversationView, more: Partial<Host> = {}) {
  const openConversation = vi.fn(async () => view);
  const { chats, apply } = setUp({ openConversation, ...more });
  chats.set([view.summary]);
  chats.open(view.summary.id);
  await vi.waitFor(() => expect(chats.current.loading).toBe('done'));
  return { chats, chat: chats.current, apply, openConversation };
}

const text = (chat: { messages: { text: string }[] }) => chat.messages.at(-1)?.text;

describe('text arrives whole, whatever the order', () => {
  const half: ConversationView = {
    ...blankView,
    summary: summary('c1', { generating: true }),
    messages: [question('q1'), message('a1', { text: 'ab', nextSeq: 2 })],
  };

  it('pieces that are already here are ignored', async () => {
    const { chat, apply } = await opened(half);
    apply(delta(0, 'a'), delta(1, 'b'), delta(2, 'c'), delta(2, 'c'), delta(3, 'd'));
    expect(text(chat)).toBe('abcd');
  });

  it('a gap fetches the chat once, and later pieces go on from there', async () => {
    const { chat, apply, openConversation } = await opened(half);
    const view = later<ConversationView>();
    openConversation.mockReturnValueOnce(view.promise);
    apply(delta(3, 'd'), delta(4, 'e'), delta(5, 'f'));
    expect(openConversation).toHaveBeenCalledTimes(2);
    view.resolve({
      ...half,
      messages: [question('q1'), message('a1', { text: 'abcde', nextSeq: 5 })],
    });
    await vi.waitFor(() => expect(text(chat)).toBe('abcdef'));
    apply(delta(6, 'g'));
    expect(text(chat)).toBe('abcdefg');
    expect(openConversation).toHaveBeenCalledTimes(2);
  });

  it('pieces that come while a chat is opened are not lost and not doubled', async () => {
    const view = later<ConversationView>();
    const { chats, apply } = setUp({ openConversation: () => view.promise });
    chats.set([half.summary]);
    chats.open('c1');
    apply(delta(1, 'b'), delta(2, 'c'), delta(3, 'd'));
    view.resolve(half);
    await vi.waitFor(() => expect(text(chats.current)).toBe('abcd'));
  });

  it('an answer that ends while its chat is opened is not left as being written', async () => {
    const view = later<ConversationView>();
    const { chats, apply } = setUp({ openConversation: () => view.promise });
    chats.set([half.summary]);
    chats.open('c1');
    apply(finished(message('a1', { text: 'abc', state: 'complete', nextSeq: 3 })));
    view.resolve(half);
    await vi.waitFor(() => expect(chats.current.loading).toBe('done'));
    expect(chats.current.answer).toBeNull();
    expect(text(chats.current)).toBe('abc');
    expect(chats.rows[0]?.generating).toBe(false);
  });

  it('events that overtake the answer of send_message are kept for it', async () => {
    const reply = later<Sent>();
    const { chats, apply } = setUp({ sendMessage: () => reply.promise });
    const chat = chats.current;
    chat.draft.text = 'Why?';
    const sending = chat.send();
    apply(
      { kind: 'phaseChanged', conversation: 'c1', message: 'a1', phase: { kind: 'writing' } },
      delta(0, 'Because'),
      finished(message('a1', { text: 'Because.', state: 'complete', nextSeq: 2 })),
    );
    reply.resolve(sent);
    await sending;
    expect(chat.id).toBe('c1');
    expect(text(chat)).toBe('Because.');
    expect(chat.busy).toBe(false);
    expect(chat.phase).toBeNull();
  });

  it('pieces of an older version of an answer change nothing', async () => {
    const { chat, apply, openConversation } = await opened(half);
    apply(delta(0, 'old', 'a0'), delta(1, 'old', 'a0'));
    await vi.waitFor(() => expect(openConversation).toHaveBeenCalledTimes(2));
    apply(delta(2, 'old', 'a0'));
    expect(openConversation).toHaveBeenCalledTimes(2);
    expect(text(chat)).toBe('ab');
  });

  it('pieces after the end change nothing', async () => {
    const { chat, apply } = await opened(half);
    apply(finished(message('a1', { text: 'abc', state: 'stopped', nextSeq: 3 })), delta(3, 'x'));
    expect(text(chat)).toBe('abc');
    expect(chat.messages.at(-1)?.state).toBe('stopped');
  });

  it('chats that are not open stay out of it', async () => {
    const { chat, apply, chats } = await opened(half);
    chats.set([half.summary, summary('c2', { generating: true })]);
    apply(delta(0, 'other', 'b1', 'c2'), finished(message('b1', { state: 'complete' }), 'c2'));
    expect(text(chat)).toBe('ab');
    expect(chats.rows.find(({ id }) => id === 'c2')?.generating).toBe(false);
  });
});

describe('what was typed is never lost', () => {
  const full = new HostError(problemFrom({ code: 'storage', message: 'The disk is full.' }));

  it('a refused message goes back, above what was typed meanwhile', async () => {
    const reply = later<Sent>();
    const { chats } = setUp({ sendMessage: () => reply.promise });
    const chat = chats.current;
    chat.draft.text = '  first\n';
    const sending = chat.send();
    expect(chat.sending?.text).toBe('  first');
    chat.draft.text = 'second';
    reply.reject(full);
    await sending;
    expect(chat.draft.text).toBe('  first\n\nsecond');
    expect(chat.problem).toBe('Not sent. The disk is full.');
    expect(chat.busy).toBe(false);
  });

  it('New chat during a first send does not take the message along', async () => {
    const reply = later<Sent>();
    const { chats } = setUp({ sendMessage: () => reply.promise });
    const first = chats.current;
    first.draft.text = 'Why?';
    const sending = first.send();
    chats.newChat();
    expect(chats.current).not.toBe(first);
    expect(chats.current.empty).toBe(true);
    reply.resolve(sent);
    await sending;
    expect(chats.current.id).toBeNull();
    chats.open('c1');
    expect(chats.current).toBe(first);
    expect(first.messages).toHaveLength(2);
  });

  it('a refused first message can be found again after New chat, and all that came after it', async () => {
    const reply = later<Sent>();
    const { chats } = setUp({ sendMessage: () => reply.promise });
    const chat = chats.current;
    chat.draft.text = 'Why?';
    const sending = chat.send();
    chat.draft.text = 'And how?';
    await chat.send();
    chat.draft.text = 'Half a thought';
    chats.newChat();
    reply.reject(full);
    await sending;
    expect(chats.current.draft.text).toBe('Why?\n\nHalf a thought');
    expect(chats.current.queue.questions.map(({ text }) => text)).toEqual(['And how?']);
    expect(chats.current.problem).toContain('The disk is full.');
  });

  it('nothing is sent twice, and nothing empty', async () => {
    const sendMessage = vi.fn(async () => sent);
    const { chats } = setUp({ sendMessage });
    const chat = chats.current;
    chat.draft.text = ' \n ';
    await chat.send();
    chat.draft.text = 'Why?';
    await Promise.all([chat.send(), chat.send()]);
    expect(sendMessage.mock.calls).toEqual([
      [null, { text: 'Why?', attachments: [] }, false, null],
    ]);
  });
});

describe('deleting', () => {
  it('late events don’t bring a deleted chat back, Undo does', async () => {
    const { chats } = setUp({
      deleteConversations: async () => {},
      restoreConversations: async () => [summary('c1')],
    });
    chats.set([summary('c1')]);
    await chats.delete(['c1']);
    chats.upsert(summary('c1', { generating: false }));
    expect(chats.rows).toEqual([]);
    const [deleted] = chats.deleted;
    if (deleted !== undefined) await chats.restore(deleted);
    expect(chats.rows.map(({ id }) => id)).toEqual(['c1']);
  });

  it('a chat that can’t be deleted comes back with a word', async () => {
    const { chats } = setUp({
      deleteConversations: async () => {
        throw new HostError(problemFrom({ code: 'storage', message: 'The disk is full.' }));
      },
    });
    chats.set([summary('c1')]);
    await chats.delete(['c1']);
    expect(chats.rows.map(({ id }) => id)).toEqual(['c1']);
    expect(chats.deleted).toEqual([]);
    expect(chats.problem).toBe('The disk is full.');
  });
});
