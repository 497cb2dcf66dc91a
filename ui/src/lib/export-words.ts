/** What stands around the words of a chat that is exported, and over the dialog for it. */
import type { ExportWords } from './ipc/host';
import { t } from './strings/language.svelte';

export function exportWords(dialog: string): ExportWords {
  return { ...t.exports.words, dialog };
}
