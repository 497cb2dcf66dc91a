import { beforeEach, describe, expect, it, vi } from 'vitest';
import { blankModel } from '../ipc/fake-blanks';
import { blankDownload, blankModels, CATALOGUE } from '../ipc/fake-catalogue';
import { HostError, type Download, type Host } from '../ipc/host';
import { problemFrom } from '../ipc/fake-refusals';
import { Announcer } from './announcer.svelte';
import { Library } from './library.svelte';
import { Models } from './models.svelte';

const download = (id: string, more: Partial<Download> = {}): Download => ({
  ...blankDownload,
  id,
  state: { kind: 'fetching' },
  doneBytes: 5,
  totalBytes: 10,
  ...more,
});
const failed: Download['state'] = {
  kind: 'failed',
  problem: problemFrom({ code: 'storage', message: 'The disk is full.' }),
};

let host: { [Name in keyof Host]?: ReturnType<typeof vi.fn> };
let models: Models;
let announcer: Announcer;
let library: Library;

beforeEach(() => {
  host = { modelsView: vi.fn(async () => blankModels) };
  models = new Models(host as unknown as Host);
  announcer = new Announcer();
  library = new Library(host as unknown as Host, models, announcer);
});

describe('a download that is gone', () => {
  it('is done: that is said, and the catalogue asked for anew', () => {
    library.take([download('a'), download('b')]);
    library.take([download('b')]);
    expect(library.finished.map(({ id }) => id)).toEqual(['a']);
    expect(announcer.words).toContain('is downloaded and verified');
    expect(host.modelsView).toHaveBeenCalledTimes(1);
  });

  it('is not done when it was cancelled, whoever tells of it first', async () => {
    library.take([download('a')]);
    host.cancelDownload = vi.fn(async () => {
      library.take([]);
      return [];
    });
    expect(await library.cancel(download('a'))).toBe(true);
    expect(library.downloads).toEqual([]);
    expect(library.finished).toEqual([]);
    expect(announcer.words).toBe('');
  });

  it('is done after all when it could not be cancelled any more', async () => {
    library.take([download('a')]);
    host.cancelDownload = vi.fn(async () => {
      throw new HostError(problemFrom({ code: 'notFound', message: 'It is over.' }));
    });
    expect(await library.cancel(download('a'))).toBe(false);
    library.take([]);
    expect(library.finished).toHaveLength(1);
  });

  it('becomes the model that came from the same place', () => {
    const origin = { repo: blankDownload.repo, revision: 'r', catalogue: 'bitnet-2b4t' };
    models.entries = [
      { ...blankModel, id: 'own', name: blankDownload.name },
      { ...blankModel, id: 'other', origin: { ...origin, catalogue: null } },
      { ...blankModel, id: 'it', origin },
    ];
    expect(library.modelOf(download('a'))?.id).toBe('it');
    expect(library.installedOf(CATALOGUE[0]!)?.id).toBe('it');
    expect(library.installedOf(CATALOGUE[1]!)).toBeNull();
  });
});

describe('answers and events that overtake each other', () => {
  it('an old view does not end a download that began meanwhile', async () => {
    library.take([download('a')]);
    await library.refresh();
    expect(library.downloads).toHaveLength(1);
    expect(library.finished).toEqual([]);
  });

  it('the first view tells of downloads that go on from last time', async () => {
    host.modelsView = vi.fn(async () => ({ ...blankModels, downloads: [download('a')] }));
    await library.refresh();
    expect(library.downloads.map(({ id }) => id)).toEqual(['a']);
  });

  it('the first view tells of downloads that were done before there was a window', async () => {
    host.modelsView = vi.fn(async () => ({
      ...blankModels,
      downloads: [download('b')],
      finished: [download('a')],
    }));
    await library.refresh();
    expect(library.finished.map(({ id }) => id)).toEqual(['a']);
    library.take([]);
    expect(library.finished.map(({ id }) => id)).toEqual(['a', 'b']);
    library.dismiss(library.finished[1]!);
    await library.refresh();
    expect(library.finished).toEqual([]);
  });

  it('one that was cancelled and begun anew is done like any other', async () => {
    library.take([download('a')]);
    host.cancelDownload = vi.fn(async () => []);
    await library.cancel(download('a'));
    library.take([]);
    expect(library.finished).toEqual([]);
    for (const downloads of [[download('a')], []]) library.take(downloads);
    expect(library.finished).toHaveLength(1);
    // Removed meanwhile, and downloaded once more.
    for (const downloads of [[download('a')], []]) library.take(downloads);
    expect(library.finished).toHaveLength(1);
  });

  it('a download that was over before its start was answered does not come back', async () => {
    host.startDownload = vi.fn(async () => {
      library.take([download('a')]);
      library.take([]);
      return download('a', { state: { kind: 'asking' } });
    });
    expect(await library.download(CATALOGUE[0]!)).toBe(true);
    expect(library.downloads).toEqual([]);
    expect(library.finished).toHaveLength(1);
  });

  it('an answer changes what it is about and takes nothing away', async () => {
    library.take([download('a'), download('b')]);
    host.pauseDownload = vi.fn(async () => [download('a', { state: { kind: 'paused' } })]);
    await library.pause(download('a'));
    expect(library.downloads.map(({ id, state }) => `${id} ${state.kind}`)).toEqual([
      'a paused',
      'b fetching',
    ]);
    expect(library.finished).toEqual([]);
  });
});

describe('what went wrong', () => {
  it('is announced once when a download is given up', () => {
    const say = vi.spyOn(announcer, 'say');
    library.take([download('a')]);
    library.take([download('a', { state: failed })]);
    library.take([download('a', { state: failed })]);
    expect(say).toHaveBeenCalledTimes(1);
    expect(announcer.words).toContain('The disk is full.');
  });

  it('stands at its own place, until it goes right there', async () => {
    const refusal = new HostError(
      problemFrom({ code: 'busy', message: 'The offline lock is on.' }),
    );
    host.startDownload = vi.fn().mockRejectedValueOnce(refusal);
    expect(await library.download(CATALOGUE[0]!)).toBe(false);
    expect(await library.downloadRepository('a/b')).toBe(false);
    expect(library.problems['entry bitnet-2b4t']).toContain('The offline lock is on.');
    host.startDownload = vi.fn(async () => download('a'));
    await library.download(CATALOGUE[0]!);
    expect(library.problems['entry bitnet-2b4t']).toBeUndefined();
    expect(library.problems.repository).toBeDefined();
  });
});

describe('the download worth a glance', () => {
  it('is one at work, else one that was given up, else one that is paused', () => {
    const paused = download('p', { state: { kind: 'paused' } });
    const over = download('f', { state: failed });
    library.take([paused, over, download('a')]);
    expect(library.glance?.id).toBe('a');
    library.take([paused, over]);
    expect(library.glance?.id).toBe('f');
    library.take([paused]);
    expect(library.glance?.id).toBe('p');
  });

  it('names the host while bytes come, not while it waits or is paused', () => {
    library.take([download('p', { state: { kind: 'paused' } })]);
    expect(library.connectedTo).toBeNull();
    library.take([download('p', { state: { kind: 'paused' } }), download('a')]);
    expect(library.connectedTo).toBe('huggingface.co');
  });
});

describe('measuring', () => {
  it('shows what was measured and asks what fits now', async () => {
    await library.refresh();
    const benchmark = { readGbS: 20, tokensPerSecond: 18, threads: 4, at: 0 };
    host.runBenchmark = vi.fn(async () => benchmark);
    host.modelsView = vi.fn(async () => ({ ...blankModels, benchmark }));
    const measured = library.measure();
    expect(library.measuring).toBe(true);
    await library.measure();
    await measured;
    expect(host.runBenchmark).toHaveBeenCalledTimes(1);
    expect(host.modelsView).toHaveBeenCalledTimes(1);
    expect(library.view?.benchmark).toEqual(benchmark);
    expect(library.measuring).toBe(false);
  });
});
