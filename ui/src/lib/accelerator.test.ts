import { describe, expect, it } from 'vitest';
import { record, writtenAccelerator } from './accelerator';

const press = (key: string, code: string, more: KeyboardEventInit = {}) =>
  record(new KeyboardEvent('keydown', { key, code, ...more }));

describe('recorded keys', () => {
  it('are written in Tauri’s words, by their place on the keyboard', () => {
    const keys = (accelerator: string) => ({ kind: 'keys', accelerator });
    const both = { ctrlKey: true, shiftKey: true };
    expect(press(' ', 'Space', both)).toEqual(keys('CmdOrCtrl+Shift+Space'));
    // A German keyboard's Z.
    expect(press('z', 'KeyY', { altKey: true })).toEqual(keys('Alt+Y'));
    expect(press('!', 'Digit1', { metaKey: true, shiftKey: true })).toEqual(keys('Super+Shift+1'));
    expect(press('F9', 'F9')).toEqual(keys('F9'));
    expect(press('ArrowUp', 'ArrowUp', { ctrlKey: true, altKey: true })).toEqual(
      keys('CmdOrCtrl+Alt+ArrowUp'),
    );
  });

  it('are waited for while only modifiers are held', () => {
    expect(press('Control', 'ControlLeft', { ctrlKey: true })).toEqual({ kind: 'held' });
    expect(press('Shift', 'ShiftLeft', { shiftKey: true })).toEqual({ kind: 'held' });
  });

  it('never take a plain letter away from other programs', () => {
    expect(press('a', 'KeyA')).toEqual({ kind: 'bare' });
    expect(press('A', 'KeyA', { shiftKey: true })).toEqual({ kind: 'bare' });
  });

  it('are none where Tauri has no word for the key', () => {
    const event = { ctrlKey: true };
    expect(press('AudioVolumeUp', 'AudioVolumeUp', event)).toEqual({ kind: 'held' });
    expect(press('Process', '', event)).toEqual({ kind: 'held' });
  });
});

it('an accelerator is shown as keys are shown elsewhere', () => {
  expect(writtenAccelerator('CmdOrCtrl+Shift+Space')).toBe('Ctrl+Shift+Space');
  expect(writtenAccelerator('Alt+ArrowUp')).toBe('Alt+↑');
  expect(writtenAccelerator('F9')).toBe('F9');
});
