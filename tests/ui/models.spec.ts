import { expect, test } from './app';

test('opening the large model from the welcome card chooses it', async ({ app, page }) => {
  await app.start('first-run');
  await page.getByTestId('welcome').getByRole('button', { name: 'Open model file…' }).click();
  await expect(page.getByTestId('model-pill')).toContainText('BitNet b1.58 2B4T');
  await expect(page.getByTestId('welcome')).toContainText('nothing you write leaves it');
  await app.send('Which birds are terns related to?');
  await app.answered();
  await expect(app.answers).toContainText('related to gulls');
});

test('a folder that is no model is explained where it was opened', async ({ app, page }) => {
  await app.start('first-run');
  await page.getByTestId('welcome').getByRole('button', { name: 'Open model folder…' }).click();
  await expect(page.getByTestId('welcome').getByTestId('problem-line')).toContainText(
    'no config.json',
  );
  await expect(page.getByTestId('model-pill')).toContainText('Guide');
});

test('the menu: choose, read warnings, take off the list', async ({ app, page }) => {
  await app.start('models');
  await app.open('Meals for a week');
  const pill = page.getByTestId('model-pill');
  const menu = page.getByTestId('model-menu');
  await pill.click();
  await expect(menu).toContainText('Tern does not know the chat format of this model');
  await expect(menu).toContainText('The file is not where it was.');
  await menu.getByRole('button', { name: /^Guide/ }).click();
  await expect(menu).toBeHidden();
  await expect(pill).toContainText('Guide');
  expect(await app.calls('selectModel')).toEqual([['guide', 'c-week']]);
  await pill.click();
  await menu.getByRole('button', { name: 'Remove bitnet_b1_58-large from the list' }).click();
  await expect(menu).toContainText(
    'bitnet_b1_58-large is off the list. Its file stays where it is.',
  );
  await expect(menu.getByRole('button', { name: /^bitnet_b1_58-large/ })).toHaveCount(0);
});

test('a chat whose model is gone says so', async ({ app, page }) => {
  await app.start('chats');
  await app.open('Meals for a week');
  await page.getByTestId('model-pill').click();
  await page.getByRole('button', { name: 'Remove BitNet b1.58 2B4T from the list' }).click();
  await expect(page.getByTestId('model-pill')).toContainText('Unknown model');
  await expect(page.getByTestId('model-menu')).toContainText('Choose another one.');
});

test('the pill opens and closes its menu', async ({ app, page }) => {
  await app.start('chats');
  const menu = page.getByTestId('model-menu');
  const pill = page.getByTestId('model-pill');
  await pill.click();
  await expect(menu).toBeVisible();
  await pill.click();
  await expect(menu).toBeHidden();
  await pill.click();
  await page.keyboard.press('Escape');
  await expect(menu).toBeHidden();
  await expect(pill).toBeFocused();
});
