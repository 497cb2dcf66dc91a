/** What the palette can do besides opening a chat. */
import { actions, type ActionName } from '../actions';
import { copyText } from '../clipboard';
import { isolated } from '../direction';
import type { IconName } from '../icons';
import type { ConversationSummary, ExportFormat, Theme } from '../ipc/host';
import { keysOf } from '../keymap';
import { isUsable } from '../model-words';
import type { App } from '../state/app.svelte';
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
  const { answer, summary, queue } = chats.current;
  const goOn = command('go-on', t.palette.goOn, 'send', (app) => {
    void app.chats.current.queue.sendNext();
  });
  const attach = command('attach', t.attachments.add, 'file', (app) => {
    void app.chats.current.attachFiles();
  });
  return [
    ...(answer === null ? [] : [act('stop', t.palette.stop, 'stop')]),
    ...(queue.stands ? [goOn] : []),
    act('newChat', t.sidebar.newChat, 'compose'),
    act('newTemporaryChat', t.keys.actions.newTemporaryChat, 'ghost'),
    ...(summary === null ? [] : commandsFor(summary)),
    act('chatOptions', t.palette.chatOptions, 'options', t.palette.chatOptionsAlso),
    attach,
  ];
}

/**
 * What can be done with the open chat. A temporary one is not to be kept in any way but by an
 * export, which is asked for.
 */
function commandsFor({ id, pinned, archived, temporary }: ConversationSummary): Command[] {
  const pin = command(
    'pin',
    pinned ? t.palette.unpin : t.palette.pin,
    pinned ? 'unpin' : 'pin',
    ({ chats }) => void chats.pin(id, !pinned),
  );
  const archive = command(
    'archive',
    archived ? t.palette.unarchive : t.palette.archive,
    archived ? 'unarchive' : 'archive',
    ({ chats }) => void chats.archive([id], !archived),
  );
  const duplicate = command(
    'duplicate',
    t.palette.duplicate,
    'copy',
    ({ chats }) => void chats.duplicate(id),
  );
  return [
    act('rename', t.palette.rename, 'rename'),
    ...(temporary || archived ? [] : [pin]),
    ...(temporary ? [] : [duplicate, archive]),
    exportAs(id, 'markdown', t.exports.thisMarkdown),
    exportAs(id, 'json', t.exports.thisJson),
    act('delete', t.palette.delete, 'trash'),
  ];
}

/** What can be done with the list of chats. */
function listCommands({ chats }: App): Command[] {
  const archive = command('archived', t.palette.showArchived, 'archive', showArchived);
  return [
    ...(chats.listedIds.length === 0
      ? []
      : [
          {
            ...command('select', t.palette.selectChats, 'select', selectChats),
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
      command('read-stop', t.message.stopReading, 'stop', (app) => app.speech.stop()),
    ],
    [
      isAnswer && last.text !== '',
      command('copy-last', t.palette.copyLast, 'copy', (app) => void copy(app, last.text)),
    ],
    [
      isOpen && hasQuestion && last.cutShort,
      command('continue', t.palette.continueLast, 'continue', () => void tree.continue(last)),
    ],
    [
      isOpen && hasQuestion,
      command('retry', t.palette.retryLast, 'retry', () => void tree.retry(last)),
    ],
    [
      isOpen && lastQuestion !== null,
      command('edit-last', t.palette.editLast, 'rename', () => chats.current.editLast()),
    ],
    [isOpen, command('branch', t.palette.branchLast, 'branch', () => void tree.branchOff(last))],
  ];
  return offered.filter(([makesSense]) => makesSense).map(([, offer]) => offer);
}

function windowCommands({ shell }: App): Command[] {
  const { textAlso } = t.palette;
  return [
    act('toggleSidebar', shell.sidebar ? t.sidebar.hide : t.sidebar.show, 'sidebar'),
    act('models', t.keys.actions.models, 'chip', t.library.also),
    act('settings', t.settings.title, 'settings'),
    act('keys', t.palette.keys, 'keyboard'),
    act('largerText', t.keys.actions.largerText, 'letter', textAlso),
    act('smallerText', t.keys.actions.smallerText, 'letter', textAlso),
    act('ordinaryText', t.keys.actions.ordinaryText, 'letter', textAlso),
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
  return models.entries.filter(isUsable).map(({ id, name }) => ({
    key: `model ${id}`,
    label: t.palette.useModel(isolated(name)),
    also: t.palette.modelAlso,
    icon: 'chip' as const,
    hint: current?.id === id ? t.palette.inUse : '',
    run: (app) => void selectModel(app, id),
  }));
}

/** A command that is one of the window's actions. */
function act(action: ActionName, label: string, icon: IconName, also = ''): Command {
  const hint = action === 'stop' ? keysOf('dismiss') : keysOf(action);
  return { key: action, label, also, icon, hint, run: actions[action] };
}

function command(key: string, label: string, icon: IconName, run: (app: App) => void): Command {
  return { key, label, also: '', icon, hint: '', run };
}

function exportAs(id: string, format: ExportFormat, label: string): Command {
  const run = ({ exports }: App) => void exports.one(id, format);
  return { ...command(`export ${format}`, label, 'export', run), also: t.exports.also };
}

async function copy({ announcer }: App, text: string): Promise<void> {
  announcer.say((await copyText(text)) ? t.message.copied : t.message.copyFailed);
}

function selectChats({ chats, shell }: App): void {
  shell.showSidebar();
  chats.selection.begin();
}

function showArchived({ chats, shell }: App): void {
  shell.showSidebar();
  chats.archiveShown = true;
}

async function changeTheme(app: App, theme: Theme): Promise<void> {
  await app.settings.change({ theme });
  app.report(app.settings.problem);
}

async function selectModel(app: App, id: string): Promise<void> {
  await app.selectModel(id);
  app.report(app.models.problem);
  app.models.quiet();
}
