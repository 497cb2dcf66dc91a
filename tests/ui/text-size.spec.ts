import type { Page } from '@playwright/test';
import { expect, test } from './app';

const px = (page: Page, selector: string) =>
  page
    .locator(selector)
    .first()
    .evaluate((element) => getComputedStyle(element).fontSize);

test('the text grows at once, from Settings and by keys, everywhere', async ({ app, page }) => {
  await app.start('chats');
  await app.open('Prime sieve in Python');
  await page.keyboard.press('Control+,');
  await page.getByRole('radio', { name: '150 %' }).click();
  expect(await px(page, '[data-testid=settings] h2')).toBe('24px');
  await page.keyboard.press('Control+0');
  await expect(page.getByRole('radio', { name: '100 %' })).toBeChecked();
  await page.keyboard.press('Escape');
  expect(await px(page, '.markdown')).toBe('16px');
  await page.keyboard.press('Control++');
  await page.keyboard.press('Control+=');
  expect(await px(page, '.markdown')).toBe('20px');
  await page.keyboard.press('Control+-');
  expect(await px(page, '.markdown')).toBe('17.6px');
  const sizes = async () =>
    (await app.calls('setSettings')).map(([settings]) =>
      Reflect.get(settings as object, 'textSize'),
    );
  // Changes are stored one after the other.
  await expect.poll(sizes).toEqual([150, 100, 110, 125, 110]);
});

test('at the largest size there is no larger one, and a refusal is said', async ({ app, page }) => {
  await app.start('chats');
  await app.fake(
    (host, message) => host.refuse('setSettings', { code: 'storage', message }),
    'The disk is full.',
  );
  await page.keyboard.press('Control++');
  await expect(page.getByTestId('problem-line')).toHaveText('Not saved. The disk is full.');
  expect(await px(page, 'html')).toBe('16px');
  for (let i = 0; i < 8; i += 1) await page.keyboard.press('Control++');
  expect(await px(page, 'html')).toBe('24px');
  expect(await app.calls('setSettings')).toHaveLength(4);
});

for (const size of [80, 150]) {
  for (const [width, height] of [
    [480, 400],
    [1120, 760],
  ] as const) {
    test(`at ${size} % in ${width}×${height} everything is in reach`, async ({ app, page }) => {
      await page.setViewportSize({ width, height });
      await app.start('cut');
      for (let i = 0; i < 3; i += 1)
        await page.keyboard.press(size > 100 ? 'Control++' : 'Control+-');
      expect(await px(page, 'html')).toBe(`${(16 * size) / 100}px`);
      const inside = async (name: string) => {
        const outside = await page.evaluate(() => {
          const controls = document.querySelectorAll<HTMLElement>(
            'button, input, textarea, select, summary',
          );
          return [...controls].flatMap((control) => {
            const { left, right, width } = control.getBoundingClientRect();
            return width > 0 && (left < -1 || right > innerWidth + 1)
              ? [control.ariaLabel ?? control.textContent]
              : [];
          });
        });
        expect(outside, name).toEqual([]);
      };
      await inside('chat');
      await expect(app.composer).toBeInViewport({ ratio: 1 });
      await page.keyboard.press('Control+,');
      for (const tab of await page.getByRole('tab').all()) {
        await tab.click();
        await inside((await tab.textContent()) ?? '');
      }
      // The end of the longest section can be scrolled to.
      await page.getByRole('tab', { name: 'Generation' }).click();
      await page.getByText('Advanced').click();
      await page.getByLabel('Longest answer').scrollIntoViewIfNeeded();
      await expect(page.getByLabel('Longest answer')).toBeInViewport({ ratio: 1 });
      await page.keyboard.press('Escape');
      await page.keyboard.press('Control+/');
      await inside('keys');
    });
  }
}
