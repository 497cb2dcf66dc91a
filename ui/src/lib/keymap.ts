/** Every key that does something in the window: what is heard, and what the help sheet shows. */
import type { ActionName } from './actions';
import { written, type Chord } from './keys';
import type { Strings } from './strings/language.svelte';

/** Keys that are heard everywhere in the window. */
interface Shortcut {
  action: ActionName & keyof Strings['keys']['actions'];
  /** The first one is shown. */
  chords: [Chord, ...Chord[]];
}

/** Keys that only a part of the window hears, which handles them itself. */
interface Local {
  local: keyof Strings['keys']['local'];
  chords: [Chord];
}

export type KeyGroup = 'writing' | 'window' | 'moving' | 'list' | 'message' | 'text';

const command = (key: string): Chord => ({ key, command: true });

/** Groups and keys in the order of the help sheet. */
export const keymap: Record<KeyGroup, (Shortcut | Local)[]> = {
  writing: [
    { local: 'send', chords: [{ key: 'Enter' }] },
    { local: 'newLine', chords: [{ key: 'Enter', shift: true }] },
    { local: 'editLast', chords: [{ key: 'ArrowUp' }] },
    { local: 'removeFile', chords: [{ key: 'Delete' }] },
    { action: 'dismiss', chords: [{ key: 'Escape' }] },
    {
      action: 'chatOptions',
      chords: [{ key: ',', command: true, shift: true, code: 'Comma' }],
    },
  ],
  window: [
    { action: 'palette', chords: [command('k')] },
    { action: 'newChat', chords: [command('n')] },
    { action: 'newTemporaryChat', chords: [{ key: 'n', command: true, shift: true }] },
    { action: 'toggleSidebar', chords: [command('b')] },
    { action: 'models', chords: [{ key: 'm', command: true, shift: true }] },
    { action: 'settings', chords: [{ key: ',', command: true, shift: false }] },
    { action: 'keys', chords: [command('/')] },
  ],
  moving: [
    { action: 'previousChat', chords: [{ key: 'ArrowUp', alt: true }] },
    { action: 'nextChat', chords: [{ key: 'ArrowDown', alt: true }] },
    { action: 'previousMessage', chords: [{ key: 'ArrowUp', alt: true, shift: true }] },
    { action: 'nextMessage', chords: [{ key: 'ArrowDown', alt: true, shift: true }] },
    { action: 'find', chords: [command('f')] },
    { action: 'findNext', chords: [{ key: 'F3' }] },
    { action: 'findPrevious', chords: [{ key: 'F3', shift: true }] },
  ],
  list: [
    { local: 'rowMenu', chords: [{ key: 'F10', shift: true }] },
    { local: 'extend', chords: [{ key: 'ArrowDown', shift: true }] },
    { local: 'toggle', chords: [{ key: ' ' }] },
    { local: 'selectAll', chords: [command('a')] },
  ],
  message: [
    { local: 'copy', chords: [{ key: 'c' }] },
    { local: 'edit', chords: [{ key: 'e' }] },
    { local: 'regenerate', chords: [{ key: 'r' }] },
    { local: 'previousVersion', chords: [{ key: 'ArrowLeft' }] },
    { local: 'nextVersion', chords: [{ key: 'ArrowRight' }] },
    { local: 'save', chords: [{ key: 'Enter', command: true }] },
  ],
  text: [
    // Where plus needs Shift, its key is pressed without it just as well.
    { action: 'largerText', chords: [command('+'), command('=')] },
    { action: 'smallerText', chords: [command('-')] },
    { action: 'ordinaryText', chords: [command('0')] },
  ],
};

/** What is heard everywhere, in the order it is looked up. */
export const shortcuts: Shortcut[] = Object.values(keymap)
  .flat()
  .filter((entry) => 'action' in entry);

/** The keys of an action as they are written, or nothing where it has none. */
export function keysOf(action: ActionName): string {
  const shortcut = shortcuts.find((known) => known.action === action);
  return shortcut === undefined ? '' : written(shortcut.chords[0]);
}
