import type { Page } from '@playwright/test';
import { expect, test } from './app';
import { run } from './palette';

const dialog = (page: Page) => page.getByTestId('chat-options');
const prompt = (page: Page) => dialog(page).getByRole('textbox', { name: 'System prompt' });

test('a chat gets a prompt of its own, and the header says so', async ({ app, page }) => {
  await app.start('options');
  await app.open('Meals for a week');
  await expect(
    page.getByRole('button', { name: 'Options of this chat', exact: true }),
  ).toBeVisible();
  await page.keyboard.press('Control+Shift+Comma');
  await expect(dialog(page)).toContainText('Answer briefly.');
  const choice = page.getByRole('combobox', { name: 'System prompt' });
  await choice.selectOption('Its own');
  // It starts as what counted so far.
  await expect(prompt(page)).toHaveValue('Answer briefly.');
  await prompt(page).fill('Answer like a cook.');
  await prompt(page).blur();
  expect((await app.calls('setChatOptions')).at(-1)).toEqual([
    'c-week',
    { systemPrompt: 'Answer like a cook.', sampling: null },
  ]);
  await page.keyboard.press('Escape');
  await expect(
    page.getByRole('button', { name: 'Options of this chat: some are its own' }),
  ).toBeVisible();
  await expect(app.composer).toBeFocused();
});

test('a preset is taken, changed into the chat’s own words, and left again', async ({
  app,
  page,
}) => {
  await app.start('options');
  await app.open('Meals for a week');
  await run(page, 'options', 'Options of this chat');
  const choice = page.getByRole('combobox', { name: 'System prompt' });
  await choice.selectOption('Short');
  await expect(prompt(page)).toHaveValue('Answer in three sentences at most.');
  await prompt(page).pressSequentially(' No lists.');
  await expect(choice).toHaveValue('own');
  // A hand leaves the text before it reaches the list.
  await choice.focus();
  await choice.selectOption('As in Settings');
  await expect(prompt(page)).toHaveCount(0);
  expect((await app.calls('setChatOptions')).at(-1)).toEqual([
    'c-week',
    { systemPrompt: null, sampling: null },
  ]);
});

test('sampling of its own counts for the next answer', async ({ app, page }) => {
  await app.start('chats');
  await app.open('Meals for a week');
  await page.getByTestId('chat-options-button').click();
  await expect(dialog(page)).toContainText('temperature 0.6 · top-p 0.9');
  await page.getByRole('radio', { name: 'Its own' }).click();
  await page.getByLabel('Longest answer').fill('20');
  await page.getByLabel('Longest answer').press('Enter');
  await page.keyboard.press('Escape');
  await app.send('A long one, please.');
  await app.answered();
  await page.getByTestId('stats').last().click();
  await expect(page.getByRole('dialog', { name: 'Figures of this answer' })).toContainText(
    'temperature 0.6 · top-p 0.9 · at most 20 tokens',
  );
});

test('what was stored is there again, becomes the default, and is given up', async ({
  app,
  page,
}) => {
  await app.start('options');
  await app.open('Prime sieve in Python');
  await page.getByTestId('chat-options-button').click();
  await expect(prompt(page)).toHaveValue('You write Python 3.12 with type hints.');
  await page.getByRole('button', { name: 'Use as default for new chats' }).click();
  await expect(dialog(page)).toContainText('These are the defaults now.');
  expect((await app.calls('setSettings')).at(-1)?.[0]).toMatchObject({
    systemPrompt: 'You write Python 3.12 with type hints.',
  });
  await page.getByRole('button', { name: 'Reset to defaults' }).click();
  await expect(prompt(page)).toHaveCount(0);
  await expect(page.getByRole('button', { name: 'Reset to defaults' })).toBeDisabled();
  expect((await app.calls('setChatOptions')).at(-1)).toEqual([
    'c-primes',
    { systemPrompt: null, sampling: null },
  ]);
});

test('options that can’t be stored go back and say why', async ({ app, page }) => {
  await app.start('options');
  await app.open('Prime sieve in Python');
  await page.getByTestId('chat-options-button').click();
  await app.fake(
    (host, message) => host.refuse('setChatOptions', { code: 'storage', message }),
    'The disk is full.',
  );
  await page.getByRole('combobox', { name: 'System prompt' }).selectOption('As in Settings');
  await expect(dialog(page).getByTestId('problem-line')).toHaveText('Not saved. The disk is full.');
  await expect(prompt(page)).toHaveValue('You write Python 3.12 with type hints.');
});

test('a new chat has options of its own from its first answer on', async ({ app, page }) => {
  await app.start('chats');
  await page.keyboard.press('Control+Shift+Comma');
  await page.getByRole('combobox', { name: 'System prompt' }).selectOption('Its own');
  await prompt(page).fill('Answer like a tern.');
  await prompt(page).blur();
  await page.keyboard.press('Escape');
  await expect(
    page.getByRole('button', { name: 'Options of this chat: some are its own' }),
  ).toBeVisible();
  const options = { systemPrompt: 'Answer like a tern.', sampling: null };
  // The dial counts with them, too.
  await expect
    .poll(async () => (await app.calls('contextUse')).at(-1))
    .toEqual([null, { text: '', attachments: [] }, options]);
  await app.composer.fill('Hello');
  await app.composer.press('Enter');
  await expect(app.answers).toHaveCount(1);
  expect(await app.calls('setChatOptions')).toEqual([]);
  expect((await app.calls('sendMessage'))[0]?.[3]).toEqual(options);

  // The next new chat begins as Settings say.
  await page.keyboard.press('Control+n');
  await expect(
    page.getByRole('button', { name: 'Options of this chat', exact: true }),
  ).toBeVisible();
});
