/** Messages by keyboard. */
import { expect, test } from './app';

test('messages are walked, and each has keys of its own', async ({ app, page, context }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await app.start('chats');
  await app.open('Prime sieve in Python');
  await expect(app.composer).toBeFocused();
  const answer = app.answers.last();
  for (const [key, message] of [
    ['Up', answer],
    ['Up', app.questions.last()],
    ['Down', answer],
  ] as const) {
    await page.keyboard.press(`Alt+Shift+Arrow${key}`);
    await expect(message).toBeFocused();
  }
  await expect(answer).toHaveCSS('outline-style', 'solid');

  await page.keyboard.press('c');
  const clipboard = () => page.evaluate(() => navigator.clipboard.readText());
  await expect.poll(clipboard).toContain('```python');
  await page.keyboard.press('r');
  // The old answer is there until the new one begins.
  await expect(answer.getByTestId('version')).toContainText('2/2');
  expect(await app.calls('retryAnswer')).toHaveLength(1);

  await page.keyboard.press('Alt+Shift+ArrowUp');
  await page.keyboard.press('ArrowLeft');
  await expect(answer.getByTestId('version')).toContainText('1/2');
  await expect(answer).toBeFocused();
  await page.keyboard.press('ArrowRight');
  await expect(answer.getByTestId('version')).toContainText('2/2');
  await page.keyboard.press('e');
  await expect(page.getByLabel('Edit the message')).toBeFocused();
  await page.keyboard.press('Escape');
  await expect(app.composer).toBeFocused();
  await page.keyboard.press('Alt+Shift+ArrowUp');
  await expect(answer).toBeFocused();
  await page.keyboard.press('Escape');
  await expect(app.composer).toBeFocused();
});

test('no bare key deletes, and letters elsewhere are no commands', async ({ app, page }) => {
  await app.start('chats');
  await app.open('What is Tern?');
  const answer = app.answers.last();
  await expect(answer).toBeVisible();
  await page.keyboard.press('Alt+Shift+ArrowUp');
  await expect(answer).toBeFocused();
  for (const key of ['Delete', 'Backspace', 'd', 'x']) await page.keyboard.press(key);
  await app.composer.focus();
  await answer.getByTestId('message-text').click();
  for (const key of ['r', 'e', 'Delete']) await page.keyboard.press(key);
  await page.getByTestId('transcript').focus();
  for (const key of ['r', 'e', 'Delete']) await page.keyboard.press(key);
  await answer.getByTestId('copy').focus();
  for (const key of ['r', 'e', 'Delete']) await page.keyboard.press(key);
  await expect(page.getByTestId('message-editor')).toHaveCount(0);
  await expect(app.answers).toHaveCount(1);
  expect(await app.calls('deleteMessage')).toEqual([]);
  expect(await app.calls('retryAnswer')).toEqual([]);
});

test('the walk scrolls to what was out of view', async ({ app, page }) => {
  await app.start('long');
  await app.open('Two hundred questions');
  await expect(app.questions.last()).toBeInViewport();
  for (let i = 0; i < 12; i += 1) await page.keyboard.press('Alt+Shift+ArrowUp');
  const focused = page.locator('article:focus');
  await expect(focused).toBeInViewport();
  await expect(focused).toContainText('Question 195');
});

test('in a message box with words the keys are those of text', async ({ app, page }) => {
  await app.start('chats');
  await app.open('What is Tern?');
  await app.composer.fill('words');
  await page.keyboard.press('Alt+Shift+ArrowUp');
  await expect(app.composer).toBeFocused();
  await app.composer.press('ArrowUp');
  await expect(page.getByTestId('message-editor')).toHaveCount(0);
});

test('Up in an empty message box edits the last question', async ({ app, page }) => {
  await app.start('chats');
  await app.open('Prime sieve in Python');
  await expect(app.questions).toHaveCount(2);
  await app.composer.press('ArrowUp');
  const box = page.getByLabel('Edit the message');
  await expect(box).toBeFocused();
  await expect(box).toHaveValue(/^Show me Python code/);
  await expect(page.getByTestId('message-editor')).toBeInViewport({ ratio: 1 });
});

test('the end of a chat is changed from the palette', async ({ app, page }) => {
  await app.start('chats');
  await app.open('What is Tern?');
  await expect(app.answers).toHaveCount(1);
  const command = async (words: string) => {
    await page.keyboard.press('Control+k');
    await page.getByTestId('palette-input').fill(words);
    // What can't be done while an answer ends is offered a moment later.
    await expect(page.getByRole('option', { name: words })).toBeVisible();
    await page.keyboard.press('Enter');
    await expect(page.getByTestId('palette')).toHaveCount(0);
  };
  await command('Regenerate the last answer');
  await app.answered();
  expect(await app.calls('retryAnswer')).toHaveLength(1);
  await command('Edit the last question');
  await expect(page.getByLabel('Edit the message')).toBeFocused();
  await page.keyboard.press('Escape');
  await command('Branch this chat');
  await expect(page.getByTestId('chat-title')).toHaveText('What is Tern? (branch)');
});

test('the sheet of keys names those of messages', async ({ app, page }) => {
  await app.start('chats');
  await page.keyboard.press('Control+/');
  const sheet = page.getByTestId('keys');
  for (const [action, keys] of [
    ['Previous message', 'Alt+Shift+↑'],
    ['Next message', 'Alt+Shift+↓'],
    ['Previous version', '←'],
    ['Next version', '→'],
    ['Edit the last question, in an empty message box', '↑'],
  ] as const) {
    await expect(sheet.getByText(`${action} ${keys}`, { exact: true })).toBeVisible();
  }
});
