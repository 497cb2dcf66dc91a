import { describe, expect, it } from 'vitest';
import { blankSampling } from '../ipc/fake-blanks';
import { problemFrom } from '../ipc/fake-refusals';
import { HostError, type ChatOptions, type Host } from '../ipc/host';
import { OwnOptions } from './own-options.svelte';

function setUp() {
  const stored: ChatOptions[] = [];
  let refuse = false;
  const host = {
    setChatOptions: async (_chat: string, options: ChatOptions) => {
      if (refuse)
        throw new HostError(problemFrom({ code: 'storage', message: 'The disk is full.' }));
      stored.push(options);
    },
  } as unknown as Host;
  return { options: new OwnOptions(host), stored, refuse: (on: boolean) => (refuse = on) };
}

describe('options of a chat', () => {
  it('are shown at once and stored one after the other', async () => {
    const { options, stored } = setUp();
    expect(options.none).toBe(true);
    const first = options.change('c', { systemPrompt: '' });
    const second = options.change('c', { sampling: blankSampling });
    // An empty prompt is one of its own: Settings may have another.
    expect(options.none).toBe(false);
    expect(options.value).toEqual({ systemPrompt: '', sampling: blankSampling });
    await Promise.all([first, second]);
    expect(stored).toEqual([
      { systemPrompt: '', sampling: null },
      { systemPrompt: '', sampling: blankSampling },
    ]);
    await options.reset('c');
    expect(options.none).toBe(true);
    expect(stored.at(-1)).toEqual({ systemPrompt: null, sampling: null });
  });

  it('go back to what is stored when they can’t be, and say why', async () => {
    const { options, refuse } = setUp();
    await options.change('c', { systemPrompt: 'Be brief.' });
    refuse(true);
    await options.change('c', { systemPrompt: 'Be long.' });
    expect(options.value.systemPrompt).toBe('Be brief.');
    expect(options.problem).toBe('Not saved. The disk is full.');
    refuse(false);
    await options.change('c', { systemPrompt: 'Be long.' });
    expect(options.problem).toBeNull();
  });
});
