/** What can be done with one message: copying, pinning, deleting, branching off. */
import { expect, test } from './app';
import { choose, full } from './messages';

test('a deleted message is gone at once, and Undo brings it back', async ({ app, page }) => {
  await app.start('chats');
  await app.open('Prime sieve in Python');
  await choose(app, app.answers.first(), 'Delete message');
  await expect(app.answers).toHaveCount(1);
  await expect(app.questions).toHaveCount(2);
  await expect(page.getByTestId('live')).toHaveText(/^Message deleted\. Undo/);
  await expect(page.getByTestId('undo-bar')).toContainText('Deleted “Terns are slender seabirds');
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect(app.answers).toHaveCount(2);
  await expect(app.answers.first()).toContainText('Terns are slender seabirds');
  await expect(page.getByTestId('undo-bar')).toHaveCount(0);
});

test('all messages can be deleted and brought back', async ({ app, page }) => {
  await app.start('chats');
  await app.open('What is Tern?');
  await choose(app, app.answers.first(), 'Delete message');
  await expect(app.answers).toHaveCount(0);
  await choose(app, app.questions.first(), 'Delete message');
  await expect(page.getByTestId('undo-bar')).toHaveCount(2);
  await page.getByRole('button', { name: 'Undo' }).last().click();
  await expect(app.questions).toHaveCount(1);
  await full(app, 'restoreMessage');
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect(page.getByTestId('problem-line')).toHaveText(
    'The message could not be brought back. The disk is full.',
  );
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect(app.answers).toHaveCount(1);
});

test('a message that could not be deleted comes back with the reason', async ({ app, page }) => {
  await app.start('chats');
  await app.open('Prime sieve in Python');
  await full(app, 'deleteMessage');
  await choose(app, app.answers.first(), 'Delete message');
  await expect(page.getByTestId('problem-line')).toHaveText('Not deleted. The disk is full.');
  await expect(app.answers).toHaveCount(2);
  await expect(page.getByTestId('undo-bar')).toHaveCount(0);
});

test('a question sent while a message is deleted is not lost', async ({ app }) => {
  await app.start('chats', 'instant');
  await app.open('What is Tern?');
  await app.composer.fill('And what is a gull?');
  await app.fake((host) => {
    const remove = host.deleteMessage.bind(host);
    host.deleteMessage = async (message) => {
      const view = await remove(message);
      await new Promise((done) => setTimeout(done, 500));
      return view;
    };
  }, null);
  await choose(app, app.answers.first(), 'Delete message');
  await app.composer.press('Enter');
  await app.answered();
  await expect(app.questions).toHaveCount(2);
  await expect(app.answers).toHaveCount(1);
});

test('a pinned message has a mark, and a refusal undoes it', async ({ app, page }) => {
  await app.start('chats');
  await app.open('What is Tern?');
  const pinned = app.questions.getByTestId('pinned');
  await choose(app, app.questions.first(), 'Pin for the model');
  await expect(pinned).toHaveText('Pinned: stays in what the model reads');
  await expect(page.getByTestId('live')).toHaveText('Pinned.');
  await full(app, 'pinMessage');
  await choose(app, app.questions.first(), 'Unpin');
  await expect(page.getByTestId('problem-line')).toHaveText('Still pinned. The disk is full.');
  await expect(pinned).toBeVisible();
  await choose(app, app.questions.first(), 'Unpin');
  await expect(pinned).toHaveCount(0);
  await expect(page.getByTestId('problem-line')).toHaveCount(0);
});

test('a branch becomes a chat of its own, up to the message', async ({ app, page }) => {
  await app.start('chats');
  await app.open('Prime sieve in Python');
  await full(app, 'branchOff');
  await choose(app, app.answers.first(), 'Branch into a new chat');
  await expect(page.getByTestId('problem-line')).toHaveText(
    'No new chat was made. The disk is full.',
  );
  await choose(app, app.answers.first(), 'Branch into a new chat');
  await expect(page.getByTestId('chat-title')).toHaveText('Prime sieve in Python (branch)');
  await expect(app.answers).toHaveCount(1);
  await expect(app.composer).toBeFocused();
  await app.send('What is Tern?');
  await app.answered();
  await app.rows.getByRole('button', { name: 'Prime sieve in Python', exact: true }).click();
  await expect(app.questions.last()).toContainText('Show me Python code');
  await expect(app.questions).toHaveCount(2);
});

test('an answer is copied as Markdown or as plain text', async ({ app, page, context }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await app.start('chats');
  await app.open('Prime sieve in Python');
  const clipboard = () => page.evaluate(() => navigator.clipboard.readText());
  await choose(app, app.answers.last(), 'Copy as plain text');
  await expect.poll(clipboard).toContain('def primes(limit: int) -> list[int]:\n    """All');
  expect(await clipboard()).not.toMatch(/```|`n|Copy|python/);
  await expect(page.getByTestId('live')).toHaveText('Copied');
  await choose(app, app.answers.last(), 'Copy as Markdown');
  await expect.poll(clipboard).toContain('```python');

  await app.fake((host) => host.put('Circles', 'Area?', 'It is $\\pi r^2$ of *course*.'), null);
  await app.open('Circles');
  await expect(page.locator('math')).toHaveCount(1);
  await choose(app, app.answers.last(), 'Copy as plain text');
  await expect.poll(clipboard).toBe('It is $\\pi r^2$ of course.');
});

test('while an answer is written, others are copied but not changed', async ({ app, page }) => {
  await app.start('chats', 'manual');
  await app.open('What is Tern?');
  await app.send('A long one, please.');
  await app.step(20);
  const question = app.questions.first();
  await question.hover();
  await expect(question.getByTestId('copy')).toBeEnabled();
  const change = question.getByRole('button', { name: 'Edit' });
  await expect(change).toHaveAttribute('aria-disabled', 'true');
  await expect(change).toHaveAttribute('title', /^An answer is being written/);
  await change.dispatchEvent('click');
  await expect(page.getByTestId('message-editor')).toHaveCount(0);
  await question.getByRole('button', { name: 'More actions' }).click();
  const remove = page.getByRole('menuitem', { name: 'Delete message' });
  await expect(remove).toHaveAttribute('title', /^An answer is being written/);
  await remove.dispatchEvent('click');
  expect(await app.calls('deleteMessage')).toEqual([]);
});

test('nothing moves for the buttons, and the last answer always has them', async ({
  app,
  page,
}) => {
  await app.start('chats');
  await app.open('Prime sieve in Python');
  const heights = () =>
    page.locator('[data-message]').evaluateAll((all) => all.map((one) => one.clientHeight));
  const actions = (n: number) =>
    app.answers.nth(n).getByRole('group', { name: 'Actions on this message' });
  await app.composer.hover();
  await expect(actions(0)).toHaveCSS('opacity', '0');
  await expect(actions(1)).toHaveCSS('opacity', '1');
  const before = await heights();
  await app.answers.first().hover();
  await expect(actions(0)).toHaveCSS('opacity', '1');
  expect(await heights()).toEqual(before);
});

test.describe('without a pointer that hovers', () => {
  test.use({ hasTouch: true, isMobile: true });

  test('every message shows its buttons', async ({ app }) => {
    await app.start('chats');
    await app.open('Prime sieve in Python');
    const actions = app.answers.first().getByRole('group', { name: 'Actions on this message' });
    await expect(actions).toHaveCSS('opacity', '1');
  });
});
