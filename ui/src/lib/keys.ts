/** Shortcuts: how they are pressed and how they are written on this platform. */
export const isMac = /Mac|iPhone|iPad/.test(navigator.platform);

/** True when the platform's command key is held, and neither the other one nor Alt. */
export function holdsCommand(event: KeyboardEvent | MouseEvent): boolean {
  const command = isMac ? event.metaKey && !event.ctrlKey : event.ctrlKey && !event.metaKey;
  return command && !event.altKey;
}

/** True when the platform's command key is held, and no other modifier. */
export function isCommand(event: KeyboardEvent): boolean {
  return holdsCommand(event) && !event.shiftKey;
}

/** True when no modifier is held. */
export function isBare(event: KeyboardEvent): boolean {
  return !event.ctrlKey && !event.metaKey && !event.altKey && !event.shiftKey;
}

/** True when the key belongs to an input method; 229 also where `isComposing` is late. */
export function isComposing(event: KeyboardEvent): boolean {
  return event.isComposing || event.keyCode === 229;
}

/** `⌘N` on a Mac, `Ctrl+N` elsewhere. */
export function commandKey(key: string): string {
  return isMac ? `⌘${key}` : `Ctrl+${key}`;
}

/** `⇧⌘N` on a Mac, `Ctrl+Shift+N` elsewhere. */
export function shiftCommandKey(key: string): string {
  return isMac ? `⇧⌘${key}` : `Ctrl+Shift+${key}`;
}

export const shiftEnter = isMac ? '⇧Enter' : 'Shift+Enter';
export const f3 = isMac ? 'F3 ⇧F3' : 'F3 Shift+F3';
export const shiftF10 = isMac ? '⇧F10' : 'Shift+F10';
export const shiftArrows = isMac ? '⇧↑ ⇧↓' : 'Shift+↑ Shift+↓';
export const commandEnter = isMac ? '⌘Enter' : 'Ctrl+Enter';
export const altShiftArrows = isMac ? '⌥⇧↑ ⌥⇧↓' : 'Alt+Shift+↑ Alt+Shift+↓';
export const altArrows = isMac ? '⌥↑ ⌥↓' : 'Alt+↑ Alt+↓';
