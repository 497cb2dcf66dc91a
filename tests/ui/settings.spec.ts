import type { Page } from '@playwright/test';
import type { Settings } from '../../ui/src/lib/ipc/host';
import { expect, test, type Window } from './app';

/** Opens a section of Settings. */
async function section(page: Page, name: string): Promise<void> {
  await page.keyboard.press('Control+,');
  await page.getByRole('tab', { name }).click();
}

/** The settings as they were stored last. */
async function stored(app: Window): Promise<Partial<Settings>> {
  return ((await app.calls('setSettings')).at(-1)?.[0] ?? {}) as Partial<Settings>;
}

test('the theme changes at once and is stored', async ({ app, page }) => {
  await app.start('chats');
  await page.keyboard.press('Control+,');
  const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const light = await background();
  await page.getByRole('radio', { name: 'Dark' }).click();
  expect(await background()).not.toBe(light);
  await page.getByRole('radio', { name: 'Light' }).click();
  expect(await background()).toBe(light);
  const themes = (await app.calls('setSettings')).map(
    ([settings]) => (settings as { theme: string }).theme,
  );
  expect(themes).toEqual(['dark', 'light']);
});

test('numbers out of range are explained and not stored', async ({ app, page }) => {
  await app.start('chats');
  await section(page, 'Generation');
  await page.getByText('Advanced').click();
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
  expect(await stored(app)).toMatchObject({
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
  await expect(
    page.getByRole('radiogroup', { name: 'Appearance' }).getByRole('radio', { name: 'System' }),
  ).toBeChecked();
});

test('Settings show where the chats are and which version this is', async ({ app, page }) => {
  await app.start('chats');
  await page.getByRole('button', { name: 'Settings', exact: true }).click();
  await page.getByRole('tab', { name: 'Storage' }).click();
  await expect(page.getByTestId('settings')).toContainText('/home/kim/.local/share/tern');
  await page.getByRole('tab', { name: 'About' }).click();
  await expect(page.getByTestId('settings')).toContainText('Tern 0.1.0');
});

test('the longest answer set here ends an answer', async ({ app, page }) => {
  await app.start('ready');
  await section(page, 'Generation');
  await page.getByText('Advanced').click();
  await page.getByLabel('Longest answer').fill('20');
  await page.getByLabel('Longest answer').press('Enter');
  await page.keyboard.press('Escape');
  await app.send('A long one, please.');
  await expect(page.getByTestId('message-state')).toHaveText(
    'Ended at the answer length set in Settings.',
  );
});

test('another language redraws the open dialog and everything behind it', async ({ app, page }) => {
  await app.start('chats');
  await page.keyboard.press('Control+,');
  await page.getByRole('radio', { name: 'Deutsch' }).click();
  await expect(page.getByTestId('settings')).toContainText('Erscheinungsbild');
  await expect(page.getByRole('tab', { name: 'Allgemein' })).toBeVisible();
  await expect(page.locator('html')).toHaveAttribute('lang', 'de');
  await page.keyboard.press('Escape');
  await expect(page.getByTestId('sidebar')).toContainText('Neuer Chat');
  await page.keyboard.press('Control+,');
  // The system's: the browser of the tests speaks English.
  await page
    .getByRole('radiogroup', { name: 'Sprache' })
    .getByRole('radio', { name: 'System' })
    .click();
  await expect(page.getByTestId('settings')).toContainText('Appearance');
  expect(await stored(app)).toMatchObject({ language: 'system' });
});

test('menu bar, tray and smart titles are switched by keyboard', async ({ app, page }) => {
  await app.start('chats');
  await page.keyboard.press('Control+,');
  for (const name of ['Menu bar', 'Icon in the tray']) {
    const control = page.getByRole('switch', { name });
    await control.focus();
    await page.keyboard.press('Space');
    await expect(control).toBeChecked();
  }
  await page.getByRole('tab', { name: 'Generation' }).click();
  await page.getByRole('switch', { name: 'Smart titles' }).press('Space');
  expect(await stored(app)).toMatchObject({ menuBar: true, tray: true, smartTitles: false });
});

test('what the desktop can’t do is off, and says so', async ({ app, page }) => {
  await app.start('plain');
  await page.keyboard.press('Control+,');
  await expect(page.getByRole('switch', { name: 'Icon in the tray' })).toBeDisabled();
  await expect(page.getByText('This desktop has no tray for icons.')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Quick-ask keys: Off' })).toBeDisabled();
  await expect(page.getByText('This desktop lets no program hear keys')).toBeVisible();
});

test('a Mac has its menu bar anyway', async ({ app, page }) => {
  await app.start('mac');
  await page.keyboard.press('Control+,');
  await expect(page.getByRole('switch', { name: 'Icon in the tray' })).toBeVisible();
  await expect(page.getByRole('switch', { name: 'Menu bar' })).toHaveCount(0);
});

test('quick-ask keys are recorded, refused without a modifier, and turned off', async ({
  app,
  page,
}) => {
  await app.start('chats');
  await page.keyboard.press('Control+,');
  await page.getByRole('button', { name: 'Quick-ask keys: Off' }).focus();
  await page.keyboard.press('Enter');
  const recorder = page.getByRole('button', { name: 'Press the keys…' });
  await expect(recorder).toBeFocused();
  await page.keyboard.press('q');
  await expect(page.getByText('Hold Ctrl as well, or use a function key.')).toBeVisible();
  // Neither closes Settings nor does what these keys do elsewhere.
  await page.keyboard.press('Escape');
  await expect(page.getByTestId('settings')).toBeVisible();
  expect(await app.calls('setSettings')).toEqual([]);
  await page.keyboard.press('Enter');
  await page.keyboard.press('Control+Shift+Space');
  await expect(
    page.getByRole('button', { name: 'Quick-ask keys: Ctrl+Shift+Space' }),
  ).toBeFocused();
  expect(await stored(app)).toMatchObject({ quickAsk: 'CmdOrCtrl+Shift+Space' });
  await page.getByRole('button', { name: 'Turn off' }).click();
  await expect(page.getByRole('button', { name: 'Quick-ask keys: Off' })).toBeFocused();
  expect(await stored(app)).toMatchObject({ quickAsk: null });
});

test('keys another program has are refused, and the old ones stay', async ({ app, page }) => {
  await app.start('chats');
  await page.keyboard.press('Control+,');
  await app.fake(
    (host, message) => host.refuse('setSettings', { code: 'invalid', message }),
    'Another program has these keys.',
  );
  await page.getByRole('button', { name: 'Quick-ask keys: Off' }).click();
  await page.keyboard.press('Alt+F8');
  await expect(page.getByTestId('settings').getByTestId('problem-line')).toHaveText(
    'Not saved. Another program has these keys.',
  );
  await expect(page.getByRole('button', { name: 'Quick-ask keys: Off' })).toBeVisible();
});

test('presets are kept, chosen, renamed, replaced, deleted and brought back', async ({
  app,
  page,
}) => {
  await app.start('chats');
  await section(page, 'Generation');
  const prompt = page.getByLabel('System prompt');
  const name = page.getByRole('textbox', { name: 'Keep the prompt above as a preset' });
  for (const [title, text] of [
    ['Short', 'Be brief.'],
    ['Long', 'Take your time.'],
  ] as const) {
    await prompt.fill(text);
    await name.fill(title);
    await name.press('Enter');
  }
  await page.getByRole('button', { name: /^Short / }).click();
  await expect(prompt).toHaveValue('Be brief.');
  await expect(page.getByRole('button', { name: /^Short / })).toHaveAttribute(
    'aria-pressed',
    'true',
  );

  await page.getByRole('button', { name: 'Rename “Short”' }).press('Enter');
  await page.keyboard.type('LONG');
  await page.keyboard.press('Enter');
  await expect(page.getByText('There is a preset “LONG” already.')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Rename “Short”' })).toBeFocused();
  await page.keyboard.press('Enter');
  await page.keyboard.type('Brief');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('button', { name: 'Rename “Brief”' })).toBeFocused();

  await prompt.fill('One word.');
  await name.fill('brief');
  await page.getByRole('button', { name: 'Replace' }).click();
  expect((await stored(app)).presets).toEqual([
    { name: 'brief', text: 'One word.' },
    { name: 'Long', text: 'Take your time.' },
  ]);

  await page.getByRole('button', { name: 'Delete “Long”' }).press('Enter');
  await expect(page.getByRole('button', { name: 'Undo' })).toBeFocused();
  expect((await stored(app)).presets).toHaveLength(1);
  await page.keyboard.press('Enter');
  await expect(page.getByRole('button', { name: /^Long / })).toBeVisible();
  expect((await stored(app)).presets).toHaveLength(2);
});

test('the profile is chosen by keyboard, and a number of threads overrules it', async ({
  app,
  page,
}) => {
  await app.start('chats');
  await section(page, 'Performance');
  await page.getByRole('radio', { name: 'Full' }).focus();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowDown');
  await expect(page.getByRole('radio', { name: 'Battery' })).toBeChecked();
  expect(await stored(app)).toMatchObject({ profile: 'battery' });
  await page.getByRole('spinbutton', { name: 'Threads' }).fill('3');
  await page.getByRole('spinbutton', { name: 'Threads' }).press('Enter');
  await expect(page.getByText('Not in effect: 3 threads set below.')).toBeVisible();
});
