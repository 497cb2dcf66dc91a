// @vitest-environment node
// jsdom's files can't be read.
import { describe, expect, it } from 'vitest';
import { addFiles, MOST_BYTES, MOST_FILES, nameForPasted, readPasted, sizeOf } from './attachments';
import type { ReadFile } from './ipc/host';

const file = (name: string, text = name): ReadFile => ({ name, text, problem: null });
const names = (files: { name: string }[]) => files.map(({ name }) => name);

describe('files that are attached', () => {
  it('one that could not be read does not keep the others out', () => {
    const refused = { name: 'b', text: null, problem: { kind: 'fileNotText', name: 'b' } as const };
    const { attachments, problems } = addFiles([], [file('a'), refused, file('c')]);
    expect(names(attachments)).toEqual(['a', 'c']);
    expect(problems).toEqual([expect.stringContaining('b is not attached')]);
  });

  it('there are at most twenty, and each that is left out is named', () => {
    const many = Array.from({ length: MOST_FILES + 2 }, (_, i) => file(`f${i + 1}`));
    const { attachments, problems } = addFiles([], many);
    expect(attachments).toHaveLength(MOST_FILES);
    expect(problems).toEqual([
      'f21 is not attached: 20 files are the most a message can take.',
      'f22 is not attached: 20 files are the most a message can take.',
    ]);
  });

  it('they have two megabytes in all, in bytes and not in letters', () => {
    const half = file('half', 'ä'.repeat(MOST_BYTES / 4));
    const rest = file('rest', 'x'.repeat(MOST_BYTES / 2));
    const full = addFiles([], [half, rest]);
    expect(full.problems).toEqual([]);
    expect(sizeOf(full.attachments[0]!)).toBe(MOST_BYTES / 2);
    const { attachments, problems } = addFiles(full.attachments, [file('more', 'x')]);
    expect(attachments).toEqual(full.attachments);
    expect(problems[0]).toContain('more is not attached: the files of a message can have 2.0 MB');
  });

  it('a smaller file still fits after one that was too large', () => {
    const { attachments } = addFiles([], [file('a', 'x'.repeat(MOST_BYTES + 1)), file('b')]);
    expect(names(attachments)).toEqual(['b']);
  });

  it('the same file is there once; another one of the same name is another one', () => {
    const once = addFiles([], [file('a', '1'), file('a', '1'), file('a', '2')]);
    expect(once.attachments.map(({ text }) => text)).toEqual(['1', '2']);
    expect(once.problems).toEqual([]);
  });
});

describe('pasted files', () => {
  const pasted = (bytes: number[] | string, name = 'x.txt') =>
    readPasted(new File([typeof bytes === 'string' ? bytes : new Uint8Array(bytes)], name));

  it('are read when they are UTF-8', async () => {
    expect(await pasted('Grüße, 世界 👋')).toEqual(file('x.txt', 'Grüße, 世界 👋'));
    expect(await pasted('')).toEqual(file('x.txt', ''));
  });

  it('are refused with a sentence when they are not text', async () => {
    const problem = { kind: 'fileNotText', name: 'x.txt' };
    expect(await pasted([0xff, 0xfe, 0x41])).toEqual({ name: 'x.txt', text: null, problem });
    expect(await pasted([0x50, 0x4b, 0, 0])).toEqual({ name: 'x.txt', text: null, problem });
  });

  it('are not even read when they are too large', async () => {
    const large = new File(['x'.repeat(MOST_BYTES + 1)], 'log');
    large.arrayBuffer = () => Promise.reject(new Error('was read'));
    expect((await readPasted(large)).problem).toMatchObject({ kind: 'fileTooLarge', name: 'log' });
  });
});

it('pasted texts get names that tell them apart', () => {
  expect(nameForPasted([])).toBe('Pasted text');
  const two = [
    { name: 'Pasted text', text: '' },
    { name: 'Pasted text 3', text: '' },
  ];
  expect(nameForPasted(two)).toBe('Pasted text 2');
});
