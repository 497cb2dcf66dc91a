import { t } from '../strings/language.svelte';
import type { Host } from './host';
import { wellFormedHost } from './well-formed';

/**
 * The host of this window. The fake is compiled in only by `vite` (dev server) and
 * `vite build --mode fake`; both conditions are constants, so a production build drops it.
 */
export async function chooseHost(): Promise<Host> {
  const inTauri = '__TAURI_INTERNALS__' in window;
  if (import.meta.env.MODE === 'fake' || (import.meta.env.DEV && !inTauri)) {
    const { fakeHostFromUrl } = await import('./fake');
    return wellFormedHost(fakeHostFromUrl(new URL(location.href)));
  }
  if (!inTauri) throw new Error(t.app.noProgram);
  const { tauriHost } = await import('./tauri');
  return wellFormedHost(tauriHost);
}
