import type { Locator, Page } from '@playwright/test';
import { expect, test, type Window } from './app';
import { run } from './palette';

const headings = (page: Page): Locator =>
  page.getByTestId('conversation-list').getByRole('heading');
const group = (page: Page, name: string): Locator => page.getByRole('list', { name, exact: true });

async function choose(app: Window, title: string, item: string): Promise<void> {
  await app.row(title).getByRole('button').first().click({ button: 'right' });
  await app.page.getByRole('menuitem', { name: item, exact: true }).click();
}

async function refuse(
  app: Window,
  command: 'pinConversation' | 'archiveConversation' | 'duplicateConversation',
) {
  await app.fake(
    (host, name) => host.refuse(name, { code: 'storage', message: 'The disk is full.' }),
    command,
  );
}

test('temporary chats come first, then pinned ones, then the others by date', async ({
  app,
  page,
}) => {
  await app.start('sorted');
  await expect(headings(page)).toHaveText([
    'Temporary',
    'Pinned',
    'Today',
    'Yesterday',
    'October',
    'September',
  ]);
  await expect(group(page, 'Pinned').getByRole('listitem')).toHaveText([
    'A letter to the landlord about the heating',
    'Meals for a week',
  ]);
  await expect(app.row('What is Tern?')).toHaveCount(0);
});

test('a pinned chat moves up, keeps the focus, and goes back when it can’t be stored', async ({
  app,
  page,
}) => {
  await app.start('chats');
  const row = app.row('Window functions');
  await row.getByRole('button').first().focus();
  await page.keyboard.press('Shift+F10');
  await expect(page.getByRole('menu')).toBeVisible();
  await page.keyboard.press('p');
  await page.keyboard.press('Enter');
  await expect(group(page, 'Pinned').getByRole('listitem')).toHaveText('Window functions in SQL');
  await expect(row.getByRole('button').first()).toBeFocused();
  expect(await app.calls('pinConversation')).toEqual([['c-sql', true]]);

  await refuse(app, 'pinConversation');
  await page.keyboard.press('ContextMenu');
  await page.getByRole('menuitem', { name: 'Unpin' }).press('Enter');
  await expect(page.getByTestId('problem-line')).toHaveText('The disk is full.');
  await expect(group(page, 'Pinned').getByRole('listitem')).toHaveCount(1);
  await expect(row.getByRole('button').first()).toBeFocused();
});

test('an archived chat leaves the list and comes back from the archive', async ({ app, page }) => {
  await app.start('chats');
  await app.open('Meals for a week');
  await expect(page.getByRole('button', { name: 'Archived' })).toHaveCount(0);
  await choose(app, 'Meals for a week', 'Archive');
  await expect(app.row('Meals for a week')).toHaveCount(0);
  await expect(page.getByTestId('welcome')).toBeVisible();

  await page.getByRole('button', { name: 'Archived 1' }).press('Enter');
  const back = page.getByRole('button', { name: 'Back to all chats' });
  await expect(back).toBeFocused();
  await expect(app.rows).toHaveText('Meals for a week');
  await app.open('Meals for a week');
  await expect(page.getByTestId('chat-title')).toHaveText('Meals for a week');
  await choose(app, 'Meals for a week', 'Unarchive');
  await expect(page.getByText('No chat is archived.')).toBeVisible();
  await back.click();
  await expect(app.row('Meals for a week')).toBeVisible();
  expect(await app.calls('archiveConversation')).toEqual([
    ['c-week', true],
    ['c-week', false],
  ]);
});

test('a chat that can’t be archived stays, and one in the archive can be deleted', async ({
  app,
  page,
}) => {
  await app.start('sorted');
  await refuse(app, 'archiveConversation');
  await choose(app, 'Prime sieve', 'Archive');
  await expect(page.getByTestId('problem-line')).toHaveText('The disk is full.');
  await expect(app.row('Prime sieve')).toBeVisible();
  await page.getByRole('button', { name: 'Archived 2' }).click();
  await choose(app, 'Lifetimes', 'Delete');
  await expect(app.rows).toHaveText('What is Tern?');
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect(app.rows).toHaveCount(2);
});

test('a copy appears and opens, or nothing changes', async ({ app, page }) => {
  await app.start('chats');
  await choose(app, 'Meals for a week', 'Duplicate');
  await expect(page.getByTestId('chat-title')).toHaveText('Meals for a week (copy)');
  await expect(app.answers).toHaveCount(1);
  await expect(group(page, 'Today').getByRole('listitem').first()).toHaveText(
    'Meals for a week (copy)',
  );
  await expect(app.composer).toBeFocused();
  await refuse(app, 'duplicateConversation');
  await choose(app, 'Prime sieve', 'Duplicate');
  await expect(page.getByTestId('problem-line')).toHaveText('The disk is full.');
  await expect(app.rows).toHaveCount(10);
});

test('the palette does the same for the open chat', async ({ app, page }) => {
  await app.start('chats');
  await app.open('Meals for a week');
  await run(page, 'pin this', 'Pin this chat');
  await expect(group(page, 'Pinned').getByRole('listitem')).toHaveText('Meals for a week');
  await run(page, 'unpin', 'Unpin this chat');
  await expect(group(page, 'Pinned')).toHaveCount(0);
  await run(page, 'archive this', 'Archive this chat');
  await expect(app.row('Meals for a week')).toHaveCount(0);
  await run(page, 'show archived', 'Show archived chats');
  await expect(app.rows).toHaveText('Meals for a week');
  await run(page, 'meals', 'Meals for a week');
  await run(page, 'duplicate', 'Duplicate this chat');
  await expect(page.getByTestId('chat-title')).toHaveText('Meals for a week (copy)');
});

test('a temporary chat says so, is grouped apart and offers nothing that would keep it', async ({
  app,
  page,
}) => {
  await app.start('chats');
  const toggle = page.getByRole('button', { name: 'Temporary chat' });
  await expect(toggle).toHaveAttribute('aria-pressed', 'false');
  await page.keyboard.press('Control+Shift+N');
  await expect(toggle).toHaveAttribute('aria-pressed', 'true');
  await expect(page.getByTestId('welcome')).toContainText(
    'Kept in memory only. Gone when Tern ends.',
  );
  await expect(app.composer).toBeFocused();
  await app.send('What could I give Kim?');
  expect((await app.calls('sendMessage')).map(([, , temporary]) => temporary)).toEqual([true]);
  await expect(page.getByTestId('temporary')).toContainText('Gone when Tern ends.');
  await expect(toggle).toHaveCount(0);
  await app.answered();
  await expect(group(page, 'Temporary').getByRole('listitem')).toHaveText('What could I give Kim?');
  await app.row('What could I give Kim?').getByRole('button').first().click({ button: 'right' });
  await expect(page.getByRole('menuitem')).toHaveText([
    'Rename',
    'Export as Markdown…',
    'Export as JSON…',
    'Select',
    'Delete',
  ]);
  await page.keyboard.press('Escape');
  await app.send('And what else?');
  expect(await app.calls('saveDraft')).toEqual([]);
});

test('what is typed stays with its kind of new chat, unless the switch says otherwise', async ({
  app,
  page,
}) => {
  await app.start('chats');
  await app.composer.fill('An ordinary draft');
  await page.keyboard.press('Control+Shift+N');
  await expect(app.composer).toHaveValue('');
  await app.composer.fill('A secret');
  await page.keyboard.press('Control+n');
  await expect(app.composer).toHaveValue('An ordinary draft');
  const toggle = page.getByRole('button', { name: 'Temporary chat' });
  await toggle.click();
  await expect(toggle).toHaveAttribute('aria-pressed', 'true');
  await expect(app.composer).toHaveValue('An ordinary draft');
  await toggle.click();
  await expect(toggle).toHaveAttribute('aria-pressed', 'false');
});

test('a refused temporary message never goes into an ordinary chat', async ({ app, page }) => {
  await app.start('chats');
  await page.keyboard.press('Control+Shift+N');
  await app.fake(
    (host, message) => host.refuse('sendMessage', { code: 'storage', message }),
    'No memory is left.',
  );
  await app.composer.fill('A secret');
  await app.composer.press('Enter');
  await page.keyboard.press('Control+n');
  await expect(app.composer).toHaveValue('');
  await page.keyboard.press('Control+Shift+N');
  await expect(app.composer).toHaveValue('A secret');
});

test('an answer goes on while another chat is shown, and waits unread', async ({ app }) => {
  await app.start('busy', 'manual');
  await app.open('Prime sieve in Python');
  await app.step(20);
  await app.open('Meals for a week');
  const row = app.row('Prime sieve');
  await expect(row.getByText('Writing')).toBeAttached();
  await app.step(2000);
  await expect(row.getByText('New answer')).toBeAttached();
  await expect(row.getByTestId('unread')).toBeVisible();
  await app.open('Prime sieve in Python');
  await expect(row.getByTestId('unread')).toHaveCount(0);
  await expect(app.row('Meals').getByTestId('unread')).toHaveCount(0);
});

test('an automatic title neither disturbs an edit nor is undone by leaving it', async ({
  app,
  page,
}) => {
  await app.start('chats');
  await app.open('Meals for a week');
  const retitle = (title: string) =>
    app.fake((host, words) => {
      const summary = { id: 'c-week', title: words, createdAt: 0, updatedAt: Date.now() - 4e8 };
      const flags = { generating: false, pinned: false, archived: false, temporary: false };
      host.emit({ kind: 'conversationChanged', summary: { ...summary, ...flags, model: 'guide' } });
    }, title);
  const title = page.getByTestId('chat-title');
  await title.click();
  const input = page.getByRole('textbox', { name: 'Chat title' });
  await retitle('A week of dinners');
  await expect(input).toHaveValue('Meals for a week');
  await app.composer.focus();
  await expect(title).toHaveText('A week of dinners');
  expect(await app.calls('renameConversation')).toEqual([]);

  await title.click();
  await input.fill('My own title');
  await retitle('Another automatic title');
  await expect(input).toHaveValue('My own title');
  await input.press('Enter');
  await expect(title).toHaveText('My own title');
  await expect(app.row('My own title')).toBeVisible();
});

test('ten thousand chats: a few rows on the page, each of them within reach', async ({
  app,
  page,
}) => {
  await app.start('many');
  const list = page.getByTestId('conversation-list');
  await expect(app.row('Number 0 of the flock')).toBeVisible();
  expect(await app.rows.count()).toBeLessThan(100);
  await app.rows.first().getByRole('button').first().focus();
  await page.keyboard.press('End');
  const last = app.row('Number 9999 of the flock').getByRole('button').first();
  await expect(last).toBeFocused();
  await expect(last).toBeInViewport({ ratio: 1 });
  await page.keyboard.press('ArrowUp');
  await expect(app.row('Number 9998 of').getByRole('button').first()).toBeFocused();
  await list.evaluate((element) => element.scrollTo(0, 150_000));
  await expect(app.row('Number 9998 of')).toBeAttached();
  expect(await app.rows.count()).toBeLessThan(100);
  await page.keyboard.press('Home');
  await expect(app.row('Number 0 of').getByRole('button').first()).toBeFocused();
  // The group's name is seen with its first row.
  await expect(headings(page).first()).toBeInViewport({ ratio: 1 });
  const [size, place] = await app.rows
    .first()
    .evaluate((row) => [row.ariaSetSize, row.ariaPosInSet]);
  expect(place).toBe('1');
  expect(Number(size)).toBeGreaterThan(1);

  const slowest = await list.evaluate(async (element) => {
    let slowest = 0;
    for (let top = 0; top < 20_000; top += 400) {
      const started = performance.now();
      element.scrollTop = top;
      await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
      slowest = Math.max(slowest, performance.now() - started);
    }
    return slowest;
  });
  // About two frames; the rest is for a busy machine.
  expect(slowest).toBeLessThan(500);
});

test('a chat opened from elsewhere is scrolled to', async ({ app, page }) => {
  await app.start('many');
  await run(page, 'flock 7777', 'Number 7777 of the flock');
  await expect(app.row('Number 7777 of')).toBeInViewport({ ratio: 1 });
});
