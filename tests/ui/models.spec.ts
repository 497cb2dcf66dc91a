import { expect, test } from './app';

test('opening the large model from the card on the first screen chooses it', async ({
  app,
  page,
}) => {
  await app.start('first-run');
  await page.getByTestId('first-model').getByRole('button', { name: 'I have the file' }).click();
  await page.getByRole('menuitem', { name: 'Open model file…' }).click();
  await expect(page.getByTestId('model-pill')).toContainText('BitNet b1.58 2B4T');
  expect(await app.calls('importModel')).toEqual([['file', false]]);
  await expect(page.getByTestId('welcome')).toContainText('nothing you write leaves it');
  await app.send('Which birds are terns related to?');
  await app.answered();
  await expect(app.answers).toContainText('related to gulls');
});

test('a folder that is no model is explained where it was opened', async ({ app, page }) => {
  await app.start('first-run');
  await page.getByTestId('first-model').getByRole('button', { name: 'I have the file' }).click();
  await page.getByRole('menuitem', { name: 'Open model folder…' }).click();
  const problem = page.getByTestId('first-model').getByTestId('problem-line');
  await expect(problem).toContainText('no config.json');
  await expect(page.getByTestId('model-pill')).toContainText('Guide');
  await problem.getByRole('button', { name: 'Dismiss' }).click();
  await expect(problem).toHaveCount(0);
});

test('the menu: choose, read warnings, go on to all models', async ({ app, page }) => {
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
  await expect(menu.getByRole('button', { name: /^Guide/ })).toBeFocused();
  await page.keyboard.press('ArrowUp');
  await expect(menu.getByRole('button', { name: 'All models…' })).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(menu).toBeHidden();
  await expect(page.getByTestId('models')).toBeVisible();
});

test('a chat whose model is gone says so', async ({ app, page }) => {
  await app.start('chats');
  await app.open('Meals for a week');
  await page.keyboard.press('Control+Shift+M');
  await page.getByRole('button', { name: 'Actions for BitNet b1.58 2B4T' }).click();
  await page.getByRole('menuitem', { name: 'Remove…' }).click();
  await page.getByRole('button', { name: 'Remove', exact: true }).click();
  await page.keyboard.press('Escape');
  await expect(page.getByTestId('model-pill')).toContainText('Unknown model');
  await page.getByTestId('model-pill').click();
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
