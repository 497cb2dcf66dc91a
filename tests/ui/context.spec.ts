import { expect, test, type Window } from './app';

const WORDS = 'Terns are slender seabirds, they said. ';
const ring = (app: Window) => app.page.getByTestId('context-ring');
const figures = (app: Window) => app.page.getByTestId('context-figures');
/** Types a text of about so many of the fake's tokens. */
const fill = (app: Window, tokens: number) =>
  app.composer.fill(WORDS.repeat(Math.ceil((tokens * 4) / WORDS.length)).slice(0, tokens * 4));

test('the ring says how much of the context is used, exactly', async ({ app }) => {
  await app.start('ready');
  await expect(ring(app)).toHaveAccessibleName(
    'Context: 4 of 4,096 tokens used, 512 kept for the answer. Everything fits.',
  );
  await fill(app, 100);
  await expect(ring(app)).toHaveAccessibleName(/^Context: 104 of 4,096/);
  await app.composer.press('Enter');
  await app.answered();
  await expect(ring(app)).not.toHaveAccessibleName(/^Context: (4|104) of/);
});

test('the figures open by hovering, by keyboard and by a click, and Escape closes them', async ({
  app,
  page,
}) => {
  await app.start('ready', 'manual');
  await fill(app, 100);
  await ring(app).hover();
  await expect(figures(app).getByRole('definition')).toHaveText([
    '104',
    '100',
    '0',
    '512',
    '3,480',
    '4,096',
  ]);
  // They can be reached with the pointer.
  await figures(app).hover();
  await expect(figures(app)).toBeVisible();
  await app.composer.hover();
  await expect(figures(app)).toHaveCount(0);

  await app.composer.focus();
  await page.keyboard.press('Tab');
  await expect(ring(app)).toBeFocused();
  await expect(figures(app)).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(figures(app)).toHaveCount(0);
  await page.keyboard.press('Shift+Tab');

  await ring(app).click();
  await app.composer.hover();
  await expect(figures(app)).toBeVisible();
  await app.composer.click();
  await expect(figures(app)).toHaveCount(0);
});

test('Escape stops the answer also while the pointer rests on the ring', async ({ app, page }) => {
  await app.start('ready', 'manual');
  await app.send('A long one, please.');
  await app.step(20);
  await ring(app).hover();
  await expect(figures(app)).toBeVisible();
  await app.composer.press('Escape');
  await expect(page.getByTestId('message-state')).toContainText('Stopped.');
  await expect(figures(app)).toHaveCount(0);
});

test('nearly full is said in words', async ({ app }) => {
  await app.start('ready');
  await fill(app, 3300);
  await expect(ring(app)).toHaveText(/Nearly full/);
  await expect(ring(app)).toHaveAccessibleName(/Nearly full: soon the oldest/);
});

test('what will be left out is said before sending', async ({ app, page }) => {
  await app.start('chats');
  await app.open('Prime sieve in Python');
  await fill(app, 3200);
  await expect(page.getByTestId('context-warning')).toHaveText(
    'The 2 oldest messages of this chat no longer fit: the model will answer without them.',
  );
  await expect(ring(app)).toHaveText(/Full/);
  await fill(app, 10);
  await expect(page.getByTestId('context-warning')).toHaveText('');
});

test('a question that is too long is refused with a sentence, until it is shorter', async ({
  app,
  page,
}) => {
  await app.start('ready');
  await fill(app, 3700);
  await expect(page.getByTestId('context-warning')).toHaveText(
    'Too long to send: 3,700 tokens, and the model has room for 3,584. Shorten it or take out a file.',
  );
  await expect(page.getByTestId('send')).toBeDisabled();
  await app.composer.press('Enter');
  expect(await app.calls('sendMessage')).toEqual([]);
  await fill(app, 20);
  await expect(page.getByTestId('send')).toBeEnabled();
  await app.composer.press('Enter');
  await app.answered();
});

test('a model that can’t count leaves the ring empty and says why', async ({ app }) => {
  await app.start('ready');
  await expect(ring(app)).toHaveAccessibleName(/^Context: 4 of/);
  await app.fake((host) => {
    host.refuse('contextUse', { code: 'model', message: 'The model’s file is missing.' });
  }, null);
  await app.composer.fill('Why?');
  await expect(ring(app)).toHaveAccessibleName(
    'Context: The context can’t be counted. The model’s file is missing.',
  );
  await ring(app).hover();
  await expect(figures(app)).toHaveText(/can’t be counted/);
  await app.composer.fill('Why not?');
  await expect(ring(app)).toHaveAccessibleName(/^Context: 6 of/);
});

test('figures of the chat that was left are never shown', async ({ app }) => {
  await app.start('chats');
  await app.fake((host) => host.delay('contextUse', 400), null);
  await app.open('Prime sieve in Python');
  await app.composer.fill('Why?');
  await app.open('Comparing weight formats');
  await expect(ring(app)).toHaveAccessibleName('Context: Counting…');
  await expect(ring(app)).toHaveAccessibleName(/of 4,096 tokens used/);
  const shown = await ring(app).getAttribute('aria-label');
  const counted = await app.calls('contextUse');
  expect(counted.at(-1)).toEqual(['c-formats', { text: '', attachments: [] }, null]);
  await app.page.waitForTimeout(1000);
  await expect(ring(app)).toHaveAttribute('aria-label', shown ?? '');
});
