/** Settings around downloads: offline lock, proxy, mirror, token, unloading, the folder. */
import type { Page } from '@playwright/test';
import type { Settings } from '../../ui/src/lib/ipc/host';
import { expect, test, type Window } from './app';

async function network(page: Page): Promise<void> {
  await page.keyboard.press('Control+,');
  await page.getByRole('tab', { name: 'Network' }).click();
  await page.getByText('Downloads', { exact: true }).click();
}

async function stored(app: Window): Promise<Partial<Settings>> {
  return ((await app.calls('setSettings')).at(-1)?.[0] ?? {}) as Partial<Settings>;
}

test('a proxy of one’s own is stored once it has an address', async ({ app, page }) => {
  await app.start('chats');
  await network(page);
  const proxy = page.getByRole('radiogroup', { name: 'Proxy' });
  await expect(proxy.getByRole('radio', { name: 'System' })).toBeChecked();
  await proxy.getByRole('radio', { name: 'Manual' }).press('Space');
  expect(await app.calls('setSettings')).toEqual([]);
  const address = page.getByLabel('Address of the proxy');
  await address.fill('proxy.example:3128');
  await address.press('Enter');
  await expect(page.getByText('Enter an address that begins with')).toBeVisible();
  await expect(address).toHaveAttribute('aria-invalid', 'true');
  await address.fill('http://proxy.example:3128');
  await address.press('Enter');
  await expect
    .poll(() => stored(app))
    .toMatchObject({ proxy: { kind: 'manual', address: 'http://proxy.example:3128' } });
  await proxy.getByRole('radio', { name: 'None' }).press('Space');
  await expect.poll(() => stored(app)).toMatchObject({ proxy: { kind: 'off' } });
  await expect(address).toHaveCount(0);
});

test('a mirror is an address or nothing', async ({ app, page }) => {
  await app.start('chats');
  await network(page);
  const mirror = page.getByLabel('Mirror');
  await mirror.fill('https://mirror.example');
  await mirror.press('Enter');
  await expect.poll(() => stored(app)).toMatchObject({ mirror: 'https://mirror.example' });
  await mirror.fill('');
  await mirror.press('Enter');
  await expect.poll(() => stored(app)).toMatchObject({ mirror: null });
});

test('the keyring is left alone until the person looks for the token', async ({ app, page }) => {
  await app.start('chats');
  await page.keyboard.press('Control+Shift+M');
  await page.keyboard.press('Escape');
  await page.keyboard.press('Control+,');
  await page.getByRole('tab', { name: 'Network' }).click();
  await expect(page.getByLabel('Offline lock')).toBeVisible();
  expect(await app.calls('tokenState')).toEqual([]);
  await page.getByText('Downloads', { exact: true }).click();
  await expect(page.getByLabel('Access token')).toBeVisible();
  expect(await app.calls('tokenState')).toHaveLength(1);
});

test('a token goes into the keyring and never comes back', async ({ app, page }) => {
  await app.start('chats');
  await network(page);
  const field = page.getByLabel('Access token');
  await expect(field).toHaveAttribute('type', 'password');
  await field.fill('hf_secret');
  await field.press('Enter');
  await expect(page.getByTestId('settings')).toContainText('A token is kept');
  expect(await page.content()).not.toContain('hf_secret');
  expect(await app.calls('setToken')).toEqual([['hf_secret']]);
  await page.getByRole('button', { name: 'Remove the token' }).click();
  await expect(field).toHaveValue('');
  expect((await app.calls('setToken')).at(-1)).toEqual([null]);
});

test('a token that can’t be kept is explained and not left in the page', async ({ app, page }) => {
  await app.start('chats');
  await app.fake(
    (host, message) => host.refuse('setToken', { code: 'storage', message }),
    'The keyring is locked.',
  );
  await network(page);
  await page.getByLabel('Access token').fill('hf_secret');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await expect(page.getByText('The keyring is locked.')).toBeVisible();
  await expect(page.getByLabel('Access token')).toHaveValue('');
});

test('without a keyring there is a sentence and no field', async ({ app, page }) => {
  await app.start('no-keyring');
  await network(page);
  await expect(page.getByTestId('settings')).toContainText('This system has no keyring');
  await expect(page.locator('input[type="password"]')).toHaveCount(0);
});

test('the time until a model leaves memory is stored within its limits', async ({ app, page }) => {
  await app.start('chats');
  await page.keyboard.press('Control+,');
  await page.getByRole('tab', { name: 'Performance' }).click();
  const field = page.getByLabel('Unload after');
  await expect(field).toHaveValue('30');
  await field.fill('1441');
  await field.press('Tab');
  await expect(page.getByText('Enter a whole number from 0 to 1,440.')).toBeVisible();
  expect(await app.calls('setSettings')).toEqual([]);
  await field.fill('0');
  await field.press('Enter');
  await expect.poll(() => stored(app)).toMatchObject({ unloadAfter: 0 });
});

test('the folder for models is in Storage too', async ({ app, page }) => {
  await app.start('library');
  await page.keyboard.press('Control+,');
  await page.getByRole('tab', { name: 'Storage' }).click();
  const folder = page.getByTestId('settings').getByTestId('models-folder');
  await expect(folder).toContainText('/home/kim/.local/share/tern/models');
  await folder.getByRole('button', { name: 'Change…' }).click();
  await folder.getByRole('button', { name: 'Cancel' }).click();
  expect(await app.calls('chooseModelsFolder')).toEqual([]);
  await folder.getByRole('button', { name: 'Change…' }).click();
  await folder.getByRole('button', { name: 'Leave them there' }).click();
  await expect(folder).toContainText('/mnt/large/models');
  expect(await app.calls('chooseModelsFolder')).toEqual([[false]]);
});
