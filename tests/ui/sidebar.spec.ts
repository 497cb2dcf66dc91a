import { expect, test } from './app';

test('chats are grouped by day, then by month', async ({ app, page }) => {
  await app.start('chats');
  await expect(page.getByTestId('sidebar').getByRole('heading')).toHaveText([
    'Today',
    'Yesterday',
    'Previous 7 days',
    'October',
    'September',
  ]);
});

test('renaming from the menu, and not renaming with Escape', async ({ app, page }) => {
  await app.start('chats');
  const row = app.row('Meals for a week');
  await row.hover();
  await row.getByRole('button', { name: 'Actions for “Meals for a week”' }).click();
  await page.getByRole('menuitem', { name: 'Rename' }).click();
  const input = page.getByRole('textbox', { name: 'Chat title' });
  await expect(input).toBeFocused();
  await input.fill('Something else');
  await input.press('Escape');
  await expect(app.row('Meals for a week')).toBeVisible();
  expect(await app.calls('renameConversation')).toEqual([]);
  await app.row('Meals for a week').getByRole('button').first().click({ button: 'right' });
  await page.getByRole('menuitem', { name: 'Rename' }).click();
  await input.fill('Meals for two weeks');
  await input.press('Enter');
  await expect(app.row('Meals for two weeks')).toBeVisible();
  expect(await app.calls('renameConversation')).toEqual([['c-week', 'Meals for two weeks']]);
});

test('a title that can’t be stored goes back to what it was', async ({ app, page }) => {
  await app.start('chats');
  await app.open('Meals for a week');
  await app.fake(
    (host, message) => host.refuse('renameConversation', { code: 'storage', message }),
    'The disk is full. Make room, then try again.',
  );
  await page.getByRole('heading', { level: 1 }).getByRole('button').click();
  const input = page.getByRole('textbox', { name: 'Chat title' });
  await input.fill('Another title');
  await input.press('Enter');
  await expect(page.getByTestId('chat-title')).toHaveText('Meals for a week');
  await expect(page.getByTestId('problem-line')).toContainText('The disk is full.');
});

test('an edited title never lands on another chat', async ({ app, page }) => {
  await app.start('chats');
  await app.open('Meals for a week');
  await page.getByRole('heading', { level: 1 }).getByRole('button').click();
  await page.getByRole('textbox', { name: 'Chat title' }).fill('Meals, again');
  await page.keyboard.press('Alt+ArrowUp');
  await expect(page.getByTestId('chat-title')).toHaveText(
    'Where do Arctic terns spend the winter?',
  );
  for (const [id] of await app.calls('renameConversation')) expect(id).toBe('c-week');
});

test('deleting can be undone, and the open chat comes back', async ({ app, page }) => {
  await app.start('chats');
  await app.open('Meals for a week');
  const row = app.row('Meals for a week');
  await row.getByRole('button', { name: /^Actions/ }).click();
  await page.getByRole('menuitem', { name: 'Delete' }).click();
  await expect(row).toHaveCount(0);
  await expect(page.getByTestId('welcome')).toBeVisible();
  expect(await app.calls('deleteConversations')).toEqual([[['c-week']]]);
  const bar = page.getByTestId('undo-bar');
  await bar.getByRole('button', { name: 'Undo' }).click();
  await expect(row).toBeVisible();
  await expect(bar).toHaveCount(0);
  await expect(page.getByTestId('chat-title')).toHaveText('Meals for a week');
  await expect(app.answers).toHaveCount(1);
});

test('the Undo bar goes away by itself, but not under the pointer', async ({ app, page }) => {
  await page.clock.install({ time: new Date('2026-11-20T10:12:00Z') });
  await page.goto('/?fake=chats&pace=instant');
  await page.clock.runFor(1000);
  await app.row('Meals for a week').hover();
  await app
    .row('Meals for a week')
    .getByRole('button', { name: /^Actions/ })
    .click();
  await page.getByRole('menuitem', { name: 'Delete' }).click();
  await page.clock.runFor(100);
  const bar = page.getByTestId('undo-bar');
  await bar.hover();
  // The browser tells of the pointer with its next frame, whatever the page's clock says.
  await expect.poll(() => bar.evaluate((node) => node.matches(':hover'))).toBe(true);
  await page.clock.runFor(60_000);
  await expect(bar).toBeVisible();
  await page.mouse.move(800, 300);
  await page.clock.runFor(10_500);
  await expect(bar).toHaveCount(0);
  await expect(app.row('Meals for a week')).toHaveCount(0);
});

test('deleting a chat stops its answer, and late events don’t bring it back', async ({
  app,
  page,
}) => {
  await app.start('busy', 'manual');
  await app.open('Prime sieve in Python');
  await app
    .row('Prime sieve')
    .getByRole('button', { name: /^Actions/ })
    .click();
  await page.getByRole('menuitem', { name: 'Delete' }).click();
  await app.step(50);
  await expect(app.row('Prime sieve in Python')).toHaveCount(0);
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect(page.getByTestId('message-state')).toHaveText('Stopped. The text so far is kept.');
});

test('a chat that can’t be opened says so and can be tried again', async ({ app, page }) => {
  await app.start('chats');
  await expect(app.rows.first()).toBeVisible();
  await app.fake(
    (host, message) => host.refuse('openConversation', { code: 'storage', message }),
    'The database could not be read.',
  );
  await app.open('Meals for a week');
  await expect(
    page.getByText('This chat could not be opened. The database could not be read.'),
  ).toBeVisible();
  await expect(page.getByTestId('send')).toBeDisabled();
  await page.getByRole('button', { name: 'Try again' }).click();
  await expect(app.answers).toHaveCount(1);
});

test('the sidebar hides, and lies over the chat in a narrow window', async ({ app, page }) => {
  await app.start('chats');
  await page.keyboard.press('Control+b');
  await expect(page.getByTestId('sidebar')).toHaveCount(0);
  await page.getByRole('button', { name: 'Show sidebar' }).click();
  await expect(page.getByTestId('sidebar')).toBeVisible();
  await page.setViewportSize({ width: 560, height: 700 });
  await expect(page.getByTestId('sidebar')).toHaveCount(0);
  await page.getByRole('button', { name: 'Show sidebar' }).click();
  await app.open('Meals for a week');
  await expect(page.getByTestId('sidebar')).toHaveCount(0);
  await expect(page.getByTestId('chat-title')).toHaveText('Meals for a week');
});
