/** What the palette can do besides opening a chat. */
import type { IconName } from '../../components/Icon.svelte';
import { isolated } from '../direction';
import type { ProblemCode, Theme } from '../ipc/host';
import { commandKey } from '../keys';
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
  return [...chatCommands(app), ...windowCommands(app), ...themes(app), ...models(app)];
}

function chatCommands({ chats }: App): Command[] {
  const commands = [
    command('new-chat', t.sidebar.newChat, 'compose', commandKey('N'), newChat),
    command('rename', t.palette.rename, 'rename', '', rename),
    command('delete', t.palette.delete, 'trash', '', deleteChat),
  ];
  const stop = command('stop', t.keys.stop, 'stop', 'Esc', (app) => void app.chats.current.stop());
  const goOn = command('go-on', t.palette.goOn, 'send', '', (app) => {
    void app.chats.current.queue.sendNext();
  });
  const attach = command('attach', t.attachments.add, 'file', '', (app) => {
    void app.chats.current.attachFiles();
  });
  return [
    ...(chats.current.answer === null ? [] : [stop]),
    ...(chats.current.queue.stands ? [goOn] : []),
    ...commands.filter(({ key }) => key === 'new-chat' || chats.currentId !== null),
    attach,
  ];
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

function newChat({ chats, shell }: App): void {
  chats.newChat();
  shell.closeDrawer();
  shell.focusComposer();
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
  if (!shell.sidebar) shell.toggleSidebar();
  void chats.delete(id);
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
