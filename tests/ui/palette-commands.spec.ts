import { expect, test } from './app';
import { chosen, options, run, search } from './palette';

test('commands do what they say', async ({ app, page }) => {
  await app.start('chats');
  await app.open('Meals for a week');
  await run(page, 'new ch', 'New chat');
  await expect(page.getByTestId('welcome')).toBeVisible();
  await expect(app.composer).toBeFocused();
  await run(page, 'hide', 'Hide sidebar');
  await expect(page.getByTestId('sidebar')).toHaveCount(0);
  await run(page, 'show', 'Show sidebar');
  await expect(page.getByTestId('sidebar')).toBeVisible();
  for (const [query, label, id] of [
    ['settings', 'Settings', 'settings'],
    ['keyb', 'Keyboard', 'keys'],
  ] as const) {
    await run(page, query, label);
    await expect(page.getByTestId(id)).toBeVisible();
    await page.keyboard.press('Escape');
    await expect(page.getByTestId(id)).toHaveCount(0);
    await expect(app.composer).toBeFocused();
  }
});

test('files are attached and waiting messages sent', async ({ app, page }) => {
  await app.start('ready', 'manual');
  await run(page, 'attach', 'Attach files');
  await expect(page.getByTestId('attachment')).toHaveCount(2);
  await app.send('A long one, please.');
  await app.send('Is it stored?');
  await search(page, 'that wait');
  await expect(options(page)).toHaveCount(0);
  await page.keyboard.press('Escape');
  await app.composer.press('Escape');
  await expect(page.getByTestId('queue-go-on')).toBeVisible();
  await run(page, 'that wait', 'Send the messages that wait');
  await expect(app.questions.last()).toHaveText(/Is it stored\?/);
});

test('the appearance changes at once, and what can’t be stored is said', async ({ app, page }) => {
  await app.start('chats');
  const root = page.locator('html');
  await run(page, 'dark', 'Appearance: Dark');
  await expect(root).toHaveAttribute('data-theme', 'dark');
  await search(page, 'dark');
  await expect(chosen(page)).toContainText('in use');
  await page.keyboard.press('Escape');
  await run(page, 'theme light', 'Appearance: Light');
  await expect(root).toHaveAttribute('data-theme', 'light');
  await app.fake(
    (host, message) => host.refuse('setSettings', { code: 'storage', message }),
    'The disk is full.',
  );
  await run(page, 'appearance system', 'Appearance: System');
  await expect(page.getByTestId('problem-line')).toHaveText('Not saved. The disk is full.');
  await expect(root).toHaveAttribute('data-theme', 'light');
});

test('another model for this chat, and not one whose file is gone', async ({ app, page }) => {
  await app.start('models');
  await app.open('Meals for a week');
  await run(page, 'use guide', 'Use Guide');
  await expect(page.getByTestId('model-pill')).toContainText('Guide');
  expect(await app.calls('selectModel')).toEqual([['guide', 'c-week']]);
  await search(page, 'falcon3');
  await expect(options(page)).toHaveCount(0);
  await page.keyboard.press('Escape');
  await app.fake(
    (host, message) => host.refuse('selectModel', { code: 'model', message }),
    'This file is damaged.',
  );
  await run(page, 'model large', 'Use bitnet_b1_58-large');
  await expect(page.getByTestId('problem-line')).toHaveText('This file is damaged.');
  await expect(page.getByTestId('model-pill')).toContainText('Guide');
});

test('the open chat is renamed in its place', async ({ app, page }) => {
  await app.start('chats');
  await search(page, 'rename');
  await expect(options(page)).toHaveCount(0);
  await page.keyboard.press('Escape');
  await app.open('Meals for a week');
  await run(page, 'rename', 'Rename this chat');
  const title = page.getByRole('textbox', { name: 'Chat title' });
  await expect(title).toBeFocused();
  await title.fill('Meals for two weeks');
  await title.press('Enter');
  expect(await app.calls('renameConversation')).toEqual([['c-week', 'Meals for two weeks']]);
  await run(page, 'rename', 'Rename this chat');
  await expect(title).toBeFocused();
});

test('a chat deleted here can be brought back, also where the sidebar was hidden', async ({
  app,
  page,
}) => {
  await app.start('chats');
  await app.open('Meals for a week');
  await page.keyboard.press('Control+b');
  await run(page, 'delete', 'Delete this chat');
  await expect(app.row('Meals for a week')).toHaveCount(0);
  await page.getByTestId('undo-bar').getByRole('button', { name: 'Undo' }).click();
  await expect(page.getByTestId('chat-title')).toHaveText('Meals for a week');
});

test('the answer is stopped, and Stop is there only while one runs', async ({ app, page }) => {
  await app.start('busy', 'manual');
  await app.open('Prime sieve in Python');
  await app.step(10);
  await run(page, 'stop', 'Stop the answer');
  await app.step(5);
  await expect(page.getByTestId('message-state')).toHaveText('Stopped. The text so far is kept.');
  expect(await app.calls('stopGeneration')).toEqual([['c-primes']]);
  await search(page, 'stop the');
  await expect(options(page)).toHaveCount(0);
});
