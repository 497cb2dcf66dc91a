import { beforeEach, describe, expect, it, vi } from 'vitest';
import { blankModel } from '../ipc/fake-blanks';
import { HostError, type Host } from '../ipc/host';
import { problemFrom } from '../ipc/fake-refusals';
import { Models } from './models.svelte';

const entry = { ...blankModel, id: 'm', name: 'Model' };
const refusal = (message: string) => new HostError(problemFrom({ code: 'model', message }));

let host: { [Name in keyof Host]?: ReturnType<typeof vi.fn> };
let models: Models;

beforeEach(() => {
  host = { selectModel: vi.fn(async () => [entry]) };
  models = new Models(host as unknown as Host);
});

describe('verifying', () => {
  it('says beside the model what came of it', async () => {
    host.verifyModel = vi.fn(async () => undefined);
    await models.verify(entry);
    expect(models.verdict).toMatchObject({ model: 'm', good: true });
    host.verifyModel = vi.fn(async () => {
      throw refusal('A file was changed.');
    });
    await models.verify(entry);
    expect(models.verdict).toEqual({ model: 'm', good: false, words: 'A file was changed.' });
    expect(models.problem).toBeNull();
  });

  it('that was ended by the person says nothing, whatever the program makes of it', async () => {
    for (const end of [async () => undefined, () => Promise.reject(refusal('Stopped.'))]) {
      host.stopModelWork = vi.fn(async () => undefined);
      host.verifyModel = vi.fn(async () => {
        await models.stopWork(entry);
        await end();
      });
      await models.verify(entry);
      expect(models.verdict).toBeNull();
    }
  });
});

describe('models that were dropped', () => {
  it('are asked about one after the other, and opened where the person says', async () => {
    host.importDropped = vi.fn(async () => entry);
    models.dropped = [
      { path: '/a.gguf', name: 'a.gguf' },
      { path: '/b.gguf', name: 'b.gguf' },
    ];
    expect(await models.openDropped(true, 'chat')).toBe('m');
    expect(host.importDropped).toHaveBeenCalledWith('/a.gguf', true);
    expect(host.selectModel).toHaveBeenCalledWith('m', 'chat');
    expect(models.dropped.map(({ name }) => name)).toEqual(['b.gguf']);
    models.passOver();
    expect(await models.openDropped(false, null)).toBeNull();
    expect(host.importDropped).toHaveBeenCalledTimes(1);
  });
});

describe('what went wrong', () => {
  it('while opening is told apart from what went wrong on the list', async () => {
    host.importModel = vi.fn(async () => Promise.reject(refusal('No model.')));
    await models.openFrom('file', false, null);
    expect([models.problem, models.failedToOpen]).toEqual(['No model.', true]);
    host.removeModel = vi.fn(async () => Promise.reject(refusal('In use.')));
    expect(await models.remove(entry)).toBe(false);
    expect([models.problem, models.failedToOpen]).toEqual(['In use.', false]);
  });

  it('a copy the person stopped is no problem', async () => {
    const stopped = new HostError(
      problemFrom({ code: 'busy', message: '', detail: { kind: 'stopped' } }),
    );
    host.importModel = vi.fn(async () => Promise.reject(stopped));
    expect(await models.openFrom('file', true, null)).toBeNull();
    expect([models.problem, models.failedToOpen]).toEqual([null, false]);
  });

  it('a closed dialog is no problem and chooses nothing', async () => {
    host.importModel = vi.fn(async () => null);
    expect(await models.openFrom('folder', true, null)).toBeNull();
    expect(models.problem).toBeNull();
    expect(host.selectModel).not.toHaveBeenCalled();
    expect(models.opening).toBe(false);
  });
});
