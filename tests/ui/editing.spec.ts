/** Editing a question or an answer in its place. */
import { expect, test } from './app';
import { edit, full } from './messages';

test('in a question Enter sends and Shift+Enter breaks', async ({ app, page }) => {
  await app.start('chats');
  await app.open('What is Tern?');
  await app.questions.hover();
  await app.questions.getByRole('button', { name: 'Edit' }).click();
  const box = page.getByLabel('Edit the message');
  await expect(box).toBeFocused();
  await box.press('Shift+Enter');
  await page.keyboard.type('In one line.');
  await box.dispatchEvent('keydown', { key: 'Enter', isComposing: true });
  expect(await app.calls('editQuestion')).toEqual([]);
  await box.press('Enter');
  await app.answered();
  expect(await app.calls('editQuestion')).toMatchObject([
    [expect.anything(), { text: 'What is Tern?\nIn one line.', attachments: [] }],
  ]);
});

test('Escape leaves a question as it was', async ({ app, page }) => {
  await app.start('chats');
  await app.open('What is Tern?');
  await app.composer.press('ArrowUp');
  await page.keyboard.type(' Something else.');
  await page.keyboard.press('Escape');
  await expect(app.questions.getByTestId('message-text')).toHaveText('What is Tern?');
  await expect(app.composer).toBeFocused();
  expect(await app.calls('editQuestion')).toEqual([]);
});

test('files of a question go along, unless they are left out', async ({ app, page }) => {
  await app.start('chats');
  await app.fake((host) => {
    host.attach('What is Tern?', [
      { name: 'notes.md', text: 'Terns' },
      { name: 'list.txt', text: 'Gulls' },
    ]);
  }, null);
  await app.open('What is Tern?');
  await app.composer.press('ArrowUp');
  await page.getByRole('button', { name: 'Leave out list.txt' }).click();
  await page.keyboard.press('Enter');
  await app.answered();
  expect(await app.calls('editQuestion')).toMatchObject([
    [expect.anything(), { attachments: [{ name: 'notes.md', text: 'Terns' }] }],
  ]);
});

test('a refused edit keeps what was typed', async ({ app, page }) => {
  await app.start('chats');
  await app.open('What is Tern?');
  for (const [command, message] of [
    ['editQuestion', app.questions.last()],
    ['editAnswer', app.answers.last()],
  ] as const) {
    await full(app, command);
    await message.hover();
    await message.getByRole('button', { name: 'Edit' }).click();
    await page.getByLabel('Edit the message').fill('thought about for a while');
    await page.keyboard.press('Control+Enter');
    await expect(page.getByTestId('problem-line')).toHaveText('Not saved. The disk is full.');
    await expect(page.getByLabel('Edit the message')).toHaveValue('thought about for a while');
    await page.keyboard.press('Escape');
  }
  await expect(app.questions.getByTestId('message-text')).toHaveText('What is Tern?');
});

test('an edit survives a look at another chat', async ({ app, page }) => {
  await app.start('chats');
  await app.open('What is Tern?');
  await app.composer.press('ArrowUp');
  await page.keyboard.type(' And a half');
  await app.open('Meals for a week');
  await app.open('What is Tern?');
  await expect(page.getByLabel('Edit the message')).toHaveValue('What is Tern? And a half');
  await expect(app.composer).toBeFocused();
});

test('an answer that begins meanwhile holds an edit up, and keeps it', async ({ app, page }) => {
  await app.start('chats', 'manual');
  await app.open('What is Tern?');
  await app.composer.press('ArrowUp');
  await page.keyboard.type(' And a half');
  await app.send('A long one, please.');
  await app.step(20);
  const send = page.getByTestId('message-editor').getByRole('button', { name: 'Send' });
  await expect(send).toBeDisabled();
  await expect(send).toHaveAttribute('title', /^An answer is being written/);
  await app.step(3000);
  await app.answered();
  // The long answer has taken its place; the edit waits above it.
  await expect(send).toHaveCount(0);
  await page.getByTestId('transcript').press('Home');
  await send.click();
  await expect(app.questions.getByTestId('message-text')).toHaveText('What is Tern? And a half');
});

test('an answer is edited in place and says so', async ({ app, page }) => {
  await app.start('chats');
  await app.open('What is Tern?');
  await app.answers.getByRole('button', { name: 'Edit' }).click();
  const box = page.getByLabel('Edit the message');
  await box.fill('A private chat app.');
  await box.press('Enter');
  await page.keyboard.type('For **you**.');
  expect(await app.calls('editAnswer')).toEqual([]);
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(app.answers.locator('strong')).toHaveText('you');
  await expect(app.answers.getByTestId('edited')).toHaveText('Edited');
  await expect(app.answers.getByTestId('version')).toHaveCount(0);
  await expect(page.getByTestId('live')).toHaveText('The answer was changed.');
});

test('an answer that was edited is found by its new words', async ({ app, page }) => {
  await app.start('chats');
  await app.open('What is Tern?');
  await edit(app, app.answers.last(), 'A wandering albatross.');
  await page.keyboard.press('Control+f');
  await page.keyboard.insertText('albatross');
  await expect(page.getByTestId('find-words')).toHaveText('1 of 1');
});
