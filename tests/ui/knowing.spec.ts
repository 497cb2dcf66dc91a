/** What can be known of an answer, of the model's view of a chat, and of what left the computer. */
import type { Page } from '@playwright/test';
import { expect, test, type Window } from './app';

const figures = (page: Page) => page.getByRole('dialog', { name: 'Figures of this answer' });

async function clipboard(app: Window): Promise<void> {
  await app.page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
}
const copied = (page: Page) => page.evaluate(() => navigator.clipboard.readText());

test('the line under an answer opens all its figures, by keyboard too', async ({ app, page }) => {
  await clipboard(app);
  await app.start('states');
  await app.open('How answers can end');
  const line = page.getByTestId('stats').first();
  await line.focus();
  await page.keyboard.press('Enter');
  for (const words of [
    'BitNet b1.58 2B4T',
    '9 tokens · 31 tok/s',
    '1,948 tokens, 1,820 of them reused',
    '182 tok/s',
    'after 0.4 s',
    'You stopped it.',
    '1584004',
    'temperature 0.6 · top-p 0.9',
  ]) {
    await expect(figures(page)).toContainText(words);
  }
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  expect(await copied(page)).toBe('1584004');
  await page.keyboard.press('Escape');
  await expect(figures(page)).toBeHidden();
  await expect(line).toBeFocused();
});

test('what the model saw is exact, marked, counted and copied', async ({ app, page }) => {
  await clipboard(app);
  await app.start('options');
  await app.open('Prime sieve in Python');
  await page.getByTestId('stats').first().click();
  await page.getByRole('button', { name: 'What the model saw' }).click();
  const text = page.getByTestId('model-prompt-text');
  const exact =
    '<|begin_of_text|>System: You write Python 3.12 with type hints.<|eot_id|>User: Which birds are terns related to?<|eot_id|>Assistant: ';
  await expect(text).toHaveText(exact);
  await expect(text.locator('mark')).toHaveText(['<|begin_of_text|>', '<|eot_id|>', '<|eot_id|>']);
  await expect(page.getByTestId('model-prompt')).toContainText(
    `${Math.ceil(exact.length / 4)} tokens`,
  );
  await expect(page.getByText('has changed since')).toHaveCount(0);
  await page.getByRole('button', { name: 'Copy the prompt' }).click();
  expect(await copied(page)).toBe(exact);
  await page.keyboard.press('Escape');
  await expect(page.getByTestId('model-prompt')).toHaveCount(0);
});

test('a prompt that may have been another one, and one that can’t be had', async ({
  app,
  page,
}) => {
  await app.start('chats');
  await app.fake((host) => host.put('Edited', 'Why?', 'Because.', { edited: true }), null);
  await app.open('Edited');
  await app.send('And?');
  await app.answered();
  await page.getByTestId('stats').last().click();
  await app.fake(
    (host, message) => host.refuse('modelPrompt', { code: 'model', message }),
    'The model’s file is gone.',
  );
  await page.getByRole('button', { name: 'What the model saw' }).click();
  await expect(page.getByTestId('model-prompt')).toContainText(
    'The prompt can’t be shown. The model’s file is gone.',
  );
  await page.keyboard.press('Escape');
  await page.getByTestId('stats').last().click();
  await page.getByRole('button', { name: 'What the model saw' }).click();
  await expect(page.getByTestId('model-prompt')).toContainText('has changed since');
});

test('a prompt of a megabyte opens, scrolls and closes without a pause', async ({ app, page }) => {
  await app.start('ready');
  await app.fake(
    (host, line) => host.put('Huge', line.repeat(20_000), 'Yes.'),
    'Terns are slender seabirds, related to gulls but. \n',
  );
  await app.open('Huge');
  await app.send('Sum it up.');
  await app.answered();
  await page.getByTestId('stats').last().click();
  const button = page.getByRole('button', { name: 'What the model saw' });
  // The longest stretch in which the page answered nothing.
  const longest = await button.evaluate(async (element: HTMLElement) => {
    let last = performance.now();
    let pause = 0;
    let looking = true;
    const look = () => {
      const now = performance.now();
      pause = Math.max(pause, now - last);
      last = now;
      if (looking) setTimeout(look);
    };
    look();
    element.click();
    await new Promise((resolve) => setTimeout(resolve, 1500));
    const text = document.querySelector('[data-testid=model-prompt-text]');
    text?.scrollTo(0, text.scrollHeight);
    await new Promise((resolve) => setTimeout(resolve, 500));
    looking = false;
    return text === null ? Infinity : pause;
  });
  expect(longest).toBeLessThan(500);
  await expect(page.getByTestId('model-prompt-text')).toContainText('Sum it up.');
});

test('the line where the model’s view begins, and a new chat with a summary', async ({
  app,
  page,
}) => {
  await app.start('cut');
  await app.open('A trip to the Wadden Sea');
  const line = page.getByRole('complementary', { name: 'End of what the model sees' });
  await expect(line).toContainText('The model no longer sees what is above this line');
  // Above the third question, in its row.
  const row = page.locator('[data-message]').filter({ has: line });
  await expect(row.locator('[data-testid=cut-line] + [data-testid=message-user]')).toBeVisible();
  await expect(row).toHaveAttribute('aria-posinset', '5');
  await expect(row).toHaveAttribute('aria-setsize', '8');
  await app.fake(
    (host, message) => host.refuse('summariseConversation', { code: 'busy', message }),
    'An answer is still being written in this chat.',
  );
  const button = line.getByRole('button', { name: 'New chat with a summary' });
  await button.press('Enter');
  await expect(line.getByTestId('problem-line')).toContainText('still being written');
  await button.press('Enter');
  await expect(page.getByTestId('chat-title')).toHaveText('Summary: A trip to the Wadden Sea');
  await app.answered();
  expect((await app.calls('summariseConversation')).at(-1)).toEqual([
    'c-trip',
    'Summary: A trip to the Wadden Sea',
    expect.stringContaining('Sum up the conversation'),
  ]);
  await expect(page.getByTestId('cut-line')).toHaveCount(0);
});

test('the shield opens the log: links, checks, and nothing else', async ({ app, page }) => {
  await app.start('chats');
  await app.open('Comparing weight formats');
  await page.getByRole('link', { name: 'BitNet paper' }).click();
  await page.getByRole('button', { name: 'Open in browser' }).click();
  // A dialog that closes gives the focus back.
  await expect(page.getByRole('dialog')).toHaveCount(0);
  const shield = page.getByRole('button', { name: 'No connections since start' });
  await shield.focus();
  await page.keyboard.press('Enter');
  const log = page.getByRole('dialog', { name: 'No connections since start' });
  await expect(log).toContainText('Tern has been running since 10:12');
  await expect(log).toContainText(/asked for Tern’s connections \d times, last 10:1/);
  await expect(log.getByRole('listitem')).toHaveText([
    /https:\/\/arxiv\.org\/abs\/2402\.17764.*Link, opened in your browser/,
  ]);
  const before = (await app.calls('connectionLog')).length;
  await expect.poll(async () => (await app.calls('connectionLog')).length).toBeGreaterThan(before);
  await page.keyboard.press('Escape');
  await expect(log).toBeHidden();
  await expect(shield).toBeFocused();
});

test('a connection is never kept quiet', async ({ app, page }) => {
  await app.start('chats');
  await app.fake((host) => host.connections.add('connection', '203.0.113.7:443'), null);
  await page.getByRole('button', { name: 'No connections since start' }).click();
  await expect(page.getByRole('button', { name: '1 connection since start' })).toBeVisible();
  await expect(page.getByTestId('connection-log')).toContainText('203.0.113.7:443');
});

test('where the system can’t be asked, or the log can’t be read, that is said', async ({
  app,
  page,
}) => {
  await app.start('chats');
  await app.fake((host) => {
    host.connections.askable = false;
  }, null);
  await page.keyboard.press('Control+,');
  await page.getByRole('tab', { name: 'Network' }).click();
  const log = page.getByTestId('settings').getByTestId('connection-log');
  await expect(log).toContainText('Nothing was handed to the browser');
  await app.fake(
    (host, message) => host.refuse('connectionLog', { code: 'internal', message }),
    'The worker is gone.',
  );
  await expect(log).toContainText('The log can’t be read. The worker is gone.');
});

for (const [action, shown] of [
  ['newChat', 'welcome'],
  ['palette', 'palette'],
  ['find', 'find'],
  ['settings', 'settings'],
  ['keys', 'keys'],
] as const) {
  test(`${action}, chosen in a menu, takes the place of what is open`, async ({ app, page }) => {
    await app.start('chats');
    await app.open('Meals for a week');
    await page.keyboard.press(action === 'keys' ? 'Control+,' : 'Control+/');
    await app.fake((host, chosen) => host.emit({ kind: 'actionChosen', action: chosen }), action);
    await expect(page.getByTestId(shown)).toBeVisible();
    await expect(page.locator('dialog[open]')).toHaveCount(
      ['newChat', 'find'].includes(action) ? 0 : 1,
    );
  });
}

test('a temporary chat, chosen in the tray, is sent as one', async ({ app }) => {
  await app.start('chats');
  await app.fake((host) => host.emit({ kind: 'actionChosen', action: 'newTemporaryChat' }), null);
  await expect(app.composer).toBeFocused();
  await app.send('What is Tern?');
  expect((await app.calls('sendMessage')).at(-1)?.[2]).toBe(true);
});

test('text and sidebar follow the menu', async ({ app, page }) => {
  await app.start('chats');
  const choose = (action: 'largerText' | 'toggleSidebar') =>
    app.fake((host, chosen) => host.emit({ kind: 'actionChosen', action: chosen }), action);
  await choose('toggleSidebar');
  await expect(page.getByTestId('sidebar')).toHaveCount(0);
  await choose('largerText');
  await expect(page.locator('html')).toHaveCSS('font-size', '17.6px');
});
