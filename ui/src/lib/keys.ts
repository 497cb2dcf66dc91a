/** Shortcuts: how they are pressed and how they are written on this platform. */
export const isMac = /Mac|iPhone|iPad/.test(navigator.platform);

/** True when the platform's command key is held, and no other modifier. */
export function isCommand(event: KeyboardEvent): boolean {
  const command = isMac ? event.metaKey && !event.ctrlKey : event.ctrlKey && !event.metaKey;
  return command && !event.altKey && !event.shiftKey;
}

/** True when the key belongs to an input method; 229 also where `isComposing` is late. */
export function isComposing(event: KeyboardEvent): boolean {
  return event.isComposing || event.keyCode === 229;
}

/** `⌘N` on a Mac, `Ctrl+N` elsewhere. */
export function commandKey(key: string): string {
  return isMac ? `⌘${key}` : `Ctrl+${key}`;
}

export const deleteKey = isMac ? '⌫' : 'Del';
export const shiftEnter = isMac ? '⇧Enter' : 'Shift+Enter';
export const f3 = isMac ? 'F3 ⇧F3' : 'F3 Shift+F3';
export const altArrows = isMac ? '⌥↑ ⌥↓' : 'Alt+↑ Alt+↓';
