import { describe, expect, it, vi } from 'vitest';
import { blankMessage, blankSummary } from '../ipc/fake-blanks';
import { problemFrom } from '../ipc/fake-refusals';
import { HostError, type Host, type MessageState, type Question, type Sent } from '../ipc/host';
import { Chats } from './chats.svelte';

/** A chat whose first question is being answered. */
async function writing(more: Partial<Host> = {}) {
  let sent = 0;
  const sendMessage = vi.fn(async (_: string | null, question: Question): Promise<Sent> => {
    sent += 1;
    return {
      conversation: { ...blankSummary, id: 'c1', generating: true },
      question: { ...blankMessage, id: `q${sent}`, text: question.text },
      answer: { ...blankMessage, id: `a${sent}`, role: 'assistant', state: 'writing' },
    };
  });
  const stopGeneration = vi.fn(async () => {});
  const host = { sendMessage, stopGeneration, saveDraft: async () => {}, ...more };
  const chats = new Chats(host as Partial<Host> as Host);
  const chat = chats.current;
  const ask = async (text: string) => {
    chat.draft.text = text;
    await chat.send();
  };
  await ask('first');
  const asked = () => sendMessage.mock.calls.map(([, { text }]) => text);
  const waiting = () => chat.queue.questions.map(({ text }) => text);
  /** The answer being written ends. */
  const end = async (state: MessageState, answer = sent) => {
    const message = { ...blankMessage, id: `a${answer}`, role: 'assistant' as const, state };
    chats.apply({ kind: 'answerFinished', conversation: 'c1', message });
    await vi.waitFor(() => expect(chat.sending).toBeNull());
  };
  return { chat, ask, asked, waiting, end, sendMessage, stopGeneration };
}

const full = new HostError(problemFrom({ code: 'storage', message: 'The disk is full.' }));

describe('questions sent while an answer is written', () => {
  it('are asked one after the other, in their order', async () => {
    const { ask, asked, waiting, end } = await writing();
    await ask('second');
    await ask('third');
    expect(asked()).toEqual(['first']);
    await end('complete');
    expect(asked()).toEqual(['first', 'second']);
    expect(waiting()).toEqual(['third']);
    await end('complete');
    await end('complete');
    expect(asked()).toEqual(['first', 'second', 'third']);
    expect(waiting()).toEqual([]);
  });

  it.each(['stopped', 'failed', 'interrupted'] as const)(
    'wait for the person when the answer was %s',
    async (state) => {
      const { chat, ask, asked, waiting, end } = await writing();
      await ask('second');
      expect(chat.queue.stands).toBe(false);
      await end(state);
      expect(asked()).toEqual(['first']);
      expect(waiting()).toEqual(['second']);
      expect(chat.queue.stands).toBe(true);
      await chat.queue.sendNext();
      expect(asked()).toEqual(['first', 'second']);
    },
  );

  it('are not sent twice when the end is told twice', async () => {
    const { ask, asked, end } = await writing();
    await ask('second');
    await ask('third');
    await Promise.all([end('complete', 1), end('complete', 1)]);
    expect(asked()).toEqual(['first', 'second']);
  });

  it('keep their turn when they are refused', async () => {
    const { chat, ask, waiting, end, sendMessage } = await writing();
    await ask('second');
    await ask('third');
    sendMessage.mockRejectedValueOnce(full);
    await end('complete');
    expect(waiting()).toEqual(['second', 'third']);
    expect(chat.problem).toBe('Not sent. The disk is full.');
    expect(chat.draft.text).toBe('');
    expect(chat.queue.stands).toBe(true);
  });

  it('do not scroll the view: nobody has just sent them', async () => {
    const { chat, ask, end } = await writing();
    await ask('second');
    const before = chat.sentCount;
    await end('complete');
    expect(chat.sentCount).toBe(before);
  });
});

describe('a waiting question', () => {
  it('sent now stops the answer, goes first, and the others follow', async () => {
    const { chat, ask, asked, waiting, end, stopGeneration } = await writing();
    await ask('second');
    await ask('third');
    await chat.queue.sendNow(chat.queue.questions[1]!);
    expect(stopGeneration).toHaveBeenCalledTimes(1);
    expect(asked()).toEqual(['first']);
    await end('stopped');
    expect(asked()).toEqual(['first', 'third']);
    expect(waiting()).toEqual(['second']);
    // Only this one was asked for.
    await end('stopped');
    expect(asked()).toEqual(['first', 'third']);
  });

  it('is only first in the queue when the answer can’t be stopped', async () => {
    const stopGeneration = vi.fn().mockRejectedValueOnce(full).mockResolvedValue(undefined);
    const { chat, ask, asked, waiting, end } = await writing({ stopGeneration });
    await ask('second');
    await chat.queue.sendNow(chat.queue.questions[0]!);
    expect(waiting()).toEqual(['second']);
    await end('stopped');
    expect(asked()).toEqual(['first']);
  });

  it('goes back into the message box, above what is there', async () => {
    const { chat, ask, waiting, end, asked } = await writing();
    await ask('second');
    const [second] = chat.queue.questions;
    chat.draft.text = 'typed';
    chat.queue.edit(second!);
    expect(chat.draft.text).toBe('second\n\ntyped');
    expect(waiting()).toEqual([]);
    // The answer ends in that moment: nothing is sent that is being edited.
    await end('complete');
    expect(asked()).toEqual(['first']);
  });

  it('that was sent in the moment it was to be edited stays sent, once', async () => {
    const { chat, ask, end, asked } = await writing();
    await ask('second');
    const [second] = chat.queue.questions;
    await end('complete');
    chat.queue.edit(second!);
    expect(asked()).toEqual(['first', 'second']);
    expect(chat.draft.text).toBe('');
  });
});
