import { expect, test, type Window } from './app';

/** What the fake program has saved for a chat. */
const saved = (app: Window, chat: string | null) =>
  app.fake((host, id) => host.drafts.of(id), chat);
const textOf = async (app: Window, chat: string | null) =>
  (await saved(app, chat))?.question.text ?? null;

test('what is being written outlives the program, in every chat and a new one', async ({
  app,
  page,
}) => {
  await app.start('restart');
  await app.composer.fill('a new question');
  await app.open('Meals for a week');
  await app.composer.fill('and for two people');
  await page.getByTestId('attach').click();
  await expect(page.getByTestId('attachment')).toHaveCount(2);
  await expect.poll(async () => (await saved(app, 'c-week'))?.question.attachments.length).toBe(2);

  await app.start('restart');
  await expect(app.composer).toHaveValue('a new question');
  await app.open('Meals for a week');
  await expect(app.composer).toHaveValue('and for two people');
  await expect(page.getByTestId('attachment')).toContainText(['field-notes.md', 'counts.csv']);
  await app.open('What is Tern?');
  await expect(app.composer).toHaveValue('');

  await app.open('Meals for a week');
  await app.composer.press('Enter');
  await app.answered();
  await expect.poll(() => saved(app, 'c-week')).toBeNull();
  await app.start('restart');
  await app.open('Meals for a week');
  await expect(app.composer).toHaveValue('');
});

test('leaving the box, the chat or the window saves at once', async ({ app, page }) => {
  await app.start('chats');
  await app.open('Meals for a week');
  const saves = async () => (await app.calls('saveDraft')).length;
  await app.composer.fill('one');
  await page.getByTestId('transcript').focus();
  expect(await saves()).toBe(1);
  await app.composer.fill('two');
  await page.keyboard.press('Alt+ArrowDown');
  expect(await saves()).toBe(2);
  await app.composer.fill('three');
  await page.evaluate(() => window.dispatchEvent(new Event('pagehide')));
  expect(await saves()).toBe(3);
});

test('a refused save loses nothing and is tried again without a word', async ({ app, page }) => {
  await app.start('chats');
  await app.open('Meals for a week');
  await app.fake((host) => {
    host.refuse('saveDraft', { code: 'storage', message: 'The disk is full.' });
  }, null);
  await app.composer.fill('and for two people');
  await expect.poll(() => app.calls('saveDraft')).toHaveLength(1);
  await expect.poll(() => textOf(app, 'c-week')).toBe('and for two people');
  await expect(page.getByTestId('problem-line')).toHaveCount(0);
});

test('a save that takes long does not go to the chat one is in by then', async ({ app }) => {
  await app.start('chats');
  await app.fake((host) => host.delay('saveDraft', 300), null);
  await app.open('Meals for a week');
  await app.composer.fill('for the week');
  await app.open('What is Tern?');
  await app.composer.fill('for Tern');
  await app.open('Meals for a week');
  await app.composer.fill('for the week, and longer');
  await expect.poll(() => textOf(app, 'c-week')).toBe('for the week, and longer');
  await expect.poll(() => textOf(app, 'c-guide')).toBe('for Tern');
});

test('the draft of a new chat goes along with it, and the next new one is empty', async ({
  app,
  page,
}) => {
  await app.start('ready', 'manual');
  await app.composer.fill('Which birds are terns related to?');
  await expect.poll(() => textOf(app, null)).toBe('Which birds are terns related to?');
  await app.composer.press('Enter');
  await expect(app.questions).toHaveCount(1);
  await expect.poll(() => saved(app, null)).toBeNull();
  await app.composer.fill('And to gulls?');
  await expect.poll(() => textOf(app, 'chat-new-1')).toBe('And to gulls?');
  await page.keyboard.press('Control+n');
  await expect(app.composer).toHaveValue('');
  expect(await saved(app, null)).toBeNull();
});
