import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { problemFrom } from '../ipc/fake-refusals';
import { HostError, type Draft as SavedDraft, type Question } from '../ipc/host';
import { Draft } from './draft.svelte';
import { PAUSE_MS } from './saver.svelte';

const question = (text: string, ...names: string[]): Question => ({
  text,
  attachments: names.map((name) => ({ name, text: name })),
});

function setUp() {
  const saved: (SavedDraft | null)[] = [];
  const state = { ready: true };
  const save = vi.fn(async (draft: SavedDraft | null): Promise<void> => {
    saved.push(draft);
  });
  const draft = new Draft({ save, ready: () => state.ready });
  return { draft, saved, save, state };
}

const full = new HostError(problemFrom({ code: 'storage', message: 'The disk is full.' }));
const later = (ms: number) => vi.advanceTimersByTimeAsync(ms);

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('what is written is saved', () => {
  it('once after a pause, not with every letter', async () => {
    const { draft, saved } = setUp();
    for (const text of ['W', 'Wh', 'Why']) {
      draft.text = text;
      await later(PAUSE_MS - 1);
    }
    expect(saved).toEqual([]);
    await later(1);
    expect(saved).toEqual([{ question: question('Why'), queue: [] }]);
    await later(10 * PAUSE_MS);
    expect(saved).toHaveLength(1);
  });

  it('at once when the box is left, and only if something changed', async () => {
    const { draft, saved } = setUp();
    draft.flush();
    draft.text = 'Why';
    draft.flush();
    draft.flush();
    await later(10 * PAUSE_MS);
    expect(saved).toHaveLength(1);
  });

  it('with its files and its queue; empty again, it is cleared', async () => {
    const { draft, saved } = setUp();
    draft.attach([{ name: 'a', text: 'a', problem: null }]);
    draft.enqueue(question('next'));
    draft.flush();
    expect(saved).toEqual([{ question: question('', 'a'), queue: [question('next')] }]);
    await later(0);
    draft.detach(draft.attachments[0]!);
    draft.dequeue();
    draft.flush();
    expect(saved[1]).toBeNull();
  });

  it('one save at a time, and the last state is the one that stays', async () => {
    const { draft, saved, save } = setUp();
    let answer = () => {};
    save.mockImplementationOnce(() => new Promise((done) => (answer = done)));
    draft.text = 'first';
    draft.flush();
    draft.text = 'second';
    draft.flush();
    expect(save).toHaveBeenCalledTimes(1);
    answer();
    await later(0);
    expect(saved).toEqual([{ question: question('second'), queue: [] }]);
  });

  it('later, while it is not certain where to', async () => {
    const { draft, save, state } = setUp();
    state.ready = false;
    draft.text = 'Why';
    await later(10 * PAUSE_MS);
    expect(save).not.toHaveBeenCalled();
    state.ready = true;
    draft.flush();
    expect(save).toHaveBeenCalledTimes(1);
  });
});

describe('a refused save', () => {
  it('is tried again without a word, and with what was typed since', async () => {
    const { draft, saved, save } = setUp();
    save.mockRejectedValueOnce(full);
    draft.text = 'one';
    draft.flush();
    await later(0);
    draft.text = 'one two';
    await later(1_000);
    expect(draft.unsaved).toBeNull();
    expect(save).toHaveBeenCalledTimes(1);
    await later(2_000);
    expect(saved).toEqual([{ question: question('one two'), queue: [] }]);
    expect(draft.text).toBe('one two');
  });

  it('that is refused again is said, until one succeeds', async () => {
    const { draft, save } = setUp();
    save.mockRejectedValueOnce(full).mockRejectedValueOnce(full);
    draft.text = 'one';
    draft.flush();
    await later(2_000);
    expect(draft.unsaved).toBe('The disk is full.');
    await later(15_000);
    expect(save).toHaveBeenCalledTimes(3);
    expect(draft.unsaved).toBeNull();
  });

  it('is over when the chat is gone', async () => {
    const { draft, save } = setUp();
    save.mockRejectedValueOnce(new HostError(problemFrom({ code: 'notFound', message: 'Gone.' })));
    draft.text = 'one';
    draft.flush();
    await later(60_000);
    expect(save).toHaveBeenCalledTimes(1);
    expect(draft.unsaved).toBeNull();
  });
});

describe('what was saved', () => {
  const saved = { question: question('from yesterday', 'a'), queue: [question('next')] };

  it('is there again, and is not saved once more', async () => {
    const { draft, save } = setUp();
    draft.restore(saved);
    expect(draft.question).toEqual(saved.question);
    expect(draft.queue).toEqual(saved.queue);
    await later(10 * PAUSE_MS);
    expect(save).not.toHaveBeenCalled();
  });

  it('stands above what was typed before it came', async () => {
    const { draft, save } = setUp();
    draft.text = 'typed early';
    draft.restore(saved);
    expect(draft.text).toBe('from yesterday\n\ntyped early');
    await later(PAUSE_MS);
    expect(save).toHaveBeenCalledTimes(1);
  });
});

describe('sending', () => {
  it('takes leading blank lines and the end off, and leaves an empty box', () => {
    const { draft } = setUp();
    draft.text = '\n  \n  indented\n\n';
    expect(draft.take()).toEqual(question('  indented'));
    expect(draft.empty).toBe(true);
    expect(draft.take()).toBeNull();
  });

  it('goes without a text when there is a file', () => {
    const { draft } = setUp();
    draft.text = ' \n';
    draft.attach([{ name: 'a', text: 'a', problem: null }]);
    expect(draft.take()).toEqual(question('', 'a'));
  });
});

it('a waiting question that was sent meanwhile can’t be taken back', () => {
  const { draft } = setUp();
  const waiting = question('next');
  draft.enqueue(waiting);
  expect(draft.dequeue()).toBe(waiting);
  expect(draft.unqueue(waiting)).toBe(false);
});

it('a pasted text that has no room is left to the person', () => {
  const { draft } = setUp();
  expect(draft.attachPasted('x'.repeat(2_000_001))).toBeNull();
  expect(draft.attachPasted('short')?.name).toBe('Pasted text');
  expect(draft.attachments).toHaveLength(1);
});
