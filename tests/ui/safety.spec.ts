import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { placedPayloads, tornPayloads } from '../../ui/src/lib/markdown/hostile';
import { en } from '../../ui/src/lib/strings/en';
import { appBuild, expect, test } from './app';

/** `npm run test:full` asks for more. */
const TORN = process.env.TERN_FULL ? 3000 : 400;

// The fixture fails every test on a request that leaves and on a broken content security policy.
test('hostile answers run no script and fetch nothing', async ({ app, page }) => {
  test.setTimeout(180_000);
  await app.start('ready', 'instant');
  const vectors = [...placedPayloads(), ...tornPayloads(TORN, 7)];
  const batches = [];
  for (let at = 0; at < vectors.length; at += 100) batches.push(vectors.slice(at, at + 100));
  for (const [i, batch] of batches.entries()) {
    const title = `Batch ${i}.`;
    await app.fake((host, [name, question, answer]) => host.put(name, question, answer), [
      title,
      batch.join('\n\n'),
      batch.join('\n\n'),
    ] as [string, string, string]);
    await app.open(title);
    await expect(app.answers).toHaveCount(1);
    // With the find bar, all of a long answer is on the page.
    await page.keyboard.press('Control+f');
    await expect(app.answers.locator('.piece:empty')).toHaveCount(0);
    const found = await app.answers.getByTestId('message-text').evaluate((body) => {
      const bad =
        'script,img,iframe,object,embed,link,style,svg,math,form,input,video,audio,base,[style]:not(.piece),[href],[src]';
      for (const element of body.querySelectorAll<HTMLElement>('[onclick],[onerror],[onload]')) {
        return `handler: ${element.outerHTML}`;
      }
      return body.querySelector(bad)?.outerHTML ?? null;
    });
    expect(found, title).toBeNull();
    for (const link of (await app.answers.locator('[data-href]').all()).slice(0, 3)) {
      await link.dispatchEvent('click');
      await expect(page.getByTestId('link-dialog')).toBeVisible();
      await page.keyboard.press('Escape');
      await expect(page.getByTestId('link-dialog')).toHaveCount(0);
    }
  }
  expect(await page.evaluate(() => 'pwned' in window)).toBe(false);
  expect(page.url()).toContain('http://tern.localhost/?');
  expect(await app.calls('openLink')).toEqual([]);
});

test('hostile titles and model names are only text', async ({ app, page }) => {
  await app.start('ready', 'instant');
  await app.fake(
    (host, title) => host.put(title, 'x', 'x'),
    '<img src=x onerror=window.pwned=1><script>window.pwned=1</script>',
  );
  await app.rows.first().getByRole('button').first().click();
  await expect(page.getByTestId('chat-title')).toContainText('<img src=x');
  expect(await page.evaluate(() => 'pwned' in window)).toBe(false);
});

test('no click on a link can move the window', async ({ app, page }) => {
  await app.start('chats');
  await app.open('Comparing weight formats');
  const link = page.getByRole('link', { name: 'BitNet paper' });
  for (const modifier of ['Control', 'Shift', 'Alt'] as const) {
    await link.click({ modifiers: [modifier] });
    await page.keyboard.press('Escape');
  }
  await link.click({ button: 'middle' });
  await link.dragTo(app.composer);
  expect(page.url()).toContain('http://tern.localhost/?fake=chats');
});

test('the app’s bundle is small and has no fake in it', () => {
  const assets = join(appBuild, 'assets');
  const scripts = readdirSync(assets).filter((name) => name.endsWith('.js'));
  const text = scripts.map((name) => readFileSync(join(assets, name), 'utf8')).join('\n');
  expect(text).toContain(en.connections.none);
  expect(text).not.toContain('ternFake');
  expect(text).not.toContain('Where do Arctic terns spend the winter?');
  const bytes = (names: string[]) =>
    names.reduce((sum, name) => sum + readFileSync(join(assets, name)).byteLength, 0);
  // What sets formulas waits for the first one.
  const formulas = scripts.filter((name) => name.startsWith('katex'));
  expect(formulas).toHaveLength(1);
  expect(bytes(formulas)).toBeLessThan(300_000);
  expect(bytes(scripts) - bytes(formulas)).toBeLessThan(600_000);
  expect(readFileSync(join(appBuild, 'index.html'), 'utf8')).not.toContain('katex');
});
