/** What the palette can do besides opening a chat. */
import { copyText } from '../clipboard';
import { isolated } from '../direction';
import type { IconName } from '../icons';
import type { ConversationSummary, ProblemCode, Theme } from '../ipc/host';
import { commandKey, shiftCommandKey } from '../keys';
import type { App } from '../state/app.svelte';
import type { Shell } from '../state/shell.svelte';
import { t } from '../strings/language.svelte';

export interface Command {
  /** Stays the same while the palette is open. */
  key: string;
  label: string;
  /** Other words people look for it by. */
  also: string;
  icon: IconName;
  /** The key that does the same, or that it is so already. */
  hint: string;
  run: (app: App) => void;
}

const THEMES: Theme[] = ['light', 'dark', 'system'];

/** The commands that make sense now. */
export function commandsOf(app: App): Command[] {
  return [
    ...chatCommands(app),
    ...listCommands(app),
    ...messageCommands(app),
    ...windowCommands(app),
    ...themes(app),
    ...models(app),
  ];
}

function chatCommands({ chats }: App): Command[] {
  const stop = command('stop', t.keys.stop, 'stop', 'Esc', (app) => void app.chats.current.stop());
  return [
    ...(chats.current.answer === null ? [] : [stop]),
    command('new-chat', t.sidebar.newChat, 'compose', commandKey('N'), (app) =>
      newChat(app, false),
    ),
    command('temporary-chat', t.keys.temporaryChat, 'ghost', shiftCommandKey('N'), (app) =>
      newChat(app, true),
    ),
    ...(chats.current.summary === null ? [] : commandsFor(chats.current.summary)),
  ];
}

/** What can be done with the open chat. A temporary one is not to be kept in any way. */
function commandsFor({ id, pinned, archived, temporary }: ConversationSummary): Command[] {
  const pin = command(
    'pin',
    pinned ? t.palette.unpin : t.palette.pin,
    pinned ? 'unpin' : 'pin',
    '',
    ({ chats }) => void chats.pin(id, !pinned),
  );
  const archive = command(
    'archive',
    archived ? t.palette.unarchive : t.palette.archive,
    archived ? 'unarchive' : 'archive',
    '',
    ({ chats }) => void chats.archive([id], !archived),
  );
  const duplicate = command(
    'duplicate',
    t.palette.duplicate,
    'copy',
    '',
    ({ chats }) => void chats.duplicate(id),
  );
  return [
    command('rename', t.palette.rename, 'rename', '', rename),
    ...(temporary || archived ? [] : [pin]),
    ...(temporary ? [] : [duplicate, archive]),
    command('delete', t.palette.delete, 'trash', '', deleteChat),
  ];
}

/** What can be done with the list of chats. */
function listCommands({ chats }: App): Command[] {
  const archive = command('archived', t.palette.showArchived, 'archive', '', showArchived);
  return [
    ...(chats.listedIds.length === 0
      ? []
      : [
          {
            ...command('select', t.palette.selectChats, 'select', '', selectChats),
            also: t.palette.selectChatsAlso,
          },
        ]),
    ...(chats.archived.length === 0 ? [] : [archive]),
  ];
}

/** What can be done with the end of the open chat. */
function messageCommands({ chats, speech }: App): Command[] {
  const { messages, tree, lastQuestion } = chats.current;
  const last = messages.at(-1);
  if (last === undefined) return [];
  const isOpen = tree.closed === null;
  const isAnswer = last.role === 'assistant';
  const hasQuestion = isAnswer && tree.questionOf(last) !== null;
  const offered: [boolean, Command][] = [
    [
      speech.reading !== null,
      command('read-stop', t.message.stopReading, 'stop', '', (app) => app.speech.stop()),
    ],
    [
      isAnswer && last.text !== '',
      command('copy-last', t.palette.copyLast, 'copy', '', (app) => void copy(app, last.text)),
    ],
    [
      isOpen && hasQuestion && last.cutShort,
      command('continue', t.palette.continueLast, 'continue', '', () => void tree.continue(last)),
    ],
    [
      isOpen && hasQuestion,
      command('retry', t.palette.retryLast, 'retry', '', () => void tree.retry(last)),
    ],
    [
      isOpen && lastQuestion !== null,
      command('edit-last', t.palette.editLast, 'rename', '↑', () => {
        chats.current.editLast();
      }),
    ],
    [
      isOpen,
      command('branch', t.palette.branchLast, 'branch', '', () => void tree.branchOff(last)),
    ],
  ];
  return offered.filter(([makesSense]) => makesSense).map(([, offer]) => offer);
}

function windowCommands({ shell }: App): Command[] {
  const sidebar = shell.sidebar ? t.sidebar.hide : t.sidebar.show;
  return [
    command('sidebar', sidebar, 'sidebar', commandKey('B'), (app) => app.shell.toggleSidebar()),
    command('settings', t.settings.title, 'settings', commandKey(','), (app) => {
      app.shell.dialog = { kind: 'settings' };
    }),
    command('keys', t.palette.keys, 'keyboard', commandKey('/'), (app) => {
      app.shell.dialog = { kind: 'keys' };
    }),
  ];
}

function themes({ settings }: App): Command[] {
  return THEMES.map((theme) => ({
    key: `theme ${theme}`,
    label: t.palette.theme(t.settings.themes[theme]),
    also: t.palette.themeAlso,
    icon: 'theme' as const,
    hint: settings.value.theme === theme ? t.palette.inUse : '',
    run: (app) => void changeTheme(app, theme),
  }));
}

/** The models that are there. */
function models({ models, chats }: App): Command[] {
  const current = models.of(chats.current.summary);
  return models.entries
    .filter(({ state }) => state !== 'missing')
    .map(({ id, name }) => ({
      key: `model ${id}`,
      label: t.palette.useModel(isolated(name)),
      also: t.palette.modelAlso,
      icon: 'chip' as const,
      hint: current?.id === id ? t.palette.inUse : '',
      run: (app) => void selectModel(app, id),
    }));
}

function command(
  key: string,
  label: string,
  icon: IconName,
  hint: string,
  run: (app: App) => void,
): Command {
  return { key, label, also: '', icon, hint, run };
}

function newChat({ chats, shell }: App, temporary: boolean): void {
  chats.newChat(temporary);
  shell.closeDrawer();
  shell.focusComposer();
}

async function copy({ announcer }: App, text: string): Promise<void> {
  announcer.say((await copyText(text)) ? t.message.copied : t.message.copyFailed);
}

function rename({ shell }: App): void {
  // The sidebar may lie over the title.
  shell.closeDrawer();
  shell.editTitle();
}

function deleteChat({ chats, shell }: App): void {
  const id = chats.currentId;
  if (id === null) return;
  // Undo is in the sidebar.
  showSidebar(shell);
  void chats.delete([id]);
}

function selectChats({ chats, shell }: App): void {
  showSidebar(shell);
  chats.selection.begin();
}

function showArchived({ chats, shell }: App): void {
  showSidebar(shell);
  chats.archiveShown = true;
}

function showSidebar(shell: Shell): void {
  if (!shell.sidebar) shell.toggleSidebar();
}

async function changeTheme(app: App, theme: Theme): Promise<void> {
  await app.settings.change({ theme });
  report(app, 'storage', app.settings.problem);
}

async function selectModel(app: App, id: string): Promise<void> {
  await app.selectModel(id);
  report(app, 'model', app.models.problem);
  app.models.quiet();
}

/** Says what went wrong where it is seen: the view that usually says it is not open. */
function report(app: App, code: ProblemCode, message: string | null): void {
  if (message !== null) app.problem = { code, message };
}
