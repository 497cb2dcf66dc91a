import { actions, keepsDialogs, type ActionName } from './actions';
import { shortcuts } from './keymap';
import { isPressed } from './keys';
import type { App } from './state/app.svelte';

/** The keys that work everywhere in the window. */
export function handleShortcut(event: KeyboardEvent, app: App): void {
  if (event.defaultPrevented || event.isComposing || app.stage !== 'ready') return;
  const pressed = shortcuts.find(({ chords }) => chords.some((chord) => isPressed(chord, event)));
  if (pressed === undefined) return;
  if (pressed.action === 'dismiss') {
    if (!canDismiss(app)) return;
  } else if (isWalk(pressed.action) && isTyping(event)) {
    return;
  } else if (isCovered(pressed.action, app)) {
    // The webview's own find bar or zoom must not come up behind a dialog either.
    event.preventDefault();
    return;
  }
  event.preventDefault();
  actions[pressed.action](app);
}

/** True when something lies over what the action is about. */
function isCovered(action: ActionName, { shell }: App): boolean {
  if (shell.dialog !== null) return !keepsDialogs(action);
  const isFind = action === 'find' || action === 'findNext' || action === 'findPrevious';
  return isFind && shell.narrow && shell.sidebar;
}

function isWalk(action: ActionName): boolean {
  return action === 'previousMessage' || action === 'nextMessage';
}

/** Where there is text, the keys that walk through messages may select it. */
function isTyping({ target }: KeyboardEvent): boolean {
  return target instanceof HTMLTextAreaElement && target.value !== '';
}

/** Open dialogs and menus have an Escape of their own. */
function canDismiss({ shell, chats, find }: App): boolean {
  if (document.querySelector('dialog[open], :popover-open') !== null) return false;
  if (shell.narrow && shell.sidebar) return true;
  return chats.current.answer !== null || find.open || chats.selection.active;
}
