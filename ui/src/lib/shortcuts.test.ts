import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { actions, actFromOutside, type ActionName } from './actions';
import type { Host } from './ipc/host';
import { keymap, keysOf, shortcuts } from './keymap';
import { isPressed, written, type Chord } from './keys';
import { handleShortcut } from './shortcuts';
import { App } from './state/app.svelte';
import { en } from './strings/en';

/** The browser's event for these keys, on a keyboard that is not a Mac's. */
function press({ key, command, shift, alt, code }: Chord): KeyboardEvent {
  return new KeyboardEvent('keydown', {
    key,
    code,
    ctrlKey: command,
    shiftKey: shift,
    altKey: alt,
    cancelable: true,
  });
}

let app: App;
let done: ActionName[];

beforeEach(() => {
  // jsdom knows no popovers.
  vi.spyOn(document, 'querySelector').mockReturnValue(null);
  app = new App({} as Host);
  app.stage = 'ready';
  done = [];
  for (const name of Object.keys(actions) as ActionName[]) {
    vi.spyOn(actions, name).mockImplementation(() => void done.push(name));
  }
});

afterEach(() => {
  vi.restoreAllMocks();
});

describe('the table of keys', () => {
  it('is what is heard: every key in it does its action, and no other', () => {
    app.find.open = true;
    for (const { action, chords } of shortcuts) {
      for (const chord of chords) {
        const event = press(chord);
        done = [];
        handleShortcut(event, app);
        expect(done, written(chord)).toEqual([action]);
        expect(event.defaultPrevented, written(chord)).toBe(true);
      }
    }
  });

  it('has a line in the help sheet for each of its keys, and no line without one', () => {
    const entries = Object.values(keymap).flat();
    const acts = entries.flatMap((entry) => ('action' in entry ? [entry.action] : []));
    const local = entries.flatMap((entry) => ('local' in entry ? [entry.local] : []));
    expect([...acts].sort()).toEqual(Object.keys(en.keys.actions).sort());
    expect([...local].sort()).toEqual(Object.keys(en.keys.local).sort());
    expect(Object.keys(keymap).sort()).toEqual(Object.keys(en.keys.groups).sort());
  });

  it('gives no two actions the same keys', () => {
    const all = shortcuts.flatMap(({ chords }) => chords);
    for (const chord of all) {
      expect(all.filter((other) => isPressed(other, press(chord)))).toEqual([chord]);
    }
  });

  it('does nothing for keys that are not in it', () => {
    const foreign: Chord[] = [
      { key: 'n' },
      { key: 'n', command: true, alt: true },
      { key: 'j', command: true },
      { key: 'ArrowUp' },
      { key: 'F3', alt: true },
    ];
    for (const chord of foreign) {
      const event = press(chord);
      handleShortcut(event, app);
      expect(event.defaultPrevented, written(chord)).toBe(false);
    }
    expect(done).toEqual([]);
  });
});

describe('keys on other keyboards', () => {
  it('a sign that needs Shift there is the same sign', () => {
    handleShortcut(press({ key: '/', command: true, shift: true, code: 'Digit7' }), app);
    handleShortcut(press({ key: '+', command: true, code: 'BracketRight' }), app);
    expect(done).toEqual(['keys', 'largerText']);
  });

  it('Shift and comma are found by their place: what they write differs', () => {
    for (const key of ['<', ';', ',']) {
      handleShortcut(press({ key, command: true, shift: true, code: 'Comma' }), app);
    }
    expect(done.slice(0, 2)).toEqual(['chatOptions', 'chatOptions']);
  });

  it('a capital letter is the letter', () => {
    handleShortcut(press({ key: 'N', command: true }), app);
    expect(done).toEqual(['newChat']);
  });
});

describe('while a dialog is open', () => {
  it('only the text size can be changed, and the webview’s own keys stay quiet', () => {
    app.shell.dialog = { kind: 'keys' };
    for (const { action, chords } of shortcuts) {
      if (action === 'dismiss') continue;
      const event = press(chords[0]);
      handleShortcut(event, app);
      expect(event.defaultPrevented, action).toBe(true);
    }
    expect(done).toEqual(['largerText', 'smallerText', 'ordinaryText']);
  });

  it('what is asked for in a menu or by the quick-ask keys takes its place', () => {
    app.shell.dialog = { kind: 'keys' };
    actFromOutside('largerText', app);
    expect(app.shell.dialog).toEqual({ kind: 'keys' });
    actFromOutside('newChat', app);
    expect(app.shell.dialog).toBeNull();
    expect(done).toEqual(['largerText', 'newChat']);
  });
});

describe('written keys', () => {
  it('are words and plus signs where this is not a Mac', () => {
    expect(keysOf('newChat')).toBe('Ctrl+N');
    expect(keysOf('chatOptions')).toBe('Ctrl+Shift+,');
    expect(keysOf('previousChat')).toBe('Alt+↑');
    expect(keysOf('findPrevious')).toBe('Shift+F3');
    expect(keysOf('dismiss')).toBe('Esc');
    expect(keysOf('rename')).toBe('');
  });

  it('are signs on a Mac, and Cmd is its command key', async () => {
    vi.spyOn(navigator, 'platform', 'get').mockReturnValue('MacIntel');
    vi.resetModules();
    const mac = await import('./keys');
    expect(mac.written({ key: ',', command: true, shift: true })).toBe('⇧⌘,');
    expect(mac.written({ key: 'ArrowUp', alt: true })).toBe('⌥↑');
    const event = new KeyboardEvent('keydown', { key: 'n', metaKey: true });
    expect(mac.isPressed({ key: 'n', command: true }, event)).toBe(true);
    expect(isPressed({ key: 'n', command: true }, event)).toBe(false);
  });
});
