/** Keys: how they are pressed and how they are written on this platform. */
export const isMac = /Mac|iPhone|iPad/.test(navigator.platform);

/** Keys that are pressed together. */
export interface Chord {
  /** As `KeyboardEvent.key` says it, letters small. */
  key: string;
  /** The platform's command key: Cmd on a Mac, Ctrl elsewhere. */
  command?: boolean;
  /** Left open, a sign may need Shift or not: `/` does on a German keyboard. */
  shift?: boolean;
  alt?: boolean;
  /** `KeyboardEvent.code`, where Shift makes another character of the key. */
  code?: string;
}

/** True when the platform's command key is held, and no other modifier. */
export function isCommand(event: KeyboardEvent): boolean {
  return holdsCommand(event) && !event.altKey && !event.shiftKey;
}

/** True when the platform's command key is held, and not the other one. */
export function holdsCommand(event: KeyboardEvent | MouseEvent): boolean {
  return isMac ? event.metaKey && !event.ctrlKey : event.ctrlKey && !event.metaKey;
}

/** True when no modifier is held. */
export function isBare(event: KeyboardEvent): boolean {
  return !event.ctrlKey && !event.metaKey && !event.altKey && !event.shiftKey;
}

/** True when exactly these keys are pressed. */
export function isPressed(chord: Chord, event: KeyboardEvent): boolean {
  const { key, command = false, shift, alt = false, code } = chord;
  if (command ? !holdsCommand(event) : event.ctrlKey || event.metaKey) return false;
  if (event.altKey !== alt) return false;
  const isSign = key.length === 1 && key.toLowerCase() === key.toUpperCase();
  if (event.shiftKey !== (shift ?? (isSign && event.shiftKey))) return false;
  return code === undefined ? event.key.toLowerCase() === key.toLowerCase() : event.code === code;
}

/** True when the key belongs to an input method; 229 also where `isComposing` is late. */
export function isComposing(event: KeyboardEvent): boolean {
  return event.isComposing || event.keyCode === 229;
}

const SIGNS: Record<string, string> = {
  arrowup: '↑',
  arrowdown: '↓',
  arrowleft: '←',
  arrowright: '→',
  escape: 'Esc',
  ' ': 'Space',
  '-': '−',
};

/** How a key without its modifiers is written. */
export function writtenKey(key: string): string {
  return SIGNS[key.toLowerCase()] ?? (key.length === 1 ? key.toUpperCase() : key);
}

/** `⇧⌘,` on a Mac, `Ctrl+Shift+,` elsewhere. */
export function written({ key, command, shift, alt }: Chord): string {
  return isMac
    ? `${alt ? '⌥' : ''}${shift ? '⇧' : ''}${command ? '⌘' : ''}${writtenKey(key)}`
    : `${command ? 'Ctrl+' : ''}${alt ? 'Alt+' : ''}${shift ? 'Shift+' : ''}${writtenKey(key)}`;
}
