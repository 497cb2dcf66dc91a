import type { Page } from '@playwright/test';
import { expect, test, type Window } from './app';
import { run } from './palette';

const bar = (page: Page) => page.getByTestId('selection-bar');
const box = (app: Window, title: string) => app.row(title).getByRole('checkbox');

test('with the mouse: one by one, then a range', async ({ app, page }) => {
  await app.start('chats');
  await app
    .row('Comparing')
    .getByRole('button')
    .first()
    .click({ modifiers: ['Control'] });
  await expect(bar(page)).toContainText('1 selected');
  await expect(box(app, 'Comparing')).toBeChecked();
  await expect(page.getByTestId('welcome')).toBeVisible();
  await box(app, 'What is Tern?').click({ modifiers: ['Shift'] });
  await expect(bar(page)).toContainText('5 selected');
  await box(app, 'Meals').click();
  await expect(bar(page)).toContainText('4 selected');
  await expect(box(app, 'Meals')).not.toBeChecked();
  await bar(page).getByRole('button', { name: 'Stop selecting' }).click();
  await expect(bar(page)).toHaveCount(0);
  await expect(page.getByRole('checkbox')).toHaveCount(0);
});

test('with the keyboard: from the menu, by neighbours, all, and out again', async ({
  app,
  page,
}) => {
  await app.start('busy', 'manual');
  await app.open('Prime sieve in Python');
  await app.row('Comparing').getByRole('button').first().focus();
  await page.keyboard.press('Shift+F10');
  await page.keyboard.press('s');
  await page.keyboard.press('Enter');
  await expect(box(app, 'Comparing')).toBeFocused();
  await expect(box(app, 'Comparing')).toBeChecked();
  await page.keyboard.press('Space');
  await expect(bar(page)).toContainText('0 selected');
  await expect(bar(page).getByRole('button', { name: 'Delete' })).toBeDisabled();
  await page.keyboard.press('Space');
  await page.keyboard.press('Shift+ArrowDown');
  await page.keyboard.press('Shift+ArrowDown');
  await expect(bar(page)).toContainText('3 selected');
  await expect(box(app, 'Where do Arctic')).toBeFocused();
  await page.keyboard.press('Shift+ArrowUp');
  await expect(bar(page)).toContainText('2 selected');
  await page.keyboard.press('Control+a');
  await expect(bar(page)).toContainText('9 selected');
  await page.keyboard.press('Delete');
  await page.keyboard.press('Backspace');
  await expect(app.rows).toHaveCount(9);
  await page.keyboard.press('Escape');
  await expect(bar(page)).toHaveCount(0);
  // Escape did only that.
  expect(await app.calls('stopGeneration')).toEqual([]);
});

test('many are deleted and brought back at once, the open one too', async ({ app, page }) => {
  await app.start('chats');
  await app.open('Meals for a week');
  await run(page, 'select chats', 'Select chats');
  await expect(box(app, 'Meals')).toBeFocused();
  await page.keyboard.press('Control+a');
  await bar(page).getByRole('button', { name: 'Delete' }).press('Enter');
  await expect(app.rows).toHaveCount(0);
  await expect(page.getByTestId('undo-bar')).toHaveCount(1);
  await expect(page.getByTestId('undo-bar')).toContainText('Deleted 9 chats');
  await expect(page.getByTestId('live')).toContainText('Deleted 9 chats.');
  expect((await app.calls('deleteConversations')).map(([ids]) => (ids as string[]).length)).toEqual(
    [9],
  );
  const undo = page.getByRole('button', { name: 'Undo' });
  await expect(undo).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(app.rows).toHaveCount(9);
  await expect(page.getByTestId('chat-title')).toHaveText('Meals for a week');
  expect(await app.calls('restoreConversations')).toHaveLength(1);
});

test('many that can’t be deleted stay where they were', async ({ app, page }) => {
  await app.start('chats');
  await app.fake(
    (host, message) => host.refuse('deleteConversations', { code: 'storage', message }),
    'The disk is full.',
  );
  await run(page, 'select chats', 'Select chats');
  await page.keyboard.press('Control+a');
  await bar(page).getByRole('button', { name: 'Delete' }).click();
  await expect(page.getByTestId('problem-line')).toHaveText('The disk is full.');
  await expect(app.rows).toHaveCount(9);
  await expect(page.getByTestId('undo-bar')).toHaveCount(0);
});

test('many are archived; one the program refuses comes back alone', async ({ app, page }) => {
  await app.start('chats');
  await app.fake(
    (host, message) => host.refuse('archiveConversation', { code: 'storage', message }),
    'The disk is full.',
  );
  await app
    .row('Prime')
    .getByRole('button')
    .first()
    .click({ modifiers: ['Control'] });
  await box(app, 'A letter').click({ modifiers: ['Shift'] });
  await bar(page).getByRole('button', { name: 'Archive' }).click();
  await expect(page.getByTestId('problem-line')).toHaveText('The disk is full.');
  await expect(app.row('Prime sieve')).toBeVisible();
  await expect(app.row('Comparing')).toHaveCount(0);
  await page.getByRole('button', { name: 'Archived 2' }).click();
  await app
    .row('Comparing')
    .getByRole('button')
    .first()
    .click({ modifiers: ['Control'] });
  await page.keyboard.press('Control+a');
  await bar(page).getByRole('button', { name: 'Unarchive' }).click();
  await expect(page.getByText('No chat is archived.')).toBeVisible();
});
