/** Downloads: beginning, following, pausing, ending them, and what went wrong. */
import type { Page } from '@playwright/test';
import { expect, test } from './app';

const card = (page: Page, name: string) =>
  page.getByTestId('catalogue-card').filter({ hasText: name });
const rows = (page: Page) => page.getByTestId('models').getByTestId('download');

test('nothing is downloaded by itself', async ({ app, page }) => {
  await app.start('first-run');
  await page.keyboard.press('Control+Shift+M');
  await expect(card(page, 'BitNet b1.58')).toBeVisible();
  expect(await app.calls('startDownload')).toEqual([]);
});

test('a card says what fits with figures, and where it all comes from', async ({ app, page }) => {
  await app.start('first-run');
  await page.keyboard.press('Control+Shift+M');
  await expect(card(page, 'BitNet b1.58')).toContainText('Fits: needs 1.4 GB of memory');
  await expect(card(page, 'BitNet b1.58')).toContainText(
    'huggingface.co/microsoft/bitnet-b1.58-2B-4T@04c3b9a',
  );
  await expect(card(page, '10B')).toContainText('Slow here');
  await expect(card(page, '10B')).toContainText('about 5.2 tokens a second');
  await expect(card(page, 'Llama3')).toContainText(
    'Won’t fit: needs 18 GB of memory, this computer has 17 GB',
  );
  await expect(
    card(page, 'Llama3').getByRole('button', { name: /^Download anyway/ }),
  ).toBeEnabled();
  const noRoom = card(page, '58-3B');
  await expect(noRoom).toContainText('takes 13 GB on the disk, 9.7 GB are free');
  await expect(noRoom.getByRole('button', { name: /^Download/ })).toBeDisabled();
});

test('the licence is shown as a link, over the models', async ({ app, page }) => {
  await app.start('first-run');
  await page.keyboard.press('Control+Shift+M');
  const licence = card(page, 'Llama3').getByRole('button', { name: /^Licence/ });
  await licence.focus();
  await page.keyboard.press('Enter');
  await expect(page.getByTestId('link-url')).toContainText('llama.meta.com');
  await page.keyboard.press('Escape');
  await expect(page.getByTestId('link-dialog')).toHaveCount(0);
  await expect(page.getByTestId('models')).toBeVisible();
  await expect(licence).toBeFocused();
});

test('a download by keyboard: its progress, and use when it is done', async ({ app, page }) => {
  await app.start('first-run', 'manual');
  await page.keyboard.press('Control+Shift+M');
  const button = card(page, '3 1B').getByRole('button', { name: /^Download/ });
  await button.focus();
  await page.keyboard.press('Enter');
  await expect(rows(page)).toContainText('Asking for the list of files…');
  await app.advance(1);
  await app.advance(50);
  await expect(rows(page)).toContainText('570 MB of 1.4 GB · 11 MB/s · about 70 s left');
  const bar = rows(page).getByRole('progressbar');
  await expect(bar).toHaveAttribute('aria-valuenow', '41');
  await expect(bar).toHaveAttribute('aria-valuetext', /570 MB of 1.4 GB/);
  await expect(
    card(page, '3 1B').getByRole('button', { name: /Downloading · 41 %/ }),
  ).toBeFocused();
  await app.advance(200);
  await expect(rows(page)).toContainText('Checking the files against their checksums…');
  await app.advance(1);
  await expect(rows(page)).toHaveCount(0);
  await expect(page.getByTestId('live')).toHaveText(/Falcon3 1B.* is downloaded and verified\./);
  await card(page, '3 1B').getByRole('button', { name: /^Use/ }).click();
  await expect(card(page, '3 1B').getByRole('button', { name: 'In use' })).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(page.getByTestId('model-pill')).toContainText('Falcon3 1B');
});

test('a download is paused and goes on with one button', async ({ app, page }) => {
  await app.start('downloads', 'manual');
  await page.keyboard.press('Control+Shift+M');
  const row = rows(page).first();
  await row.getByRole('button', { name: 'Pause the download of BitNet' }).focus();
  await page.keyboard.press('Enter');
  await expect(row).toContainText('Paused · 499 MB of 1.2 GB');
  await expect(card(page, 'BitNet b1.58')).toContainText('Paused');
  const goOn = row.getByRole('button', { name: 'Go on with the download of BitNet' });
  await expect(goOn).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(row).toContainText('Asking for the list');
});

test('a download that waits says for what, and when it tries again', async ({ app, page }) => {
  await app.start('downloads', 'manual');
  await page.keyboard.press('Control+Shift+M');
  const row = rows(page).nth(1);
  await expect(row).toContainText('Waiting for a connection. Next try in 12 s.');
  await app.advance(5);
  await expect(row).toContainText('Next try in 7 s.');
  await app.advance(7);
  await expect(row).not.toContainText('Next try');
});

test('a download that was given up says why, and is tried again', async ({ app, page }) => {
  await app.start('downloads', 'manual');
  await page.keyboard.press('Control+Shift+M');
  const row = rows(page).last();
  await expect(row.getByTestId('problem-line')).toContainText('free some space and go on');
  await row.getByRole('button', { name: 'Try again: download of tinkerer' }).click();
  await expect(row.getByTestId('problem-line')).toHaveCount(0);
  expect(await app.calls('resumeDownload')).toEqual([['d-own']]);
  await app.fake(
    (host, message) =>
      host.models.fail({
        code: 'storage',
        message,
        detail: { kind: 'unworded', text: message },
      }),
    'The disk is full again.',
  );
  await expect(row.getByTestId('problem-line')).toContainText('The disk is full again.');
  await expect(page.getByTestId('live')).toContainText('The disk is full again.');
});

test('cancelling asks before bytes are thrown away', async ({ app, page }) => {
  await app.start('downloads', 'manual');
  await page.keyboard.press('Control+Shift+M');
  const row = rows(page).first();
  const cancel = row.getByRole('button', { name: 'Cancel the download of BitNet' });
  await cancel.focus();
  await page.keyboard.press('Enter');
  await expect(row).toContainText('Cancel and delete the 499 MB that are there?');
  await expect(row.getByRole('button', { name: 'Keep it' })).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(cancel).toBeFocused();
  await page.keyboard.press('Enter');
  await row.getByRole('button', { name: 'Cancel the download', exact: true }).click();
  await expect(rows(page)).toHaveCount(3);
  await expect(page.getByTestId('live')).not.toContainText('is downloaded');
  await expect(
    card(page, 'BitNet b1.58').getByRole('button', { name: /^Download 1/ }),
  ).toBeVisible();
});

test('another repository: what it may be called, and that it begins', async ({ app, page }) => {
  await app.start('first-run', 'manual');
  await page.keyboard.press('Control+Shift+M');
  const field = page.getByLabel('Repository');
  await field.fill('not a repository');
  await field.press('Enter');
  await expect(page.getByTestId('models')).toContainText('Write it as owner/name');
  await expect(field).toHaveAttribute('aria-invalid', 'true');
  await expect(field).toHaveValue('not a repository');
  await field.fill(' tiiuae/Falcon-E-1B@main:model.gguf ');
  await field.press('Enter');
  await expect(rows(page)).toContainText('huggingface.co/tiiuae/Falcon-E-1B');
  await expect(field).toHaveValue('');
  expect((await app.calls('startDownload')).at(-1)).toEqual(['tiiuae/Falcon-E-1B@main:model.gguf']);
});

test('the strip follows the download, and leads to it', async ({ app, page }) => {
  await app.start('first-run', 'manual');
  await page.keyboard.press('Control+Shift+M');
  await card(page, 'BitNet b1.58')
    .getByRole('button', { name: /^Download/ })
    .click();
  await app.advance(1);
  await app.advance(50);
  await page.keyboard.press('Escape');
  const glance = page.getByTestId('download-glance');
  await expect(glance).toHaveText('BitNet b1.58 2B4T · 47 %');
  await expect(page.getByTestId('status-strip')).toContainText('Downloading from huggingface.co');
  await glance.click();
  await page
    .getByTestId('models')
    .getByRole('button', { name: /^Pause/ })
    .click();
  await page.keyboard.press('Escape');
  await expect(glance).toHaveText('BitNet b1.58 2B4T · paused');
  await expect(page.getByTestId('status-strip')).toContainText('No connections since start');
});

test('downloads in the connection log are no alarm, anything else still is', async ({
  app,
  page,
}) => {
  await app.start('chats');
  await app.fake((host) => host.connections.add('download', 'huggingface.co:443'), null);
  const strip = page.getByTestId('status-strip');
  await strip.getByRole('button').last().click();
  await expect(strip).toContainText('Downloads only since start');
  await expect(page.getByTestId('connection-log')).toContainText('Download, which you asked for');
  await app.fake((host) => host.connections.add('connection', '203.0.113.7:443'), null);
  await expect(strip).toContainText('1 connection since start');
});

test('where the catalogue can’t be had, that is said, and files can still be opened', async ({
  app,
  page,
}) => {
  await app.start('no-catalogue');
  await page.keyboard.press('Control+Shift+M');
  await expect(page.getByTestId('models')).toContainText(
    'The catalogue can’t be shown. The folder for models can’t be read.',
  );
  await page.getByTestId('models').getByRole('button', { name: 'Open model file…' }).click();
  await expect(page.getByTestId('installed-model')).toHaveCount(2);
});
