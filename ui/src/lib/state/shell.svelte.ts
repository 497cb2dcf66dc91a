import type { Attachment } from '../ipc/host';

/** Narrower than this at the ordinary text size, the sidebar lies over the chat instead of beside it. */
const NARROW = 720;

export const SETTINGS_SECTIONS = [
  'general',
  'generation',
  'performance',
  'storage',
  'network',
  'about',
] as const;
export type SettingsSection = (typeof SETTINGS_SECTIONS)[number];

export type Dialog =
  | { kind: 'settings'; section?: SettingsSection }
  | { kind: 'models' }
  | { kind: 'keys' }
  | { kind: 'palette' }
  | { kind: 'chatOptions' }
  | { kind: 'modelPrompt'; message: string }
  | { kind: 'link'; url: string }
  | { kind: 'attachment'; attachment: Attachment };

/** The window's own state: what is shown, not what is said. */
export class Shell {
  dialog = $state.raw<Dialog | null>(null);
  narrow = $state.raw(false);
  /** Files are held over the window. */
  filesHeld = $state.raw(false);
  /** Counts requests to put the cursor into the message box. */
  composerFocus = $state.raw(0);
  /** Counts requests to edit the open chat's title. */
  titleEdits = $state.raw(0);

  #wide = $state.raw(true);
  #drawer = $state.raw(false);

  /** True when the sidebar is to be seen. */
  get sidebar(): boolean {
    return this.narrow ? this.#drawer : this.#wide;
  }

  toggleSidebar(): void {
    if (this.narrow) this.#drawer = !this.#drawer;
    else this.#wide = !this.#wide;
  }

  showSidebar(): void {
    if (!this.sidebar) this.toggleSidebar();
  }

  /** A choice in the sidebar was made: where it covers the chat, it goes away. */
  closeDrawer(): void {
    this.#drawer = false;
  }

  focusComposer(): void {
    this.composerFocus += 1;
  }

  editTitle(): void {
    this.titleEdits += 1;
  }

  /** Follows the window's width, which `textSize` percent makes less of; returns how to stop. */
  watchWidth(textSize: number): () => void {
    const query = matchMedia(`(width < ${(NARROW * textSize) / 100}px)`);
    const update = () => {
      this.narrow = query.matches;
      this.#drawer = false;
    };
    update();
    query.addEventListener('change', update);
    return () => query.removeEventListener('change', update);
  }
}
