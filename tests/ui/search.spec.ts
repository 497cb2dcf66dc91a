import type { Page } from '@playwright/test';
import { expect, test } from './app';
import { chosen, input, options, search } from './palette';

const messages = (page: Page) => page.getByRole('group', { name: 'Messages' }).getByRole('option');

test('words in messages are found, marked, and opened at their place', async ({ app, page }) => {
  await app.start('chats');
  await search(page, 'HEATING days');
  await expect(messages(page).first()).toContainText('You · A letter to the landlord');
  await expect(messages(page).first().locator('mark')).toHaveText(['heating', 'days']);
  await messages(page).first().click();
  await expect(page.getByTestId('chat-title')).toHaveText(
    'A letter to the landlord about the heating',
  );
  const [call] = await app.calls('openConversation');
  expect(call?.[0]).toBe('c-letter');
  expect(call?.[1]).toMatch(/^m\d+$/);
  await expect(app.questions.first()).toContainText('the heating has been off');
});

test('chats and commands stay where they are when messages come', async ({ app, page }) => {
  await app.start('chats');
  await search(page, 'heat');
  await page.keyboard.press('ArrowDown');
  await expect(messages(page)).not.toHaveCount(0);
  await expect(options(page).first()).toContainText('A letter to the landlord');
  // Typed anew, what was chosen among the chats is still what Enter runs.
  await input(page).fill('heating');
  await expect(chosen(page)).toContainText('A letter to the landlord');
  await expect(messages(page)).not.toHaveCount(0);
  await page.keyboard.press('Enter');
  expect((await app.calls('openConversation')).at(-1)).toEqual(['c-letter', null]);
});

test('one character is not searched for, and a refusal is said', async ({ app, page }) => {
  await app.start('chats');
  await search(page, 'h');
  await expect(page.getByTestId('palette-spoken')).toHaveText(/result/);
  expect(await app.calls('search')).toEqual([]);
  await app.fake(
    (host, message) => host.refuse('search', { code: 'storage', message }),
    'The index is damaged.',
  );
  await input(page).fill('hea');
  await expect(page.getByRole('alert')).toHaveText(
    'Messages could not be searched. The index is damaged.',
  );
  await input(page).fill('heat');
  await expect(page.getByRole('alert')).toHaveCount(0);
  await expect(messages(page)).not.toHaveCount(0);
});

test('what was found is text, never markup', async ({ app, page }) => {
  await app.start('chats');
  const text = '<img src=x onerror=a()><mark>kittiwake</mark>';
  await app.fake((host, words) => host.put('Markup', words, 'Fine.'), text);
  await search(page, 'kittiwake');
  await expect(messages(page).locator('.words')).toHaveText(text);
  await expect(messages(page).locator('mark')).toHaveText('kittiwake');
  expect(await messages(page).locator('img').count()).toBe(0);
});

test('archived chats are found too', async ({ app, page }) => {
  await app.start('sorted');
  await search(page, 'lifetimes, once');
  await expect(chosen(page)).toContainText('Archived');
  await page.keyboard.press('Enter');
  await expect(page.getByTestId('chat-title')).toHaveText('Lifetimes, once more');
});

test('while it searches, what was found for an older word stays but can’t be chosen', async ({
  app,
  page,
}) => {
  await app.start('chats');
  await search(page, 'slender');
  await expect(chosen(page)).toContainText('slender');
  // From here on the program takes its time.
  await app.fake((host) => {
    host.search = () => new Promise(() => undefined);
  }, null);
  await input(page).fill('slender sea');
  const searching = page.getByTestId('palette-searching');
  await expect(searching).toContainText('Searching messages…');
  await expect(searching).toContainText('Terns are slender seabirds');
  await expect(options(page)).toHaveCount(0);
  await page.keyboard.press('Enter');
  await expect(page.getByTestId('palette')).toBeVisible();
  await input(page).fill('');
  await expect(searching).toHaveCount(0);
});
