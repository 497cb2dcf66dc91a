/** Files that go along with a question: how many, how large, and how pasted ones are read. */
import type { Attachment, ProblemDetail, ReadFile } from './ipc/host';
import { t } from './strings/language.svelte';
import { problemText } from './strings/problems';

export const MOST_FILES = 20;
export const MOST_BYTES = 2_000_000;
/** A pasted text that is longer goes along as a file: nobody reads it in a small box. */
export const LONGEST_PASTE = 20_000;

const encoder = new TextEncoder();
const sizes = new WeakMap<Attachment, number>();

/** Size of a file's text on disk. */
export function sizeOf(attachment: Attachment): number {
  const known = sizes.get(attachment);
  if (known !== undefined) return known;
  const size = encoder.encode(attachment.text).length;
  sizes.set(attachment, size);
  return size;
}

/** Adds files as long as there is room; `problems` says of each of the others why it is left out. */
export function addFiles(
  present: Attachment[],
  files: ReadFile[],
): { attachments: Attachment[]; problems: string[] } {
  const attachments = [...present];
  const problems: string[] = [];
  let total = present.reduce((sum, attachment) => sum + sizeOf(attachment), 0);
  for (const { name, text, problem } of files) {
    if (text === null) {
      problems.push(problemText(problem ?? { kind: 'fileNotText', name }));
      continue;
    }
    if (attachments.some((known) => known.name === name && known.text === text)) continue;
    const attachment = { name, text };
    if (attachments.length === MOST_FILES) {
      problems.push(t.attachments.tooMany(name, MOST_FILES));
    } else if (total + sizeOf(attachment) > MOST_BYTES) {
      problems.push(problemText({ kind: 'fileTooLarge', name, limit: MOST_BYTES }));
    } else {
      total += sizeOf(attachment);
      attachments.push(attachment);
    }
  }
  return { attachments, problems };
}

/** A pasted file, read as text if it is one. */
export async function readPasted(file: File): Promise<ReadFile> {
  const { name } = file;
  const refused = (problem: ProblemDetail) => ({ name, text: null, problem });
  if (file.size > MOST_BYTES) return refused({ kind: 'fileTooLarge', name, limit: MOST_BYTES });
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(await file.arrayBuffer());
    // Valid UTF-8, but no text has it.
    if (text.includes('\0')) return refused({ kind: 'fileNotText', name });
    return { name, text, problem: null };
  } catch {
    return refused({ kind: 'fileNotText', name });
  }
}

/** A name for a pasted text, other than those of the files already there. */
export function nameForPasted(present: Attachment[]): string {
  const taken = new Set(present.map(({ name }) => name));
  let nth = 1;
  while (taken.has(t.attachments.pasted(nth))) nth += 1;
  return t.attachments.pasted(nth);
}
