/** Versions of questions and answers, and what makes them: editing, regenerating, continuing. */
import type { Locator } from '@playwright/test';
import { expect, test, type Window } from './app';
import { choose, edit, full } from './messages';

const CHAT = 'Prime sieve in Python';
const BIRDS = 'Which birds are terns related to?';
const CODE = 'Show me Python code for a prime sieve, and say what makes it quick.';

const version = (message: Locator) => message.getByTestId('version').locator('[aria-hidden]');
const previous = (message: Locator) => message.getByRole('button', { name: 'Previous version' });
const next = (message: Locator) => message.getByRole('button', { name: 'Next version' });
const regenerate = (message: Locator) => message.getByRole('button', { name: 'Regenerate' });
const texts = (app: Window) => app.questions.getByTestId('message-text');

/** Writes the only answer of a chat a second time. */
async function withTwoAnswers(app: Window): Promise<void> {
  await app.open('What is Tern?');
  await regenerate(app.answers.last()).click();
  await expect(app.page.getByTestId('stop')).toBeVisible();
  await app.step(3000);
  await app.answered();
}

test('an edited question makes a branch; the old one and its answers stay', async ({ app }) => {
  await app.start('chats');
  await app.open(CHAT);
  await edit(app, app.questions.first(), 'Compare the weight formats.');
  await app.answered();
  await expect(texts(app)).toHaveText(['Compare the weight formats.']);
  await expect(app.answers).toHaveCount(1);
  await expect(app.composer).toBeFocused();
  await expect(version(app.questions.first())).toHaveText('2/2');
  await previous(app.questions.first()).click();
  await expect(texts(app)).toHaveText([BIRDS, CODE]);
  await expect(version(app.questions.first())).toHaveText('1/2');
  await expect(app.page.getByTestId('live')).toHaveText('Version 1 of 2');
});

test('any answer can be written again; what followed it stays on its branch', async ({ app }) => {
  await app.start('chats');
  await app.open(CHAT);
  await app.answers.first().hover();
  await regenerate(app.answers.first()).click();
  await app.answered();
  await expect(texts(app)).toHaveText([BIRDS]);
  await expect(version(app.answers.first())).toHaveText('2/2');
  await previous(app.answers.first()).click();
  await expect(texts(app)).toHaveText([BIRDS, CODE]);
  await expect(app.answers).toHaveCount(2);
});

test('the switcher keeps the focus and its place', async ({ app, page }) => {
  await app.start('chats');
  await app.open(CHAT);
  for (const words of ['Compare the formats.', 'Plan the meals.']) {
    await edit(app, app.questions.first(), words);
    await app.answered();
  }
  const question = app.questions.first();
  const top = async () => (await previous(question).boundingBox())?.y ?? 0;
  const before = await top();
  await previous(question).focus();
  await page.keyboard.press('Enter');
  await expect(version(question)).toHaveText('2/3');
  await expect(previous(question)).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(version(question)).toHaveText('1/3');
  await expect(previous(question)).toBeFocused();
  await expect(page.getByTestId('live')).toHaveText('Version 1 of 3');
  expect(Math.abs((await top()) - before)).toBeLessThan(2);

  // There is none before the first: the button says so and does nothing.
  await expect(previous(question)).toHaveAttribute('title', 'This is the first version.');
  await page.keyboard.press('Enter');
  expect(await app.calls('showVersion')).toHaveLength(2);
  await next(question).press('Enter');
  await expect(version(question)).toHaveText('2/3');
  await expect(next(question)).toBeFocused();
});

test('messages that both versions have are not drawn anew', async ({ app }) => {
  await app.start('chats');
  await app.open(CHAT);
  await regenerate(app.answers.last()).click();
  await app.answered();
  await app.answers.first().evaluate((answer) => (answer.dataset.mark = 'same'));
  await previous(app.answers.last()).click();
  await expect(version(app.answers.last())).toHaveText('1/2');
  await expect(app.answers.first()).toHaveAttribute('data-mark', 'same');
});

test('versions change while another chat writes, not while this one does', async ({ app }) => {
  await app.start('chats', 'manual');
  await withTwoAnswers(app);
  await app.open('Meals for a week');
  await app.send('A long one, please.');
  await app.step(20);
  await app.open('What is Tern?');
  const answer = app.answers.first();
  await previous(answer).click();
  await expect(version(answer)).toHaveText('1/2');

  await app.send('A long one, please.');
  await expect(next(answer)).toHaveAttribute('title', /^An answer is being written/);
  await expect(next(answer)).toHaveAttribute('aria-disabled', 'true');
  await next(answer).dispatchEvent('click');
  expect(await app.calls('showVersion')).toHaveLength(1);
});

test('an answer that begins while versions change is not lost', async ({ app, page }) => {
  await app.start('chats', 'manual');
  await withTwoAnswers(app);
  await app.fake((host) => {
    const show = host.showVersion.bind(host);
    host.showVersion = async (message) => {
      const view = await show(message);
      const question = { text: 'A long one, please.', attachments: [] };
      await host.sendMessage(view.summary.id, question, false, null);
      host.step(12);
      return view;
    };
  }, null);
  await previous(app.answers.last()).click();
  await expect(app.questions).toHaveCount(2);
  await expect(page.getByTestId('stop')).toBeVisible();
  await app.step(3000);
  await app.answered();
  await expect(app.answers.last()).toContainText('the sampler picks one.');
});

test('a refused switch says why and leaves the version', async ({ app, page }) => {
  await app.start('chats', 'manual');
  await withTwoAnswers(app);
  await full(app, 'showVersion');
  await previous(app.answers.last()).click();
  await expect(page.getByTestId('problem-line')).toHaveText(
    'The other version could not be shown. The disk is full.',
  );
  await expect(version(app.answers.last())).toHaveText('2/2');
});

test('a stopped answer goes on in its own message', async ({ app, page }) => {
  await app.start('ready', 'manual');
  await app.send('A long one, please.');
  await app.step(60);
  await page.getByTestId('stop').click();
  await full(app, 'continueAnswer');
  await page.getByRole('button', { name: 'Continue' }).click();
  await expect(page.getByTestId('problem-line')).toHaveText('Not continued. The disk is full.');
  await expect(page.getByTestId('message-state')).toHaveText('Stopped. The text so far is kept.');
  await page.getByRole('button', { name: 'Continue' }).click();
  await expect(page.getByTestId('stop')).toBeVisible();
  await app.step(3000);
  await app.answered();
  await expect(app.answers).toHaveCount(1);
  const text = await app.answers.getByTestId('message-text').innerText();
  expect(text.match(/Layer \d+/g)).toEqual(Array.from({ length: 14 }, (_, i) => `Layer ${i + 1}`));
  await expect(page.getByRole('button', { name: 'Continue' })).toHaveCount(0);
});

test('without its question an answer can’t be written again', async ({ app }) => {
  await app.start('chats');
  await app.open('What is Tern?');
  await choose(app, app.questions.last(), 'Delete message');
  const button = regenerate(app.answers.last());
  await expect(button).toHaveAttribute('title', 'The question of this answer was deleted.');
  await button.dispatchEvent('click');
  expect(await app.calls('retryAnswer')).toEqual([]);
});
