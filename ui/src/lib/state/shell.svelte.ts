import type { Attachment } from '../ipc/host';

/** Narrower than this, the sidebar lies over the chat instead of beside it. */
const NARROW = '(max-width: 719px)';

export type Dialog =
  | { kind: 'settings' }
  | { kind: 'keys' }
  | { kind: 'palette' }
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

  /** Follows the window's width; returns how to stop. */
  watchWidth(): () => void {
    const query = matchMedia(NARROW);
    const update = () => {
      this.narrow = query.matches;
      this.#drawer = false;
    };
    update();
    query.addEventListener('change', update);
    return () => query.removeEventListener('change', update);
  }
}
