import { expect, test } from './app';

test('the theme changes at once and is stored', async ({ app, page }) => {
  await app.start('chats');
  await page.keyboard.press('Control+,');
  const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const light = await background();
  await page.getByRole('radio', { name: 'Dark' }).click();
  expect(await background()).not.toBe(light);
  await page.getByRole('radio', { name: 'Light' }).click();
  expect(await background()).toBe(light);
  const stored = (await app.calls('setSettings')).map(
    ([settings]) => (settings as { theme: string }).theme,
  );
  expect(stored).toEqual(['dark', 'light']);
});

test('numbers out of range are explained and not stored', async ({ app, page }) => {
  await app.start('chats');
  await page.keyboard.press('Control+,');
  await page.getByRole('tab', { name: 'Answers' }).click();
  const temperature = page.getByLabel('Temperature');
  await temperature.fill('7');
  await temperature.press('Tab');
  await expect(page.getByText('Enter a number from 0 to 2.')).toBeVisible();
  await page.getByLabel('Seed').fill('18446744073709551616');
  await page.getByLabel('Seed').press('Tab');
  await expect(page.getByText('Enter a whole number from 0 to 18446744073709551615')).toBeVisible();
  expect(await app.calls('setSettings')).toEqual([]);
  await temperature.fill('0');
  await page.getByLabel('Seed').fill('18446744073709551615');
  await page.getByLabel('System prompt').fill('Answer briefly.');
  await page.getByLabel('System prompt').blur();
  await expect.poll(async () => (await app.calls('setSettings')).length).toBe(3);
  const last = (await app.calls('setSettings')).at(-1)?.[0];
  expect(last).toMatchObject({
    sampling: { temperature: 0, seed: '18446744073709551615' },
    systemPrompt: 'Answer briefly.',
  });
});

test('a setting that can’t be stored goes back and says why', async ({ app, page }) => {
  await app.start('chats');
  await expect(app.rows.first()).toBeVisible();
  await app.fake(
    (host, message) => host.refuse('setSettings', { code: 'storage', message }),
    'The disk is full. Make room, then try again.',
  );
  await page.keyboard.press('Control+,');
  await page.getByRole('radio', { name: 'Dark' }).click();
  await expect(page.getByTestId('settings').getByTestId('problem-line')).toHaveText(
    /Not saved\. The disk is full/,
  );
  await expect(page.getByRole('radio', { name: 'System' })).toBeChecked();
});

test('Settings show where the chats are and which version this is', async ({ app, page }) => {
  await app.start('chats');
  await page.getByRole('button', { name: 'Settings' }).click();
  await page.getByRole('tab', { name: 'About' }).click();
  await expect(page.getByTestId('settings')).toContainText('/home/kim/.local/share/tern');
  await expect(page.getByTestId('settings')).toContainText('Tern 0.1.0');
});

test('the longest answer set here ends an answer', async ({ app, page }) => {
  await app.start('ready');
  await page.keyboard.press('Control+,');
  await page.getByRole('tab', { name: 'Answers' }).click();
  await page.getByLabel('Longest answer').fill('20');
  await page.getByLabel('Longest answer').press('Enter');
  await page.keyboard.press('Escape');
  await app.send('A long one, please.');
  await expect(page.getByTestId('message-state')).toHaveText(
    'Ended at the answer length set in Settings.',
  );
});
