/**
 * What a person can make the window do, each once: keys (keymap.ts), the palette, menus and the
 * tray all lead here.
 */
import type { Action } from './ipc/host';
import { walkMessages } from './message-keys';
import type { App } from './state/app.svelte';
import { nextTextSize, ORDINARY_TEXT } from './text-size';

export type ActionName =
  | Action
  | 'rename'
  | 'delete'
  | 'chatOptions'
  | 'stop'
  | 'dismiss'
  | 'previousMessage'
  | 'nextMessage'
  | 'previousChat'
  | 'nextChat'
  | 'findNext'
  | 'findPrevious';

export const actions: Record<ActionName, (app: App) => void> = {
  newChat: (app) => startChat(app, false),
  newTemporaryChat: (app) => startChat(app, true),
  palette: ({ shell }) => {
    shell.dialog = { kind: 'palette' };
  },
  find: ({ find }) => find.show(),
  toggleSidebar: ({ shell }) => shell.toggleSidebar(),
  models: ({ shell }) => {
    shell.dialog = { kind: 'models' };
  },
  settings: ({ shell }) => {
    shell.dialog = { kind: 'settings', section: 'general' };
  },
  keys: ({ shell }) => {
    shell.dialog = { kind: 'keys' };
  },
  largerText: (app) => resizeText(app, 1),
  smallerText: (app) => resizeText(app, -1),
  ordinaryText: (app) => void changeTextSize(app, ORDINARY_TEXT),
  rename: ({ shell }) => {
    // The sidebar may lie over the title.
    shell.closeDrawer();
    shell.editTitle();
  },
  delete: ({ chats, shell }) => {
    const id = chats.currentId;
    if (id === null) return;
    // Undo is in the sidebar.
    shell.showSidebar();
    void chats.delete([id]);
  },
  chatOptions: ({ shell }) => {
    shell.dialog = { kind: 'chatOptions' };
  },
  stop: ({ chats }) => void chats.current.stop(),
  dismiss: (app) => {
    const { shell, chats, find } = app;
    if (shell.narrow && shell.sidebar) shell.closeDrawer();
    else if (chats.current.answer !== null) actions.stop(app);
    else if (find.open) find.close();
    else chats.selection.leave();
  },
  previousMessage: () => walkMessages(-1),
  nextMessage: () => walkMessages(1),
  previousChat: ({ chats }) => chats.openNeighbour(-1),
  nextChat: ({ chats }) => chats.openNeighbour(1),
  findNext: ({ find }) => (find.open ? find.move(1) : find.show()),
  findPrevious: ({ find }) => (find.open ? find.move(-1) : find.show()),
};

/** Does what was asked for outside the page: what lies over the chat gives way to it. */
export function actFromOutside(action: Action, app: App): void {
  if (!keepsDialogs(action)) app.shell.dialog = null;
  if (action === 'find') app.shell.closeDrawer();
  actions[action](app);
}

/** True for what can be done while a dialog is open, and leaves it open. */
export function keepsDialogs(action: ActionName): boolean {
  return action === 'largerText' || action === 'smallerText' || action === 'ordinaryText';
}

function startChat({ chats, shell }: App, temporary: boolean): void {
  chats.newChat(temporary);
  shell.closeDrawer();
  shell.focusComposer();
}

function resizeText(app: App, step: 1 | -1): void {
  void changeTextSize(app, nextTextSize(app.settings.value.textSize, step));
}

async function changeTextSize(app: App, textSize: number): Promise<void> {
  if (textSize === app.settings.value.textSize) return;
  await app.settings.change({ textSize });
  app.report(app.settings.problem);
}
