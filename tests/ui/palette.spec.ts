import { expect, test, type Window } from './app';
import { chosen, input, options, search } from './palette';

async function put(app: Window, titles: string[]): Promise<void> {
  await app.fake((host, all) => {
    for (const title of all) host.put(title, 'Why?', 'Because.');
  }, titles);
}

test('opens with recent chats and commands, and closes without a trace', async ({ app, page }) => {
  await app.start('chats');
  await app.composer.fill('A draft');
  await page.keyboard.press('Control+k');
  await expect(input(page)).toBeFocused();
  await expect(page.getByRole('group', { name: 'Recent chats' }).getByRole('option')).toHaveCount(
    6,
  );
  await expect(chosen(page)).toContainText('Prime sieve in Python');
  await expect(page.getByRole('group', { name: 'Commands' })).toBeVisible();
  await page.keyboard.type('letter');
  await page.keyboard.press('Escape');
  await expect(page.getByTestId('palette')).toHaveCount(0);
  await expect(app.composer).toBeFocused();
  await expect(app.composer).toHaveValue('A draft');
  await page.keyboard.press('Control+k');
  await expect(input(page)).toHaveValue('');
  await page.keyboard.press('Control+k');
  await expect(page.getByTestId('palette')).toHaveCount(0);
  await expect(app.composer).toBeFocused();
});

test('a chat is found by its words and opened by Enter', async ({ app, page }) => {
  await app.start('chats');
  await search(page, 'ARCTIC wint');
  await expect(options(page)).toHaveCount(1);
  await expect(chosen(page).locator('mark')).toHaveText(['Arctic', 'wint']);
  await page.keyboard.press('Enter');
  await expect(page.getByTestId('chat-title')).toHaveText(
    'Where do Arctic terns spend the winter?',
  );
  await expect(app.composer).toBeFocused();
});

test('keys move through all rows, and the field keeps the focus', async ({ app, page }) => {
  await app.start('chats');
  await page.keyboard.press('Control+k');
  const count = await options(page).count();
  const at = () =>
    options(page).evaluateAll((rows) =>
      rows.findIndex((row) => row.getAttribute('aria-selected') === 'true'),
    );
  const steps: [string, number][] = [
    ['ArrowDown', 1],
    ['ArrowDown', 2],
    ['ArrowUp', 1],
    ['PageDown', 9],
    ['PageUp', 1],
    ['End', count - 1],
    ['ArrowDown', 0],
    ['ArrowUp', count - 1],
    ['Home', 0],
    ['PageUp', 0],
  ];
  for (const [key, expected] of steps) {
    await page.keyboard.press(key);
    await expect.poll(at, key).toBe(expected);
    await expect(input(page)).toBeFocused();
    const id = await input(page).getAttribute('aria-activedescendant');
    expect(await chosen(page).getAttribute('id')).toBe(id);
    await expect(chosen(page)).toBeInViewport({ ratio: 1 });
  }
});

test('Escape closes the palette and stops nothing', async ({ app, page }) => {
  await app.start('busy', 'manual');
  await app.open('Prime sieve in Python');
  await page.keyboard.press('Control+k');
  await page.keyboard.press('Escape');
  await expect(page.getByTestId('palette')).toHaveCount(0);
  expect(await app.calls('stopGeneration')).toEqual([]);
});

test('opened over a menu, it leaves the focus in the message box', async ({ app, page }) => {
  await app.start('chats');
  await page.getByTestId('model-pill').press('Enter');
  await expect(page.getByTestId('model-menu').getByRole('button').nth(1)).toBeFocused();
  await page.keyboard.press('Control+k');
  await expect(page.getByTestId('model-menu')).toBeHidden();
  await page.keyboard.press('Escape');
  await expect(page.getByTestId('palette')).toHaveCount(0);
  await expect(app.composer).toBeFocused();
});

test('everything works with the mouse', async ({ app, page }) => {
  await app.start('chats');
  const button = page.getByRole('button', { name: 'Search' });
  await expect(button).toHaveAttribute('title', 'Search chats and commands (Ctrl+K)');
  await button.click();
  await expect(input(page)).toBeFocused();
  const row = options(page).filter({ hasText: 'A letter' });
  await row.hover();
  await expect(row).toHaveAttribute('aria-selected', 'true');
  await page.getByRole('group', { name: 'Commands' }).getByText('Commands').click();
  await expect(input(page)).toBeFocused();
  await row.click();
  await expect(page.getByTestId('chat-title')).toContainText('A letter');
  await button.click();
  await page.mouse.click(5, 400);
  await expect(page.getByTestId('palette')).toHaveCount(0);
  await expect(button).toBeFocused();
  await button.click();
  await page.getByRole('button', { name: 'Close' }).click();
  await expect(page.getByTestId('palette')).toHaveCount(0);
  await button.click();
  await page.keyboard.press('Control+k');
  await expect(page.getByTestId('palette')).toHaveCount(0);
  await expect(button).toBeFocused();
});

test('a key of an input method runs nothing', async ({ app, page }) => {
  await app.start('chats');
  await search(page, 'meals');
  for (const init of [{ isComposing: true }, { keyCode: 229 }]) {
    const kept = await input(page).evaluate(
      (field, more) =>
        field.dispatchEvent(
          new KeyboardEvent('keydown', { key: 'Enter', bubbles: true, cancelable: true, ...more }),
        ),
      init,
    );
    expect(kept).toBe(true);
  }
  await expect(page.getByTestId('palette')).toBeVisible();
  const { length } = await app.calls('openConversation');
  await page.keyboard.press('Enter');
  await expect(page.getByTestId('chat-title')).toHaveText('Meals for a week');
  expect((await app.calls('openConversation')).length).toBe(length + 1);
});

test('a word being composed is searched for, and ends in the field', async ({ app, page }) => {
  await app.start('chats');
  await put(app, ['東京の天気']);
  await page.keyboard.press('Control+k');
  const keyboard = await page.context().newCDPSession(page);
  await keyboard.send('Input.imeSetComposition', {
    text: '東京',
    selectionStart: 2,
    selectionEnd: 2,
  });
  await expect(chosen(page).locator('mark')).toHaveText('東京');
  await expect(page.getByTestId('palette')).toBeVisible();
  await keyboard.send('Input.insertText', { text: '東京' });
  await expect(input(page)).toHaveValue('東京');
  await page.keyboard.press('Enter');
  await expect(page.getByTestId('chat-title')).toHaveText('東京の天気');
});

test('results are counted aloud, and nothing is said to be nothing', async ({ app, page }) => {
  await app.start('chats');
  const spoken = page.getByTestId('palette').getByRole('status');
  await search(page, 'terns spend');
  await expect(spoken).toHaveText('1 result');
  await expect(input(page)).toHaveAttribute('aria-expanded', 'true');
  await input(page).fill('albatross');
  await expect(spoken).toHaveText('No chat, message or command has these words.');
  await expect(input(page)).toHaveAttribute('aria-expanded', 'false');
  expect(await input(page).getAttribute('aria-activedescendant')).toBeNull();
  await page.keyboard.press('Enter');
  await page.keyboard.press('ArrowDown');
  await expect(page.getByTestId('palette')).toBeVisible();
});

test('titles are words, never markup', async ({ app, page }) => {
  await app.start('chats');
  const titles = [
    '<img src=x onerror="document.title=1"><b>bold</b>',
    '\u202egnp.exe שלום עולם',
    '👩‍👩‍👧‍👦 family',
    'lone \ud800 half',
    `long ${'word '.repeat(2000)}`,
  ];
  await put(app, titles);
  await search(page, '<b>bo');
  await expect(chosen(page).locator('.words')).toHaveText(titles[0] ?? '');
  await expect(chosen(page).locator('mark')).toHaveText('<b>bo');
  expect(await chosen(page).locator('img, b').count()).toBe(0);
  for (const [query, mark] of [
    ['שלום', 'שלום'],
    ['👩', '👩‍👩‍👧‍👦'],
    ['half', 'half'],
    ['long word', 'long'],
  ] as const) {
    await input(page).fill(query);
    await expect(chosen(page).locator('mark').first()).toHaveText(mark);
    const box = await chosen(page).boundingBox();
    expect(box?.height).toBe(36);
  }
});

test('ten thousand chats are searched while one types', async ({ app, page }) => {
  await app.start('many');
  await page.keyboard.press('Control+b');
  await page.keyboard.press('Control+k');
  const slowest = await input(page).evaluate(async (field) => {
    let slowest = 0;
    for (const query of ['f', 'fl', 'flo', 'flock', 'flock 99', 'flock 9999']) {
      const started = performance.now();
      (field as HTMLInputElement).value = query;
      field.dispatchEvent(new InputEvent('input', { bubbles: true }));
      // Until it is drawn.
      await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
      slowest = Math.max(slowest, performance.now() - started);
    }
    return slowest;
  });
  // About two frames; the rest is for a busy machine.
  expect(slowest).toBeLessThan(1000);
  await expect(options(page)).toHaveCount(1);
  await input(page).fill('flock');
  await expect(options(page)).toHaveCount(50);
  await expect(page.getByTestId('palette-more')).toHaveText(
    '9,950 more. Another word narrows the list.',
  );
  await page.keyboard.press('End');
  await expect(chosen(page)).toBeInViewport({ ratio: 1 });
});

test('in a narrow window it opens from the drawer, and a choice closes both', async ({
  app,
  page,
}) => {
  await app.start('chats');
  await page.setViewportSize({ width: 480, height: 640 });
  await page.getByRole('button', { name: 'Show sidebar' }).click();
  await page.getByTestId('search').click();
  const box = await page.getByTestId('palette').boundingBox();
  expect(box?.x).toBeGreaterThanOrEqual(16);
  expect((box?.x ?? 0) + (box?.width ?? 0)).toBeLessThanOrEqual(464);
  expect((box?.y ?? 0) + (box?.height ?? 0)).toBeLessThanOrEqual(640);
  await page.keyboard.type('meals');
  await page.keyboard.press('Enter');
  await expect(page.getByTestId('sidebar')).toHaveCount(0);
  await expect(page.getByTestId('chat-title')).toHaveText('Meals for a week');
  await expect(app.composer).toBeFocused();
});
