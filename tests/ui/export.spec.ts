import type { Page } from '@playwright/test';
import { expect, test, type Window } from './app';
import { run } from './palette';

async function openStorage(page: Page): Promise<void> {
  await page.keyboard.press('Control+,');
  await page.getByRole('tab', { name: 'Storage' }).click();
}

async function refuse(app: Window, command: 'exportConversation' | 'exportAll' | 'backUpNow') {
  await app.fake(
    (host, name) => host.refuse(name, { code: 'storage', message: 'The disk is full.' }),
    command,
  );
}

const exported = (page: Page) => page.getByTestId('exported');

test('a chat is exported from its row by keyboard, and the window says where to', async ({
  app,
  page,
}) => {
  await app.start('chats');
  const row = app.row('Meals for a week').getByRole('button').first();
  await row.focus();
  await page.keyboard.press('Shift+F10');
  await page.keyboard.press('e');
  await expect(page.getByRole('menuitem', { name: 'Export as Markdown…' })).toBeFocused();
  await page.keyboard.press('e');
  await page.keyboard.press('Enter');
  await expect(exported(page)).toHaveText('Exported to /home/kim/Documents/Meals for a week.json');
  await expect(page.getByTestId('live')).toHaveText(/^Exported to/);
  await expect(row).toBeFocused();
  const [[chat, format, words]] = (await app.calls('exportConversation')) as [unknown[]];
  expect([chat, format]).toEqual(['c-week', 'json']);
  expect(words).toMatchObject({ dialog: 'Export this chat', you: 'You', attached: 'Attached:' });
  await exported(page).getByRole('button', { name: 'Hide this' }).click();
  await expect(exported(page)).toHaveCount(0);
});

test('the palette exports the open chat, a temporary one too', async ({ app, page }) => {
  await app.start('chats');
  await page.keyboard.press('Control+Shift+N');
  await app.send('What could I give Kim?');
  await app.answered();
  await run(page, 'export markdown', 'Export this chat as Markdown');
  await expect(exported(page)).toHaveText(/What could I give Kim\?\.md\s*$/);
});

test('an export that fails is said, and one that is called off is not', async ({ app, page }) => {
  await app.start('chats');
  await app.open('Meals for a week');
  await refuse(app, 'exportConversation');
  await run(page, 'export json', 'Export this chat as JSON');
  await expect(page.getByTestId('problem-line')).toHaveText('The disk is full.');
  await page.getByTestId('problem-line').getByRole('button').click();
  await app.fake((host) => (host.storage.cancels = true), null);
  await run(page, 'export json', 'Export this chat as JSON');
  await expect.poll(async () => (await app.calls('exportConversation')).length).toBe(2);
  await expect(exported(page)).toHaveCount(0);
  await expect(page.getByTestId('problem-line')).toHaveCount(0);
});

test('all chats go into one file, and the window works meanwhile', async ({ app, page }) => {
  await app.start('sorted');
  await app.fake((host) => host.delay('exportAll', 1500), null);
  await openStorage(page);
  const settings = page.getByTestId('settings');
  await settings.getByRole('button', { name: 'JSON file…' }).press('Enter');
  await expect(settings.getByTestId('exporting')).toHaveText('Exporting all chats…');
  await expect(settings.getByRole('button', { name: 'Markdown folder…' })).toBeDisabled();
  await page.keyboard.press('Escape');
  await expect(settings).toHaveCount(0);
  await app.composer.fill('meanwhile');
  await expect(exported(page)).toHaveText(
    /^\s*Exported \d+ chats to \/home\/kim\/Documents\/Tern chats 2026-11-20\.json\s*$/,
  );
  await expect(app.composer).toHaveValue('meanwhile');
});

test('an export of all chats that fails is said in Settings', async ({ app, page }) => {
  await app.start('chats');
  await refuse(app, 'exportAll');
  await openStorage(page);
  const settings = page.getByTestId('settings');
  await settings.getByRole('button', { name: 'Markdown folder…' }).click();
  await expect(settings.getByTestId('problem-line')).toHaveText('The disk is full.');
  await expect(settings.getByTestId('problem-line')).toBeInViewport({ ratio: 1 });
  await settings.getByRole('button', { name: 'Markdown folder…' }).click();
  await expect(settings.getByTestId('exported')).toHaveText(/Tern chats 2026-11-20\s*$/);
  await expect(settings.getByTestId('problem-line')).toHaveCount(0);
});

test('backups are listed with their reason, made by hand, and their folder opens', async ({
  app,
  page,
}) => {
  await app.start('chats');
  await openStorage(page);
  const rows = page.getByTestId('backups').getByRole('listitem');
  await expect(rows).toHaveCount(4);
  await expect(rows.nth(2)).toHaveText(/before an upgrade\s*18 MB/);
  await expect(page.getByText('Chats on disk: 19 MB')).toBeVisible();
  await page.getByRole('button', { name: 'Back up now' }).press('Enter');
  await expect(rows).toHaveCount(5);
  await expect(rows.first()).toHaveText(/made by hand/);
  await expect(page.getByTestId('live')).toHaveText('Backup made.');
  await refuse(app, 'backUpNow');
  const again = page.getByRole('button', { name: 'Back up now' });
  await again.click();
  await expect(page.getByTestId('problem-line')).toHaveText('The disk is full.');
  await expect(rows).toHaveCount(5);
  await page.getByRole('button', { name: 'Open folder of backups' }).click();
  await page.getByRole('button', { name: 'Open folder', exact: true }).click();
  expect(await app.calls('openFolder')).toEqual([['backups'], ['data']]);
  await expect(page.getByTestId('problem-line')).toHaveCount(0);
});
