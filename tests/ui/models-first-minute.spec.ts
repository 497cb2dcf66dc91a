/** From the Guide to the model for everything else, without leaving the chat. */
import { expect, test } from './app';

test('the card says what one gets into, before anything is downloaded', async ({ app, page }) => {
  await app.start('first-run');
  const card = page.getByTestId('first-model');
  await expect(card).toContainText('BitNet b1.58 2B4T');
  await expect(card).toContainText('Fits: needs 1.4 GB of memory, 9.1 GB are free');
  await expect(card).toContainText('takes 1.2 GB on the disk, 212 GB are free');
  await expect(card).toContainText('huggingface.co/microsoft/bitnet-b1.58-2B-4T@04c3b9a');
  await card.getByRole('button', { name: 'Licence: MIT' }).click();
  await expect(page.getByTestId('link-url')).toContainText('LICENSE');
  await page.keyboard.press('Escape');
  expect(await app.calls('startDownload')).toEqual([]);
});

test('download, chat meanwhile, and one press moves the chat over', async ({ app, page }) => {
  await app.start('first-run', 'fast');
  const card = page.getByTestId('first-model');
  await card.getByRole('button', { name: 'Download 1.2 GB' }).focus();
  await page.keyboard.press('Enter');
  await expect(app.composer).toBeFocused();
  await app.send('What is Tern?');
  await app.answered();
  const done = page.getByTestId('download-done');
  await expect(done).toContainText('BitNet b1.58 2B4T is on this computer.');
  await expect(page.getByTestId('model-pill')).toContainText('Guide');
  await done.getByRole('button', { name: 'Use it in this chat' }).click();
  await expect(page.getByTestId('model-pill')).toContainText('BitNet b1.58 2B4T');
  await expect(done).toHaveCount(0);
  await expect(app.composer).toBeFocused();
  await expect(page.getByTestId('download-glance')).toHaveCount(0);
  await app.send('Which birds are terns related to?');
  await app.answered();
  await expect(app.answers.last()).toContainText('related to gulls');
});

test('the card follows the download: pause, go on, done, use', async ({ app, page }) => {
  await app.start('first-run', 'manual');
  const card = page.getByTestId('first-model');
  await card.getByRole('button', { name: 'Download 1.2 GB' }).click();
  await app.advance(1);
  await app.advance(42);
  await expect(card).toContainText('479 MB of 1.2 GB');
  await card.getByRole('button', { name: /^Pause/ }).click();
  await expect(card).toContainText('Paused');
  await card.getByRole('button', { name: /^Go on/ }).click();
  await expect(card).toContainText('Asking for the list');
  for (let i = 0; i < 3; i += 1) await app.advance(200);
  await expect(card).toContainText('BitNet b1.58 2B4T is on this computer.');
  await card.getByRole('button', { name: 'Use it in this chat' }).click();
  await expect(card).toHaveCount(0);
  await expect(page.getByTestId('model-pill')).toContainText('BitNet b1.58 2B4T');
});

test('with the offline lock on, the card says why nothing is downloaded', async ({ app, page }) => {
  await app.start('first-run');
  await page.keyboard.press('Control+,');
  await page.getByRole('tab', { name: 'Network' }).click();
  await page.getByRole('switch', { name: 'Offline lock' }).press('Space');
  await expect(page.getByTestId('settings')).toContainText('nothing in Tern may connect');
  await page.keyboard.press('Escape');
  await expect(page.getByTestId('status-strip')).toContainText('Offline lock on');
  const card = page.getByTestId('first-model');
  await card.getByRole('button', { name: 'Download 1.2 GB' }).click();
  await expect(card.getByTestId('problem-line')).toContainText(
    'The offline lock is on, so nothing is downloaded.',
  );
});

test('the news of a finished download can be hidden', async ({ app, page }) => {
  await app.start('first-run', 'fast');
  await page
    .getByTestId('first-model')
    .getByRole('button', { name: /^Download/ })
    .click();
  await app.send('What is Tern?');
  const done = page.getByTestId('download-done');
  await done.getByRole('button', { name: 'Hide this' }).click();
  await expect(done).toHaveCount(0);
  await expect(page.getByTestId('download-glance')).toHaveCount(0);
  await expect(page.getByTestId('model-pill')).toContainText('Guide');
});

test('without a catalogue the card still opens a file', async ({ app, page }) => {
  await app.start('no-catalogue');
  const card = page.getByTestId('first-model');
  await expect(card.getByRole('button', { name: /^Download/ })).toHaveCount(0);
  await card.getByRole('button', { name: 'Open model file…' }).click();
  await expect(page.getByTestId('model-pill')).toContainText('BitNet b1.58 2B4T');
});
