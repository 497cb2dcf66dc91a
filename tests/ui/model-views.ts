/** Models: the view, the card on the first screen, the settings around them, for looks.spec.ts. */
import type { Page } from '@playwright/test';
import type { Strings } from '../../ui/src/lib/strings/language.svelte';
import { expect } from './app';
import type { View } from './view';

/** Opens the models and brings a part of them into view. */
async function models(page: Page, heading?: string): Promise<void> {
  await page.keyboard.press('Control+Shift+M');
  await expect(page.getByTestId('catalogue-card').first()).toBeVisible();
  if (heading === undefined) return;
  await page
    .getByRole('heading', { name: heading })
    .evaluate((element) => element.scrollIntoView({ block: 'start' }));
}

async function network(page: Page, t: Strings): Promise<void> {
  await page.keyboard.press('Control+,');
  await page.getByRole('tab', { name: t.settings.sections.network }).click();
  await page.getByText(t.settings.downloads, { exact: true }).click();
}

export const modelViews: View[] = [
  {
    name: 'first-run-downloading',
    scenario: 'first-run',
    pace: 'manual',
    show: async (app, page, t) => {
      await page
        .getByRole('button', { name: t.library.download('').trim() })
        .first()
        .click();
      await app.advance(0);
      await app.advance(42);
      await expect(page.getByTestId('download')).toContainText('479');
    },
  },
  {
    name: 'first-run-done',
    scenario: 'first-run',
    show: async (_app, page, t) => {
      await page
        .getByRole('button', { name: t.library.download('').trim() })
        .first()
        .click();
      await expect(page.getByRole('button', { name: t.downloads.useHere })).toBeVisible();
    },
  },
  {
    name: 'download-done',
    scenario: 'downloads',
    show: async (app, page, t) => {
      await app.open('What is Tern?');
      await expect(page.getByTestId('download-done').first()).toContainText(t.downloads.useHere);
    },
  },
  {
    name: 'models-here',
    scenario: 'library',
    show: (_app, page) => models(page),
  },
  {
    name: 'models-catalogue',
    scenario: 'library',
    show: (_app, page, t) => models(page, t.library.catalogue),
  },
  {
    name: 'models-downloads',
    scenario: 'downloads',
    pace: 'manual',
    show: (_app, page, t) => models(page, t.downloads.label),
  },
  {
    name: 'models-other',
    scenario: 'library',
    show: async (_app, page, t) => {
      await models(page, t.library.other);
      await page.getByRole('button', { name: t.library.measure }).click();
      await expect(page.getByTestId('measure')).toContainText(t.library.measureAgain);
    },
  },
  {
    name: 'models-remove',
    scenario: 'library',
    show: async (_app, page, t) => {
      await models(page);
      const model = page.getByTestId('installed-model').filter({ hasText: 'microsoft/bitnet' });
      await model.getByRole('button').last().click();
      await page.getByRole('menuitem', { name: t.library.remove }).click();
      await expect(page.getByTestId('remove-question')).toBeVisible();
    },
  },
  {
    name: 'models-narrow',
    scenario: 'library',
    size: { width: 480, height: 720 },
    show: (_app, page, t) => models(page, t.library.catalogue),
  },
  {
    name: 'dropped-model',
    scenario: 'chats',
    show: async (app, page) => {
      const path = '/home/kim/Downloads/Falcon3-1B-Instruct.gguf';
      await app.fake(
        (host, at) =>
          host.emit({ kind: 'modelDropped', path: at, name: 'Falcon3-1B-Instruct.gguf' }),
        path,
      );
      await expect(page.getByTestId('dropped-model')).toContainText(path);
    },
  },
  {
    name: 'settings-network-downloads',
    scenario: 'chats',
    show: async (_app, page, t) => {
      await network(page, t);
      await page.getByRole('radio', { name: t.settings.proxies.manual }).click();
      await page
        .getByLabel(t.settings.token)
        .evaluate((element) => element.scrollIntoView({ block: 'end' }));
    },
  },
  {
    name: 'settings-no-keyring',
    scenario: 'no-keyring',
    show: async (_app, page, t) => {
      await network(page, t);
      await page
        .getByText(t.settings.noKeyring)
        .evaluate((element) => element.scrollIntoView({ block: 'end' }));
    },
  },
];
