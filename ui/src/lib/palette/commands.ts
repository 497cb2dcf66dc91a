/** What the palette can do besides opening a chat. */
import type { IconName } from '../../components/Icon.svelte';
import { actions, type ActionName } from '../actions';
import type { Theme } from '../ipc/host';
import { keysOf } from '../keymap';
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
  const saved = [
    command('rename', t.palette.rename, 'rename'),
    command('delete', t.palette.delete, 'trash'),
    command('chatOptions', t.palette.chatOptions, 'options', t.palette.chatOptionsAlso),
  ];
  return [
    ...(chats.current.answer === null ? [] : [command('stop', t.palette.stop, 'stop')]),
    command('newChat', t.sidebar.newChat, 'compose'),
    ...(chats.currentId === null ? [] : saved),
  ];
}

function windowCommands({ shell }: App): Command[] {
  const { textAlso } = t.palette;
  return [
    command('toggleSidebar', shell.sidebar ? t.sidebar.hide : t.sidebar.show, 'sidebar'),
    command('settings', t.settings.title, 'settings'),
    command('keys', t.palette.keys, 'keyboard'),
    command('largerText', t.keys.actions.largerText, 'text', textAlso),
    command('smallerText', t.keys.actions.smallerText, 'text', textAlso),
    command('ordinaryText', t.keys.actions.ordinaryText, 'text', textAlso),
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
      label: t.palette.useModel(name),
      also: t.palette.modelAlso,
      icon: 'chip' as const,
      hint: current?.id === id ? t.palette.inUse : '',
      run: (app) => void selectModel(app, id),
    }));
}

function command(action: ActionName, label: string, icon: IconName, also = ''): Command {
  const hint = action === 'stop' ? keysOf('dismiss') : keysOf(action);
  return { key: action, label, also, icon, hint, run: actions[action] };
}

async function changeTheme(app: App, theme: Theme): Promise<void> {
  await app.settings.change({ theme });
  app.report('storage', app.settings.problem);
}

async function selectModel(app: App, id: string): Promise<void> {
  await app.selectModel(id);
  app.report('model', app.models.problem);
  app.models.quiet();
}
