import { expect, test } from './app';

test('questions sent while an answer is written are asked one after the other', async ({
  app,
  page,
}) => {
  await app.start('chats', 'manual');
  await app.open('What is Tern?');
  await app.send('Compare the formats.');
  await expect(page.getByTestId('stop')).toBeVisible();
  await app.composer.fill('Is it stored?');
  // Send and Stop share one spot: with a text it sends.
  await expect(page.getByTestId('stop')).toHaveCount(0);
  await page.getByRole('button', { name: 'Send after this answer' }).click();
  await expect(page.getByTestId('live')).toHaveText('1 message waits.');
  await app.send('Is it offline?');
  const queued = page.getByTestId('queued').getByRole('paragraph');
  await expect(queued).toHaveText(['Is it stored?', 'Is it offline?']);
  expect(await app.calls('sendMessage')).toHaveLength(1);

  await app.step(2000);
  await expect(queued).toHaveText(['Is it offline?']);
  await expect(app.questions.last()).toHaveText(/Is it stored\?/);
  await app.step(2000);
  await app.step(2000);
  await app.answered();
  await expect(page.getByTestId('queue')).toHaveCount(0);
  await expect(app.questions).toContainText([
    'What is Tern?',
    'Compare the formats.',
    'Is it stored?',
    'Is it offline?',
  ]);
});

test('after Stop the queue waits, says so, and goes on when asked', async ({ app, page }) => {
  await app.start('ready', 'manual');
  await app.send('A long one, please.');
  await app.step(20);
  await app.send('Is it stored?');
  await app.composer.press('Escape');
  await expect(page.getByRole('heading', { name: /because the answer was stopped/ })).toBeVisible();
  expect(await app.calls('sendMessage')).toHaveLength(1);
  // What is sent now is asked now.
  await app.send('Is it offline?');
  await expect(app.questions.last()).toHaveText(/Is it offline\?/);
  await app.composer.press('Escape');
  await page.getByRole('button', { name: 'Go on' }).press('Enter');
  await expect(app.questions.last()).toHaveText(/Is it stored\?/);
  await expect(app.composer).toBeFocused();
  await expect(page.getByTestId('queue')).toHaveCount(0);
});

test('Send now stops the answer and sends, by keyboard', async ({ app, page }) => {
  await app.start('ready', 'manual');
  await app.send('A long one, please.');
  await app.step(20);
  await app.send('Is it stored?');
  await app.send('Is it offline?');
  await page.getByRole('button', { name: 'Stop the answer and send “Is it offline?”' }).focus();
  await page.keyboard.press('Enter');
  await expect(app.questions.last()).toHaveText(/Is it offline\?/);
  await expect(app.answers.first().getByTestId('message-state')).toContainText('Stopped.');
  await expect(page.getByTestId('queued')).toHaveText(/Is it stored\?/);
});

test('a waiting question is edited or removed, also when the answer ends meanwhile', async ({
  app,
  page,
}) => {
  await app.start('ready', 'manual');
  await app.send('A long one, please.');
  for (const text of ['one', 'two', 'three']) await app.send(text);
  await page.getByRole('button', { name: 'Remove “one”' }).press('Enter');
  await expect(page.getByRole('button', { name: 'Remove “two”' })).toBeFocused();
  await page.getByRole('button', { name: 'Edit “two”' }).press('Enter');
  await expect(app.composer).toBeFocused();
  await expect(app.composer).toHaveValue('two');
  await app.step(3000);
  await expect(app.questions.last()).toHaveText(/three/);
  await expect(app.composer).toHaveValue('two');
  await app.composer.fill('two and a half');
  await app.composer.press('Enter');
  await app.step(3000);
  await expect(app.questions.last()).toHaveText(/two and a half/);
  const asked = (await app.calls('sendMessage')).map(([, question]) => question);
  expect(asked).toMatchObject([
    { text: 'A long one, please.' },
    { text: 'three' },
    { text: 'two and a half' },
  ]);
});

test('the queue goes on in a chat that is not looked at', async ({ app, page }) => {
  await app.start('chats', 'manual');
  await app.open('What is Tern?');
  await app.send('Compare the formats.');
  await app.send('Is it stored?');
  await app.open('Meals for a week');
  await expect(page.getByTestId('queue')).toHaveCount(0);
  await app.step(2000);
  await expect.poll(() => app.calls('sendMessage')).toHaveLength(2);
  await app.step(2000);
  await app.open('What is Tern?');
  await expect(app.questions.last()).toHaveText(/Is it stored\?/);
});

test('the queue outlives the program and waits', async ({ app, page }) => {
  await app.start('restart', 'manual');
  await app.open('What is Tern?');
  await app.send('A long one, please.');
  await app.send('Is it stored?');
  await expect
    .poll(() => app.fake((host) => host.drafts.of('c-guide')?.queue.length, null))
    .toBe(1);
  await app.start('restart', 'manual');
  await app.open('What is Tern?');
  await expect(page.getByTestId('queued')).toHaveText(/Is it stored\?/);
  expect(await app.calls('sendMessage')).toHaveLength(0);
  await page.getByTestId('queue-go-on').click();
  await expect(app.questions.last()).toHaveText(/Is it stored\?/);
});

test('a refused question keeps its turn', async ({ app, page }) => {
  await app.start('ready', 'manual');
  await app.send('A long one, please.');
  await app.send('Is it stored?');
  await app.composer.fill('half a thought');
  await app.fake((host) => {
    host.refuse('sendMessage', { code: 'storage', message: 'The disk is full.' });
  }, null);
  await app.step(3000);
  await expect(page.getByTestId('problem-line')).toHaveText('Not sent. The disk is full.');
  await expect(page.getByTestId('queued')).toHaveText(/Is it stored\?/);
  await expect(app.composer).toHaveValue('half a thought');
});
