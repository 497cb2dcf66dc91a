/** Finding words in the open chat. */
import type { Page } from '@playwright/test';
import { expect, test } from './app';

async function find(page: Page, query: string, words: string | RegExp): Promise<void> {
  await page.keyboard.press('Control+f');
  await expect(page.getByTestId('find-input')).toBeFocused();
  await page.keyboard.insertText(query);
  await expect(page.getByTestId('find-words')).toHaveText(words);
}

/** The painted text, and how far the current match is from the middle of the view. */
function painted(page: Page) {
  return page.evaluate(() => {
    const texts = (name: string) =>
      [...(CSS.highlights.get(name) ?? [])].map((found) => {
        const range = document.createRange();
        range.setStart(found.startContainer, found.startOffset);
        range.setEnd(found.endContainer, found.endOffset);
        return range;
      });
    const [current] = texts('tern-found-current');
    const view = document.querySelector('[data-testid="transcript"]')?.getBoundingClientRect();
    const at = current?.getBoundingClientRect();
    return {
      all: texts('tern-found').map(String),
      current: current?.toString(),
      offMiddle: at && view ? at.top + at.bottom - view.top - view.bottom : null,
    };
  });
}

test('every match is counted, painted, walked and said', async ({ app, page }) => {
  await app.start('chats');
  await app.open('Prime sieve in Python');
  await expect(app.composer).toBeFocused();
  const before = await app.answers.first().innerHTML();
  await find(page, 'TERNS', '2 of 2');
  const words = page.getByTestId('find-words');
  expect((await painted(page)).all).toEqual(['Terns', 'terns']);
  for (const [key, expected] of [
    ['Enter', '1 of 2'],
    ['Shift+Enter', '2 of 2'],
    ['F3', '1 of 2'],
    ['F3', '2 of 2'],
    ['Shift+F3', '1 of 2'],
  ] as const) {
    await page.keyboard.press(key);
    await expect(words).toHaveText(expected);
    await expect(page.getByTestId('live')).toHaveText(expected);
    await expect
      .poll(async () => (await painted(page)).current)
      .toBe(expected === '1 of 2' ? 'terns' : 'Terns');
  }
  await page.getByRole('button', { name: 'Next match' }).click();
  await expect(words).toHaveText('2 of 2');
  await page.getByRole('button', { name: 'Previous match' }).click();
  await expect(words).toHaveText('1 of 2');
  // F3 also works from elsewhere.
  await app.composer.focus();
  await page.keyboard.press('F3');
  await expect(words).toHaveText('2 of 2');
  // The page is what it was.
  expect(await app.answers.first().innerHTML()).toBe(before);
});

test('Escape gives the focus back and leaves nothing painted', async ({ app, page }) => {
  await app.start('chats');
  await app.open('Comparing weight formats');
  const link = page.getByRole('link', { name: 'BitNet paper' });
  await link.focus();
  await find(page, 'weight', '1 of 2');
  await page.keyboard.press('Escape');
  await expect(page.getByTestId('find')).toHaveCount(0);
  await expect(link).toBeFocused();
  expect((await painted(page)).all).toEqual([]);
  // The words are still there the next time, ready to be written over.
  await page.keyboard.press('F3');
  await expect(page.getByTestId('find-input')).toHaveValue('weight');
  await expect(page.getByTestId('find-words')).toHaveText('1 of 2');
  await page.keyboard.type('nowhere');
  await expect(page.getByTestId('find-words')).toHaveText('No matches');
  await expect(page.getByTestId('live')).toHaveText('No matches');
  await expect(page.getByRole('button', { name: 'Next match' })).toBeDisabled();
  await page.getByTestId('find').getByRole('button', { name: 'Close' }).click();
  await expect(link).toBeFocused();
  // Another chat is another search.
  await page.keyboard.press('Control+f');
  await app.open('Prime sieve in Python');
  await expect(page.getByTestId('find')).toHaveCount(0);
});

test('messages that are not on the page are found and shown', async ({ app, page }) => {
  await app.start('long', 'instant');
  await app.open('Two hundred questions');
  await expect(app.questions.last()).toBeInViewport();
  await find(page, 'question 7:', '1 of 1');
  await expect.poll(async () => (await painted(page)).current).toBe('Question 7:');
  await expect(app.questions.filter({ hasText: 'Question 7:' })).toBeInViewport();
  await page.keyboard.press('Control+f');
  await page.keyboard.insertText('arctic tern');
  await expect(page.getByTestId('find-words')).toHaveText(/^\d+ of 200$/);
  await page.keyboard.press('Enter');
  await expect
    .poll(async () => Math.abs((await painted(page)).offMiddle ?? Infinity))
    .toBeLessThan(4);
});

test('ten thousand matches are counted, and the window stays quick', async ({ app, page }) => {
  await app.start('ready', 'instant');
  await app.fake(
    (host, text) => host.put('Many', 'Say it often.', text),
    'tern, **te**rn. '.repeat(25).concat('\n\n').repeat(200),
  );
  await app.open('Many');
  await expect(app.answers).toHaveCount(1);
  await find(page, 'tern', '1 of 10,000');
  const { all } = await painted(page);
  expect(all.length).toBe(2000);
  expect(new Set(all)).toEqual(new Set(['tern']));
  const started = Date.now();
  for (let i = 0; i < 10; i += 1) await page.keyboard.press('Enter');
  await page.keyboard.press('Shift+F3');
  await expect(page.getByTestId('find-words')).toHaveText('10 of 10,000');
  // Generous: a slow test machine, not a promise.
  expect(Date.now() - started).toBeLessThan(10_000);
  for (let i = 0; i < 10; i += 1) await page.keyboard.press('Shift+Enter');
  await expect(page.getByTestId('find-words')).toHaveText('10,000 of 10,000');
  await expect.poll(async () => (await painted(page)).current).toBe('tern');
});

test('a folded question opens when the match is in its hidden part', async ({ app, page }) => {
  await app.start('ready', 'instant');
  await app.fake(
    (host, text) => host.put('Folded', text, 'Yes.'),
    `needle ${'hay '.repeat(2000)}needle at the end`,
  );
  await app.open('Folded');
  await expect(app.questions).toContainText('Show all');
  await find(page, 'needle', '1 of 2');
  await expect(app.questions).toContainText('Show all');
  await page.keyboard.press('Enter');
  await expect(app.questions).toContainText('Show less');
  await expect.poll(async () => (await painted(page)).current).toBe('needle');
  expect(Math.abs((await painted(page)).offMiddle ?? Infinity)).toBeLessThan(400);
});

test('an answer that grows is searched on, and the view stays at the match', async ({
  app,
  page,
}) => {
  await app.start('ready', 'manual');
  await app.send('A long one, please.');
  await app.step(120);
  await find(page, 'layer', /^1 of [1-4]$/);
  await app.step(600);
  await expect(page.getByTestId('find-words')).toHaveText(/^1 of ([5-9]|1\d)$/);
  const { all, current, offMiddle } = await painted(page);
  expect(current).toBe('Layer');
  expect(all.length).toBeGreaterThan(4);
  await page.keyboard.press('Enter');
  await page.keyboard.press('Enter');
  await expect(page.getByTestId('find-words')).toHaveText(/^3 of/);
  await expect
    .poll(async () => Math.abs((await painted(page)).offMiddle ?? Infinity))
    .toBeLessThan(4);
  await app.step(300);
  await expect(page.getByTestId('to-end')).toHaveText('New text');
  expect(Math.abs((await painted(page)).offMiddle ?? Infinity)).toBeLessThan(4);
  expect(offMiddle).not.toBeNull();
  // Escape closes the bar first; the answer goes on.
  await page.keyboard.press('Escape');
  await expect(page.getByTestId('stop')).toBeVisible();
  await expect(app.composer).toBeFocused();
});

test('a webview without highlights marks the message', async ({ app, page }) => {
  await page.addInitScript(() => Reflect.deleteProperty(window, 'Highlight'));
  await app.start('chats');
  await app.open('Prime sieve in Python');
  await find(page, 'bytearray', '1 of 1');
  await expect(page.locator('[data-message].found')).toContainText('bytearray');
  await page.keyboard.press('Escape');
  await expect(page.locator('[data-message].found')).toHaveCount(0);
});

test('there is nothing to find in an empty chat or behind a dialog', async ({ app, page }) => {
  await app.start('ready');
  await page.keyboard.press('Control+f');
  await expect(page.getByTestId('find')).toHaveCount(0);
  await page.keyboard.press('Control+/');
  await expect(page.getByTestId('keys')).toContainText('Find in this chat');
  await page.keyboard.press('Control+f');
  await expect(page.getByTestId('find')).toHaveCount(0);
});
