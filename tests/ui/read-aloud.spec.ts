/** Reading aloud, with made-up voices: Chromium has none here. */
import type { Page } from '@playwright/test';
import { expect, test } from './app';
import { choose } from './messages';

/** Gives the page these voices; what they are told to say is kept in `spoken`. */
async function withVoices(page: Page, voices: { lang: string; localService: boolean }[]) {
  await page.addInitScript((all) => {
    const spoken: SpeechSynthesisUtterance[] = [];
    class Utterance {
      lang = '';
      constructor(readonly text: string) {}
    }
    const synthesis = Object.assign(new EventTarget(), {
      getVoices: () => all,
      speak: (utterance: SpeechSynthesisUtterance) => spoken.push(utterance),
      cancel: () => undefined,
    });
    const made = { speechSynthesis: synthesis, SpeechSynthesisUtterance: Utterance, spoken };
    for (const [name, value] of Object.entries(made))
      Object.defineProperty(window, name, { value });
  }, voices);
}

const spoken = (page: Page) =>
  page.evaluate(() =>
    (Reflect.get(window, 'spoken') as SpeechSynthesisUtterance[]).map(({ text, lang }) => ({
      text,
      lang,
    })),
  );

test('an answer is read by a voice of its language, without code', async ({ app, page }) => {
  await withVoices(page, [
    { lang: 'de-DE', localService: true },
    { lang: 'en-GB', localService: false },
    { lang: 'en-US', localService: true },
  ]);
  await app.start('chats');
  await app.open('Prime sieve in Python');
  await choose(app, app.answers.last(), 'Read aloud');
  const stop = app.answers.last().getByRole('button', { name: 'Stop reading aloud' });
  await expect(stop).toBeVisible();
  const said = await spoken(page);
  expect([...new Set(said.map(({ lang }) => lang))]).toEqual(['en-US']);
  const words = said.map(({ text }) => text).join(' ');
  expect(words).toMatch(/^A sieve keeps one flag.* Two details make it quick: crossing out/);
  expect(words).not.toContain('def primes');
  await page.evaluate(() => {
    const last = (Reflect.get(window, 'spoken') as SpeechSynthesisUtterance[]).at(-1);
    last?.onend?.(new Event('end') as SpeechSynthesisEvent);
  });
  await expect(stop).toHaveCount(0);
});

test('reading stops on request and when another chat is opened', async ({ app, page }) => {
  await withVoices(page, [{ lang: 'en-US', localService: true }]);
  await app.start('chats');
  await app.open('Prime sieve in Python');
  const stop = page.getByRole('button', { name: 'Stop reading aloud' });
  await choose(app, app.answers.last(), 'Read aloud');
  await stop.click();
  await expect(stop).toHaveCount(0);
  await choose(app, app.answers.last(), 'Read aloud');
  await expect(stop).toBeVisible();
  await app.open('What is Tern?');
  await app.open('Prime sieve in Python');
  await expect(app.answers).toHaveCount(2);
  await expect(stop).toHaveCount(0);
});

test('voices of a server are not offered', async ({ app, page }) => {
  await withVoices(page, [{ lang: 'en-US', localService: false }]);
  await app.start('chats');
  await app.open('Prime sieve in Python');
  await app.answers.last().getByRole('button', { name: 'More actions' }).click();
  await expect(page.getByRole('menuitem', { name: 'Copy as plain text' })).toBeVisible();
  await expect(page.getByRole('menuitem', { name: 'Read aloud' })).toHaveCount(0);
});
