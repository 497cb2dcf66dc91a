import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { problemFrom } from '../ipc/fake-refusals';
import { HostError, type ContextUse, type Host, type Question } from '../ipc/host';
import { ContextDial, fitOf } from './context.svelte';

const use = (more: Partial<ContextUse> = {}): ContextUse => ({
  usedTokens: 100,
  totalTokens: 4096,
  cachedTokens: 0,
  reservedTokens: 512,
  questionTokens: 10,
  leftOut: 0,
  tooLong: false,
  ...more,
});
const question = (text: string, ...files: string[]): Question => ({
  text,
  attachments: files.map((name) => ({ name, text: name })),
});

function setUp() {
  const requests: { text: string; files: number; answer: (more?: Partial<ContextUse>) => void }[] =
    [];
  const contextUse = vi.fn(
    (_: string | null, { text, attachments }: Question) =>
      new Promise<ContextUse>((done) => {
        const answer = (more?: Partial<ContextUse>) => done(use(more));
        requests.push({ text, files: attachments.length, answer });
      }),
  );
  const dial = new ContextDial({ contextUse } as Partial<Host> as Host);
  return { dial, requests, contextUse, texts: () => requests.map(({ text }) => text) };
}

const later = (ms: number) => vi.advanceTimersByTimeAsync(ms);

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('fitting', () => {
  it('is nearly over when nine tenths of the room for a chat are taken', () => {
    const room = 4096 - 512;
    expect(fitOf(use({ usedTokens: Math.floor(0.9 * room) }))).toBe('fits');
    expect(fitOf(use({ usedTokens: Math.ceil(0.9 * room) }))).toBe('nearlyFull');
  });

  it('is worse when messages are left out, and worst when the question alone is too long', () => {
    expect(fitOf(use({ leftOut: 3 }))).toBe('leavesOut');
    expect(fitOf(use({ leftOut: 3, tooLong: true }))).toBe('tooLong');
  });
});

describe('counting', () => {
  it('is asked for at once for another chat, and after a pause in typing', async () => {
    const { dial, requests, texts } = setUp();
    dial.follow('c1', question(''), 'm');
    expect(texts()).toEqual(['']);
    requests[0]?.answer();
    await later(0);
    for (const text of ['W', 'Wh', 'Why']) {
      dial.follow('c1', question(text), 'm');
      await later(100);
    }
    expect(texts()).toEqual(['']);
    await later(50);
    expect(texts()).toEqual(['', 'Why']);
  });

  it('never has two requests under way, and asks for the latest text next', async () => {
    const { dial, requests, texts } = setUp();
    dial.follow('c1', question('one'), 'm');
    for (const text of ['two', 'three']) {
      dial.follow('c1', question(text), 'm');
      await later(1_000);
    }
    expect(texts()).toEqual(['one']);
    requests[0]?.answer({ usedTokens: 1 });
    await later(0);
    expect(dial.use).toBeNull();
    expect(texts()).toEqual(['one', 'three']);
    requests[1]?.answer({ usedTokens: 3 });
    await later(0);
    expect(dial.use?.usedTokens).toBe(3);
    expect(dial.counting).toBe(false);
  });

  it('shows no figures of the chat that was left', async () => {
    const { dial, requests } = setUp();
    dial.follow('c1', question(''), 'm');
    requests[0]?.answer({ usedTokens: 1 });
    await later(0);
    dial.follow('c2', question(''), 'm');
    expect(dial.use).toBeNull();
    dial.follow('c3', question(''), 'm');
    requests[1]?.answer({ usedTokens: 2 });
    await later(0);
    expect(dial.use).toBeNull();
    requests[2]?.answer({ usedTokens: 3 });
    await later(0);
    expect(dial.use?.usedTokens).toBe(3);
  });

  it('that fails says why, and is tried again with the next change', async () => {
    const { dial, requests, contextUse } = setUp();
    const problem = { code: 'model', message: 'The file is missing.' } as const;
    contextUse.mockRejectedValueOnce(new HostError(problemFrom(problem)));
    dial.follow('c1', question(''), 'm');
    await later(0);
    expect([dial.problem, dial.fit]).toEqual(['The file is missing.', null]);
    dial.follow('c1', question('Why'), 'm');
    await later(150);
    requests[0]?.answer();
    await later(0);
    expect([dial.problem, dial.fit]).toEqual([null, 'fits']);
  });

  it('refuses nothing on the word of old figures', async () => {
    const { dial, requests } = setUp();
    dial.follow('c1', question('much too long'), 'm');
    requests[0]?.answer({ tooLong: true });
    await later(0);
    expect(dial.refuses).toBe(true);
    dial.follow('c1', question('short'), 'm');
    expect(dial.refuses).toBe(false);
  });
});

describe('files', () => {
  it('are counted by themselves, once for each model, after the question', async () => {
    const { dial, requests } = setUp();
    const asked = question('Why', 'a', 'b');
    const [a, b] = asked.attachments;
    dial.follow('c1', asked, 'm');
    requests[0]?.answer();
    await later(0);
    requests[1]?.answer({ questionTokens: 7 });
    await later(0);
    requests[2]?.answer({ questionTokens: 8 });
    await later(0);
    expect(requests.map(({ text, files }) => [text, files])).toEqual([
      ['Why', 2],
      ['', 1],
      ['', 1],
    ]);
    expect([dial.tokensOf(a!), dial.tokensOf(b!)]).toEqual([7, 8]);
    dial.follow('c1', { ...asked, text: 'Why not' }, 'm');
    await later(150);
    requests[3]?.answer();
    await later(0);
    expect(requests).toHaveLength(4);
    dial.follow('c1', asked, 'other');
    expect(dial.tokensOf(a!)).toBeNull();
  });

  it('let a new question go first', async () => {
    const { dial, requests, texts } = setUp();
    const asked = question('one', 'a', 'b');
    dial.follow('c1', asked, 'm');
    requests[0]?.answer();
    await later(0);
    dial.follow('c1', { ...asked, text: 'two' }, 'm');
    await later(150);
    requests[1]?.answer();
    await later(0);
    expect(texts()).toEqual(['one', '', 'two']);
  });
});
