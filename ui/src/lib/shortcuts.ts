import { holdsCommand, isCommand } from './keys';
import { walkMessages } from './message-keys';
import type { App } from './state/app.svelte';

/** True while a dialog or menu is open: it has its own keys. */
function somethingOpen(): boolean {
  return document.querySelector('dialog[open], :popover-open') !== null;
}

function newChat({ chats, shell }: App, temporary = false): void {
  chats.newChat(temporary);
  shell.closeDrawer();
  shell.focusComposer();
}

/** The keys that work everywhere in the window. */
export function handleShortcut(event: KeyboardEvent, app: App): void {
  if (event.defaultPrevented || event.isComposing || app.stage !== 'ready') return;
  const { shell, chats, find } = app;
  if (event.key === 'Escape' && !somethingOpen()) {
    if (shell.narrow && shell.sidebar) shell.closeDrawer();
    else if (chats.current.answer !== null) void chats.current.stop();
    else if (find.open) find.close();
    else if (chats.selection.active) chats.selection.leave();
    else return;
    event.preventDefault();
    return;
  }
  const isFind = isCommand(event) && event.key.toLowerCase() === 'f';
  if (isFind || event.key === 'F3') {
    // The webview's own bar must not come up instead, here or behind a dialog.
    event.preventDefault();
    if (shell.dialog !== null || (shell.narrow && shell.sidebar)) return;
    if (isFind || !find.open) find.show();
    else find.move(event.shiftKey ? -1 : 1);
    return;
  }
  if (shell.dialog !== null) return;
  if (event.altKey && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
    if (event.key !== 'ArrowUp' && event.key !== 'ArrowDown') return;
    chats.openNeighbour(event.key === 'ArrowUp' ? -1 : 1);
    event.preventDefault();
    return;
  }
  if (holdsCommand(event) && event.shiftKey && event.key.toLowerCase() === 'n') {
    newChat(app, true);
    event.preventDefault();
    return;
  }
  if (event.altKey && event.shiftKey && !event.ctrlKey && !event.metaKey) {
    if (event.key !== 'ArrowUp' && event.key !== 'ArrowDown') return;
    // Where there is text, these keys may select it.
    if (event.target instanceof HTMLTextAreaElement && event.target.value !== '') return;
    walkMessages(event.key === 'ArrowUp' ? -1 : 1);
    event.preventDefault();
    return;
  }
  if (!isCommand(event)) return;
  switch (event.key.toLowerCase()) {
    case 'n':
      newChat(app);
      break;
    case 'b':
      shell.toggleSidebar();
      break;
    case ',':
      shell.dialog = { kind: 'settings' };
      break;
    case 'k':
      shell.dialog = { kind: 'palette' };
      break;
    case '/':
      shell.dialog = { kind: 'keys' };
      break;
    default:
      return;
  }
  event.preventDefault();
}
