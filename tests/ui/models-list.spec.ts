/** Models that are on this computer, and what can be done with them. */
import type { Locator, Page } from '@playwright/test';
import { expect, test } from './app';

const models = (page: Page) => page.getByTestId('models');
const row = (page: Page, text: string): Locator =>
  page.getByTestId('installed-model').filter({ hasText: text });

async function act(page: Page, model: Locator, action: string): Promise<void> {
  await model.getByRole('button', { name: /^Actions for/ }).click();
  await page.getByRole('menuitem', { name: action }).click();
}

for (const way of ['key', 'palette', 'menu bar'] as const) {
  test(`all models open by ${way}, and closing gives the focus back`, async ({ app, page }) => {
    await app.start('library');
    await app.composer.focus();
    if (way === 'key') {
      await page.keyboard.press('Control+Shift+M');
    } else if (way === 'palette') {
      await page.keyboard.press('Control+k');
      await page.keyboard.type('all models');
      await page.keyboard.press('Enter');
    } else {
      await app.fake((host) => host.emit({ kind: 'actionChosen', action: 'models' }), null);
    }
    await expect(models(page)).toBeVisible();
    await page.keyboard.press('Escape');
    await expect(models(page)).toHaveCount(0);
    await expect(app.composer).toBeFocused();
  });
}

test('each model says what it is, where from, and where it lies', async ({ app, page }) => {
  await app.start('library');
  await page.keyboard.press('Control+Shift+M');
  const downloaded = row(page, 'microsoft/bitnet-b1.58-2B-4T@04c3b9a');
  await expect(downloaded).toContainText('1.2 GB');
  await expect(downloaded).toContainText('for new chats');
  await expect(downloaded).toContainText('/home/kim/.local/share/tern/models/microsoft');
  await expect(row(page, 'ggml-model-i2_s')).toContainText('used where it lies');
  await expect(row(page, 'bitnet_b1_58-large')).toContainText(
    'does not know the chat format of this model',
  );
  await expect(row(page, 'built in').getByRole('button', { name: /^Actions/ })).toHaveCount(0);
});

test('a model is used in the open chat and in new ones, and the focus stays', async ({
  app,
  page,
}) => {
  await app.start('library');
  await app.open('Meals for a week');
  await page.keyboard.press('Control+Shift+M');
  const guide = row(page, 'built in');
  await guide.getByRole('button', { name: 'Use Guide in this chat and in new ones' }).focus();
  await page.keyboard.press('Enter');
  const used = guide.getByRole('button', { name: 'In use' });
  await expect(used).toBeFocused();
  await expect(used).toHaveAttribute('aria-disabled', 'true');
  expect(await app.calls('selectModel')).toEqual([['guide', 'c-week']]);
  await page.keyboard.press('Escape');
  await expect(page.getByTestId('model-pill')).toContainText('Guide');
});

test('the loaded model can be taken out of memory', async ({ app, page }) => {
  await app.start('library');
  await page.keyboard.press('Control+Shift+M');
  const model = row(page, 'microsoft/bitnet');
  await expect(model).toContainText('ready');
  await act(page, model, 'Take out of memory');
  await expect(model).toContainText('not loaded');
  await model.getByRole('button', { name: /^Actions/ }).click();
  await expect(page.getByRole('menuitem', { name: 'Take out of memory' })).toHaveCount(0);
});

test('verifying shows how far it is, and says that all is well', async ({ app, page }) => {
  await app.start('library', 'manual');
  await page.keyboard.press('Control+Shift+M');
  const model = row(page, 'microsoft/bitnet');
  await act(page, model, 'Verify again');
  await app.advance(1);
  await expect(model.getByRole('progressbar')).toHaveAttribute('aria-valuenow', '42');
  await expect(model).toContainText('Verifying · 42 %');
  await app.advance(10);
  await expect(model).toContainText('Verified: every file is as it was downloaded or copied.');
  await expect(page.getByTestId('live')).toContainText('Verified');
});

test('an altered file is a sentence beside the model', async ({ app, page }) => {
  await app.start('library');
  await app.fake((host) => host.models.altered.add('bitnet-2b4t-04c3'), null);
  await page.keyboard.press('Control+Shift+M');
  const model = row(page, 'microsoft/bitnet');
  await act(page, model, 'Verify again');
  await expect(model.getByTestId('problem-line')).toContainText(
    'model.safetensors of this model is not what it was',
  );
  await model.getByRole('button', { name: 'Dismiss' }).click();
  await expect(model.getByTestId('problem-line')).toHaveCount(0);
});

test('verifying can be ended, without a word about it', async ({ app, page }) => {
  await app.start('library', 'manual');
  await page.keyboard.press('Control+Shift+M');
  const model = row(page, 'microsoft/bitnet');
  await act(page, model, 'Verify again');
  await model.getByRole('button', { name: 'Stop what is being done' }).click();
  await expect(model.getByRole('progressbar')).toHaveCount(0);
  await expect(model.getByTestId('problem-line')).toHaveCount(0);
  await expect(model).not.toContainText('Verified');
});

test('a model without checksums says why it can’t be verified', async ({ app, page }) => {
  await app.start('library');
  await page.keyboard.press('Control+Shift+M');
  await row(page, 'ggml-model-i2_s')
    .getByRole('button', { name: /^Actions/ })
    .click();
  const item = page.getByRole('menuitem', { name: 'Verify again' });
  await expect(item).toHaveAttribute('aria-disabled', 'true');
  await expect(item).toHaveAttribute('title', /neither downloaded nor copied/);
});

test('removing asks first, and says that files are deleted and how many', async ({ app, page }) => {
  await app.start('library');
  await page.keyboard.press('Control+Shift+M');
  const model = row(page, 'microsoft/bitnet');
  await act(page, model, 'Remove…');
  const question = model.getByTestId('remove-question');
  await expect(question).toContainText('Its files are deleted: 1.2 GB become free.');
  // Nothing is deleted by an Enter too many.
  await expect(question.getByRole('button', { name: 'Keep' })).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(question).toHaveCount(0);
  await expect(model.getByRole('button', { name: /^Actions/ })).toBeFocused();
  expect(await app.calls('removeModel')).toEqual([]);
  await act(page, model, 'Remove…');
  await question.getByRole('button', { name: 'Remove', exact: true }).click();
  await expect(model).toHaveCount(0);
  expect(await app.calls('removeModel')).toEqual([['bitnet-2b4t-04c3']]);
  await expect(models(page).getByRole('status').first()).toContainText('is off the list');
  await expect(models(page).getByRole('list', { name: 'On this computer' })).toBeFocused();
});

test('removing a model that is used in place keeps its files', async ({ app, page }) => {
  await app.start('library');
  await page.keyboard.press('Control+Shift+M');
  const model = row(page, 'ggml-model-i2_s');
  await act(page, model, 'Remove…');
  await expect(model.getByTestId('remove-question')).toContainText(
    'Its files stay where they are: /home/kim/models/ggml-model-i2_s.gguf',
  );
});

test('what can’t be removed stays, with the reason', async ({ app, page }) => {
  await app.start('library');
  await app.fake(
    (host, message) => host.refuse('removeModel', { code: 'busy', message }),
    'The model is answering. Stop the answer first.',
  );
  await page.keyboard.press('Control+Shift+M');
  const model = row(page, 'microsoft/bitnet');
  await act(page, model, 'Remove…');
  await model.getByRole('button', { name: 'Remove', exact: true }).click();
  await expect(models(page).getByTestId('problem-line')).toContainText('Stop the answer first.');
  await expect(model).toBeVisible();
});

test('a file is opened in place, or copied with its progress', async ({ app, page }) => {
  await app.start('first-run', 'manual');
  await page.keyboard.press('Control+Shift+M');
  await models(page).getByRole('radio', { name: 'Copy' }).focus();
  await page.keyboard.press('Space');
  await expect(models(page)).toContainText('with checksums to verify it against later');
  await models(page).getByRole('button', { name: 'Open model file…' }).click();
  const model = row(page, 'BitNet b1.58 2B4T');
  await expect(model).toContainText('Copying into Tern’s folder · 0 %');
  await expect(model.getByRole('button', { name: /^Use/ })).toHaveCount(0);
  await app.advance(100);
  await expect(model.getByRole('button', { name: 'In use' })).toBeVisible();
  expect(await app.calls('importModel')).toEqual([['file', true]]);
});

test('a copy that was stopped leaves nothing behind and nothing to read', async ({ app, page }) => {
  await app.start('chats', 'manual');
  await page.keyboard.press('Control+Shift+M');
  const before = await page.getByTestId('installed-model').count();
  await models(page).getByRole('radio', { name: 'Copy' }).press('Space');
  await models(page).getByRole('button', { name: 'Open model file…' }).click();
  await expect(page.getByTestId('installed-model')).toHaveCount(before + 1);
  const copied = page.getByTestId('installed-model').last();
  await expect(copied).toContainText('Copying into Tern’s folder');
  await expect(copied.getByRole('button', { name: /^Actions/ })).toHaveCount(0);
  await copied.getByRole('button', { name: /^Stop/ }).click();
  await expect(page.getByTestId('installed-model')).toHaveCount(before);
  await expect(models(page).getByTestId('problem-line')).toHaveCount(0);
});

test('what could not be opened is said beside the buttons, once', async ({ app, page }) => {
  await app.start('first-run');
  await page.keyboard.press('Control+Shift+M');
  await models(page).getByRole('button', { name: 'Open model folder…' }).click();
  await expect(models(page).getByTestId('problem-line')).toContainText('no config.json');
  await expect(models(page).getByTestId('problem-line')).toHaveCount(1);
});

for (const [answer, copy] of [
  ['Use in place', false],
  ['Copy into Tern’s folder', true],
] as const) {
  test(`a model that was dropped: ${answer}`, async ({ app, page }) => {
    await app.start('chats');
    await app.open('Meals for a week');
    const path = '/home/kim/Downloads/Falcon3.gguf';
    await app.fake(
      (host, at) => host.emit({ kind: 'modelDropped', path: at, name: 'Falcon3.gguf' }),
      path,
    );
    await expect(page.getByTestId('dropped-model')).toContainText(path);
    await page.getByRole('button', { name: answer }).click();
    await expect(page.getByTestId('dropped-model')).toHaveCount(0);
    await expect(page.getByTestId('model-pill')).toContainText('Falcon3');
    expect(await app.calls('importDropped')).toEqual([[path, copy]]);
    expect((await app.calls('selectModel')).at(-1)).toEqual(['dropped-Falcon3', 'c-week']);
  });
}

test('dropped models are asked about one after the other; Escape passes one over', async ({
  app,
  page,
}) => {
  await app.start('chats');
  await app.fake((host) => {
    host.emit({ kind: 'modelDropped', path: '/a.gguf', name: 'a.gguf' });
    host.emit({ kind: 'modelDropped', path: '/b.gguf', name: 'b.gguf' });
  }, null);
  const dialog = page.getByTestId('dropped-model');
  await expect(dialog).toContainText('a.gguf');
  await expect(page.getByRole('button', { name: 'Use in place' })).toBeFocused();
  await page.keyboard.press('Escape');
  await expect(dialog).toContainText('b.gguf');
  await app.fake(
    (host, message) => host.refuse('importDropped', { code: 'model', message }),
    'b.gguf is not a model.',
  );
  await page.keyboard.press('Enter');
  await expect(dialog).toHaveCount(0);
  await expect(page.getByTestId('problem-line')).toContainText('b.gguf is not a model.');
});

test('another folder: asked whether the models come along', async ({ app, page }) => {
  await app.start('library');
  await page.keyboard.press('Control+Shift+M');
  const folder = page.getByTestId('models-folder');
  await expect(folder).toContainText('Models take up 1.2 GB; 212 GB are free.');
  await folder.getByRole('button', { name: 'Change…' }).click();
  await expect(folder).toContainText('1.2 GB would be moved.');
  await folder.getByRole('button', { name: 'Move them' }).click();
  await expect(folder).toContainText('/mnt/large/models');
  expect(await app.calls('chooseModelsFolder')).toEqual([[true]]);
});

test('where nothing of Tern’s is in the folder, nothing is asked', async ({ app, page }) => {
  await app.start('first-run');
  await page.keyboard.press('Control+Shift+M');
  const folder = page.getByTestId('models-folder');
  await app.fake(
    (host, message) => host.refuse('chooseModelsFolder', { code: 'storage', message }),
    'Tern can’t write there.',
  );
  await folder.getByRole('button', { name: 'Change…' }).click();
  await expect(folder).toContainText('The folder is still the old one. Tern can’t write there.');
  await folder.getByRole('button', { name: 'Change…' }).click();
  await expect(folder).toContainText('/mnt/large/models');
  expect(await app.calls('chooseModelsFolder')).toEqual([[false], [false]]);
});

test('measuring says what it found, and what models would do here', async ({ app, page }) => {
  await app.start('library');
  await app.fake((host) => host.delay('runBenchmark', 300), null);
  await page.keyboard.press('Control+Shift+M');
  const measure = page.getByTestId('measure');
  await measure.getByRole('button').click();
  await expect(measure.getByRole('status')).toHaveText('Measuring…');
  await expect(measure.getByRole('status')).toHaveText(
    'Memory is read at 28 GB a second: about 24 tokens a second with the recommended model, on 4 threads.',
  );
  await expect(page.getByTestId('catalogue-card').first()).toContainText(
    'about 24 tokens a second',
  );
});
