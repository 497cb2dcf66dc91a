import { expect, test } from './app';

test('everything in a chat works without a pointer', async ({ app, page }) => {
  await app.start('chats');
  await expect(app.composer).toBeFocused();

  // Write, stop, write again.
  await page.keyboard.type('What is Tern?');
  await page.keyboard.press('Enter');
  await app.answered();

  // Into the list, down to the second row, open it.
  await app.rows.first().getByRole('button').first().focus();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await expect(page.getByTestId('chat-title')).toHaveText('Prime sieve in Python');
  await expect(app.composer).toBeFocused();

  // Delete it from its menu and bring it back.
  await app.row('Prime sieve').getByRole('button').first().focus();
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('menuitem', { name: 'Rename' })).toBeFocused();
  await page.keyboard.press('d');
  await expect(page.getByRole('menuitem', { name: 'Duplicate' })).toBeFocused();
  await page.keyboard.press('d');
  await expect(page.getByRole('menuitem', { name: 'Delete' })).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('button', { name: 'Undo' })).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(app.row('Prime sieve in Python')).toBeVisible();

  // The next and the previous chat.
  await page.keyboard.press('Alt+ArrowDown');
  await expect(page.getByTestId('chat-title')).toHaveText('Comparing weight formats');
  await page.keyboard.press('Alt+ArrowUp');
  await expect(page.getByTestId('chat-title')).toHaveText('Prime sieve in Python');

  // A new chat, another model.
  await page.keyboard.press('Control+n');
  await expect(page.getByTestId('welcome')).toBeVisible();
  await expect(app.composer).toBeFocused();
  await page.getByTestId('model-pill').focus();
  await page.keyboard.press('Enter');
  await expect(
    page.getByTestId('model-menu').getByRole('button', { name: /^BitNet/ }),
  ).toBeFocused();
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('Enter');
  await expect(page.getByTestId('model-pill')).toContainText('Guide');
});

test('dialogs keep the focus inside and give it back', async ({ app, page }) => {
  await app.start('chats');
  await expect(app.composer).toBeFocused();
  for (const [keys, id] of [
    ['Control+,', 'settings'],
    ['Control+/', 'keys'],
    ['Control+k', 'palette'],
  ] as const) {
    await page.keyboard.press(keys);
    const dialog = page.getByTestId(id);
    await expect(dialog).toBeVisible();
    for (let i = 0; i < 12; i += 1) {
      await page.keyboard.press('Tab');
      const outside = await page.evaluate(() => {
        const focused = document.activeElement;
        return focused !== document.body && focused?.closest('dialog') === null;
      });
      expect(outside).toBe(false);
    }
    await page.keyboard.press('Escape');
    await expect(dialog).toHaveCount(0);
    await expect(app.composer).toBeFocused();
  }
});

test('a link in an answer is reached, shown, and refused or opened by keyboard', async ({
  app,
  page,
}) => {
  await app.start('chats');
  await app.open('Comparing weight formats');
  const link = page.getByRole('link', { name: 'BitNet paper' });
  await link.focus();
  await page.keyboard.press('Enter');
  await expect(page.getByTestId('link-url')).toHaveText('https://arxiv.org/abs/2402.17764');
  await page.keyboard.press('Escape');
  expect(await app.calls('openLink')).toEqual([]);
  await expect(link).toBeFocused();
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Open in browser' }).press('Enter');
  await expect(page.getByTestId('link-dialog')).toHaveCount(0);
  expect(await app.calls('openLink')).toEqual([['https://arxiv.org/abs/2402.17764']]);
});

test('settings sections are walked with the arrow keys', async ({ app, page }) => {
  await app.start('chats');
  await page.keyboard.press('Control+,');
  await page.getByRole('tab', { name: 'General' }).focus();
  await page.keyboard.press('ArrowDown');
  await expect(page.getByRole('tab', { name: 'Generation' })).toBeFocused();
  await expect(page.getByLabel('System prompt')).toBeVisible();
});
