/** What Tern is called outside its page: in the menu bar and in the tray. */
import type { DesktopWords } from './ipc/host';
import { t } from './strings/language.svelte';

export function desktopWords(): DesktopWords {
  const { actions } = t.keys;
  return {
    ...t.desktop,
    newChat: actions.newChat,
    newTemporaryChat: actions.newTemporaryChat,
    palette: actions.palette,
    find: actions.find,
    toggleSidebar: actions.toggleSidebar,
    models: actions.models,
    settings: t.settings.title,
    keys: t.keys.title,
    largerText: actions.largerText,
    smallerText: actions.smallerText,
    ordinaryText: actions.ordinaryText,
  };
}
