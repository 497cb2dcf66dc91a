/** Keys that are heard while another program is in front, in Tauri's words: `CmdOrCtrl+Shift+Space`. */
import { isMac, writtenKey } from './keys';

/** Keys that are only held. */
const MODIFIERS = ['Control', 'Shift', 'Alt', 'Meta', 'AltGraph', 'CapsLock', 'Fn'];

/** Modifiers in the order they are written. */
const modifiers: [held: (event: KeyboardEvent) => boolean, word: string][] = [
  [(event) => (isMac ? event.metaKey : event.ctrlKey), 'CmdOrCtrl'],
  [(event) => (isMac ? event.ctrlKey : event.metaKey), isMac ? 'Ctrl' : 'Super'],
  [(event) => event.altKey, 'Alt'],
  [(event) => event.shiftKey, 'Shift'],
];

const SHOWN: Record<string, string> = isMac
  ? { CmdOrCtrl: '⌘', Ctrl: '⌃', Alt: '⌥', Shift: '⇧' }
  : { CmdOrCtrl: 'Ctrl' };

export type Recorded =
  /** A modifier is held; the key itself is still to come. */
  | { kind: 'held' }
  /** Would take a key away from every other program. */
  | { kind: 'bare' }
  | { kind: 'keys'; accelerator: string };

/** What a key press means while keys are recorded. */
export function record(event: KeyboardEvent): Recorded {
  if (MODIFIERS.includes(event.key)) return { kind: 'held' };
  const held = modifiers.filter(([isHeld]) => isHeld(event)).map(([, word]) => word);
  const key = keyName(event.code);
  if (key === null) return { kind: 'held' };
  const isFunctionKey = /^F\d+$/.test(key);
  if (!isFunctionKey && held.every((word) => word === 'Shift')) return { kind: 'bare' };
  return { kind: 'keys', accelerator: [...held, key].join('+') };
}

/** The key at a place of the keyboard, whatever is printed on it; none for what Tauri can't hear. */
function keyName(code: string): string | null {
  const letter = /^Key([A-Z])$/.exec(code) ?? /^Digit(\d)$/.exec(code);
  if (letter?.[1] !== undefined) return letter[1];
  const known =
    /^(F\d{1,2}|Space|Arrow(Up|Down|Left|Right)|Home|End|PageUp|PageDown|Insert|Comma|Period|Slash|Semicolon|Quote|Minus|Equal|Backquote|BracketLeft|BracketRight|Backslash)$/;
  return known.test(code) ? code : null;
}

/** An accelerator as it is written on this platform. */
export function writtenAccelerator(accelerator: string): string {
  const words = accelerator.split('+').map((word) => SHOWN[word] ?? writtenKey(word));
  return isMac ? words.join('') : words.join('+');
}
