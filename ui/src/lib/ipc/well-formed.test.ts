import { describe, expect, it } from 'vitest';
import { FakeHost } from './fake';
import { scenario } from './fake-scenarios';
import { wellFormedHost } from './well-formed';

const question = (text: string) => ({ text, attachments: [{ name: text, text }] });

describe('half of a surrogate pair', () => {
  const told = async (text: string) => {
    const fake = new FakeHost(scenario('ready'), 'manual');
    const host = wellFormedHost(fake);
    const { conversation } = await host.sendMessage(null, question(text), false, null);
    await host.renameConversation(conversation.id, text);
    const { settings } = await host.startup();
    await host.setSettings({ ...settings, systemPrompt: text });
    return JSON.stringify(fake.calls.map(({ args }) => args));
  };

  it('is refused by the program', async () => {
    const fake = new FakeHost(scenario('ready'), 'manual');
    await expect(fake.sendMessage(null, question('a\ud83d'), false, null)).rejects.toMatchObject({
      problem: { detail: { kind: 'defect', detail: expect.stringContaining('surrogate') } },
    });
  });

  it('reaches it as a replacement character, wherever it is', async () => {
    for (const half of ['\ud83d', '\ude00', 'a\ud800b', '\udbff\ud800']) {
      expect(await told(half)).not.toMatch(/\\ud[89a-f]/i);
      expect(await told(half)).toContain('\ufffd');
    }
  });

  it('is all that is changed', async () => {
    expect(await told('👩‍👩‍👧 \0 \u202e é')).toContain(JSON.stringify('👩‍👩‍👧 \0 \u202e é').slice(1, -1));
  });

  it('leaves listeners and events alone', async () => {
    const fake = new FakeHost(scenario('ready'), 'manual');
    const heard: string[] = [];
    const stop = await wellFormedHost(fake).onEvent((event) => heard.push(event.kind));
    fake.put('a', 'b', 'c');
    stop();
    fake.put('a', 'b', 'c');
    expect(heard).toEqual(['conversationChanged']);
  });
});
