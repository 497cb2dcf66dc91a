import type { Page } from '@playwright/test';
import type { Strings } from '../../ui/src/lib/strings/language.svelte';
import type { Window } from './app';

/** Something to be looked at: `looks.spec.ts` keeps a picture of it. */
export interface View {
  name: string;
  scenario: string;
  pace?: 'instant' | 'manual';
  size?: { width: number; height: number };
  /** `t` are the window's words. */
  show?: (app: Window, page: Page, t: Strings) => Promise<void>;
}
