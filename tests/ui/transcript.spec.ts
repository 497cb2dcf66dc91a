/** Ten thousand messages: few of them are on the page, and nobody notices. */
import type { Locator, Page } from '@playwright/test';
import type { App } from '../../ui/src/lib/state/app.svelte';
import { expect, test, type Window } from './app';

const LONGEST = 'Ten thousand messages';

const transcript = (page: Page): Locator => page.getByTestId('transcript');
const rows = (page: Page): Locator => page.locator('[data-message]');
const question = (app: Window, number: number): Locator =>
  app.questions.filter({ hasText: new RegExp(`Question ${number}:`) });

/** How far the view is from the end. */
const distance = (page: Page): Promise<number> =>
  transcript(page).evaluate((view) => view.scrollHeight - view.clientHeight - view.scrollTop);

/** Two frames: what a change brings about is painted. */
const painted = (page: Page): Promise<void> =>
  page.evaluate(
    () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done()))),
  );

async function openLongest(app: Window): Promise<void> {
  await app.start('long', 'manual');
  await app.open(LONGEST);
  await expect(question(app, 5000)).toBeInViewport();
}

/** Moves the view as the scrollbar does: at once, to a share of the whole. */
async function drag(page: Page, share: number): Promise<void> {
  await transcript(page).evaluate((view, to) => {
    view.scrollTop = (view.scrollHeight - view.clientHeight) * to;
  }, share);
  await painted(page);
}

/** What covers the middle of the view. */
const inMiddle = (page: Page): Promise<string> =>
  transcript(page).evaluate((view) => {
    const { left, top, width, height } = view.getBoundingClientRect();
    const element = document.elementFromPoint(left + width / 2, top + height / 2);
    return element?.closest<HTMLElement>('[data-message]')?.dataset.message ?? 'nothing';
  });

test('the page stays small wherever one looks, and the count is said', async ({ app, page }) => {
  await openLongest(app);
  for (const share of [1, 0.5, 0.1, 0, 0.73, 1]) {
    await drag(page, share);
    expect(await rows(page).count()).toBeLessThan(60);
    expect(await inMiddle(page)).not.toBe('nothing');
  }
  const last = rows(page).last();
  await expect(last).toHaveAttribute('aria-posinset', '10000');
  await expect(last).toHaveAttribute('aria-setsize', '10000');
  await expect(last.getByRole('heading')).toHaveText(/answered$/);
});

test('from the end to the beginning and back by keyboard', async ({ app, page }) => {
  await openLongest(app);
  await transcript(page).focus();
  await page.keyboard.press('Home');
  await expect(question(app, 1)).toBeInViewport();
  await expect.poll(() => transcript(page).evaluate((view) => view.scrollTop)).toBe(0);
  await page.keyboard.press('PageDown');
  await expect.poll(() => transcript(page).evaluate((view) => view.scrollTop)).toBeGreaterThan(300);
  await page.keyboard.press('PageUp');
  await expect(question(app, 1)).toBeInViewport();
  await page.keyboard.press('End');
  await expect(question(app, 5000)).toBeInViewport();
  await expect.poll(() => distance(page)).toBeLessThan(2);
  await page.keyboard.press('PageUp');
  await expect.poll(() => distance(page)).toBeGreaterThan(300);
});

test('what is read stays in its place while heights above it become known', async ({
  app,
  page,
}) => {
  await openLongest(app);
  await drag(page, 0.5);
  // Each frame, what was in view must have moved by what was scrolled and nothing else.
  const worst = await transcript(page).evaluate(async (view) => {
    const frame = () => new Promise((done) => requestAnimationFrame(done));
    let worst = 0;
    for (let i = 0; i < 80; i += 1) {
      const { top, bottom } = view.getBoundingClientRect();
      const seen = [...view.querySelectorAll<HTMLElement>('[data-message]')].find((row) => {
        const box = row.getBoundingClientRect();
        return box.bottom > top + 130 && box.top < bottom - 260;
      });
      const before = seen?.getBoundingClientRect().top ?? NaN;
      view.scrollTop -= 130;
      await frame();
      await frame();
      const moved = (seen?.getBoundingClientRect().top ?? NaN) - before;
      if (seen !== undefined) worst = Math.max(worst, Math.abs(moved - 130));
    }
    return worst;
  });
  expect(worst).toBeLessThan(2);
});

test('a wider or narrower window keeps what is read', async ({ app, page }) => {
  await openLongest(app);
  await drag(page, 0.4);
  const first = await transcript(page).evaluate((view) => {
    const { top } = view.getBoundingClientRect();
    const row = [...view.querySelectorAll<HTMLElement>('[data-message]')].find(
      (one) => one.getBoundingClientRect().bottom > top,
    );
    return row?.dataset.message ?? '';
  });
  await page.setViewportSize({ width: 640, height: 800 });
  await painted(page);
  await expect(page.locator(`[data-message="${first}"]`)).toBeInViewport();
});

test('a match far away is gone to, and so is the next one', async ({ app, page }) => {
  await openLongest(app);
  await page.keyboard.press('Control+f');
  await page.keyboard.insertText('question 7:');
  await expect(page.getByTestId('find-words')).toHaveText('1 of 1');
  await expect(question(app, 7)).toBeInViewport();
  await page.keyboard.press('Control+f');
  await page.keyboard.insertText('answer 1234.');
  await expect(page.getByTestId('find-words')).toHaveText('1 of 1');
  await expect(app.answers.filter({ hasText: 'Answer 1234.' })).toBeInViewport();
  // Every question has the word: counted without putting one more message on the page.
  await page.keyboard.press('Control+f');
  await page.keyboard.insertText('tell me about birds');
  await expect(page.getByTestId('find-words')).toHaveText(/of 5,000$/);
  expect(await rows(page).count()).toBeLessThan(60);
});

test('selected text stays selected wherever one scrolls', async ({ app, page }) => {
  await openLongest(app);
  const [last] = await app.questions.last().getByTestId('message-text').all();
  await last?.evaluate((text) => getSelection()?.selectAllChildren(text));
  const selected = () => page.evaluate(() => String(getSelection()));
  expect(await selected()).toMatch(/^Question 5000:/);
  for (const share of [0.5, 0, 0.9]) {
    await drag(page, share);
    expect(await selected()).toMatch(/^Question 5000:/);
    expect(await rows(page).count()).toBeLessThan(60);
  }
  await page.evaluate(() => getSelection()?.removeAllRanges());
  await drag(page, 0.2);
  await expect(question(app, 5000)).toHaveCount(0);
});

test('the focus is not lost when its message is scrolled away', async ({ app, page }) => {
  await openLongest(app);
  const copy = app.answers.last().getByTestId('copy');
  await copy.focus();
  await drag(page, 0);
  await expect(copy).toBeFocused();
  await expect(question(app, 1)).toBeInViewport();
  await app.composer.focus();
  await drag(page, 0.1);
  await expect(question(app, 5000)).toHaveCount(0);
});

test('text that comes while one reads elsewhere moves nothing and is announced', async ({
  app,
  page,
}) => {
  await openLongest(app);
  await app.send('A long one, please.');
  await app.step(200);
  await expect.poll(() => distance(page)).toBeLessThan(2);
  await transcript(page).hover();
  await page.mouse.wheel(0, -120);
  await app.step(1);
  await expect(page.getByTestId('to-end')).toHaveText('New text');
  await drag(page, 0.5);
  const before = await inMiddle(page);
  const top = await transcript(page).evaluate((view) => view.scrollTop);
  await app.step(200);
  await painted(page);
  expect(await inMiddle(page)).toBe(before);
  expect(await transcript(page).evaluate((view) => view.scrollTop)).toBe(top);
  await page.getByTestId('to-end').click();
  await expect.poll(() => distance(page)).toBeLessThan(2);
  await app.step(200);
  await expect.poll(() => distance(page)).toBeLessThan(2);
  await expect(app.answers.last()).toContainText('Layer');
});

test('a message is gone to by its id, in a chat that is open or opened for it', async ({
  app,
  page,
}) => {
  await page.emulateMedia({ reducedMotion: 'reduce' });
  await app.start('long', 'manual');
  const show = (number: number) =>
    page.evaluate(
      async ([title, wanted]) => {
        const { chats } = Reflect.get(window, 'ternApp') as App;
        chats.open(chats.rows.find((row) => row.title === title)?.id ?? '');
        await chats.current.load();
        const found = () =>
          chats.current.messages.find(({ text }) => text.startsWith(`Question ${wanted}:`));
        while (found() === undefined) await new Promise((done) => setTimeout(done, 10));
        chats.current.showMessage(found()?.id ?? '');
      },
      [LONGEST, number] as const,
    );
  for (const number of [3000, 42, 4990]) {
    await show(number);
    const row = page.locator('[data-message].marked');
    await expect(row).toContainText(`Question ${number}:`);
    await painted(page);
    const place = await row.evaluate((element) => {
      const view = element.closest('[data-testid="transcript"]')?.getBoundingClientRect();
      return view && (element.getBoundingClientRect().top - view.top) / view.height;
    });
    expect(place).toBeGreaterThan(0.3);
    expect(place).toBeLessThan(0.37);
    await expect(row).toHaveCount(0);
    await expect(question(app, number)).toBeInViewport();
  }
});

for (const shape of ['blocks', 'code', 'list', 'ones', 'paragraph', 'quote', 'table']) {
  test(`200,000 characters of ${shape} are read from end to end and written on`, async ({
    app,
    page,
  }) => {
    await app.start('huge', 'manual');
    await app.open(`Huge ${shape}`);
    await expect.poll(() => distance(page)).toBeLessThan(2);
    for (const share of [0.8, 0.5, 0.2, 1]) {
      await drag(page, share);
      await expect.poll(() => inMiddle(page)).not.toBe('nothing');
      expect(await page.locator('*').count()).toBeLessThan(5000);
    }
    await app.fake(
      (host, question) => host.putWriting('Being written', question, 200_000),
      `Write huge ${shape}.`,
    );
    await app.open('Being written');
    await app.step(60);
    const before = await app.answers.last().getByTestId('message-text').innerText();
    await app.step(100);
    await expect
      .poll(() => app.answers.last().getByTestId('message-text').innerText())
      .not.toBe(before);
    await expect.poll(() => distance(page)).toBeLessThan(2);
  });
}

test('parts of a long table and of a long quote are seen and read as one', async ({
  app,
  page,
}) => {
  await app.start('huge', 'manual');
  for (const shape of ['table', 'quote']) {
    await app.open(`Huge ${shape}`);
    await drag(page, 0.6);
    await expect.poll(() => page.locator('.cut-above').count()).toBeGreaterThan(1);
    const seams = await page.locator('.cut-above').evaluateAll((parts) =>
      parts.map((part) => {
        const piece = part.closest('.piece')?.previousElementSibling;
        const above = part.previousElementSibling ?? piece?.lastElementChild;
        // One that is far from the view is not there.
        return above ? part.getBoundingClientRect().top - above.getBoundingClientRect().bottom : 0;
      }),
    );
    for (const seam of seams) expect(Math.abs(seam)).toBeLessThan(1);
  }
  await app.open('Huge table');
  await drag(page, 0.6);
  const tables = page.getByTestId('message-text').last().getByRole('table');
  await expect.poll(() => tables.count()).toBeGreaterThan(1);
  const heads = ['Number', 'Sighting', 'Seen by'];
  for (const table of await tables.all()) {
    await expect(table.getByRole('columnheader')).toHaveText(heads);
  }
  const widths = await tables
    .locator('tr:not(.again tr)')
    .evaluateAll((rows) =>
      rows.map((row) =>
        [...row.children].map((cell) => Math.round(cell.getBoundingClientRect().width)).join(),
      ),
    );
  expect(new Set(widths).size).toBe(1);
});
