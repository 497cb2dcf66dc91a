import { expect, test } from './app';
import { paste } from './paste';

const LONG = 'Terns are slender seabirds, related to gulls. '.repeat(500);
const bytesOf = (text: string) => [...Buffer.from(text)];

test('files are attached, counted, read, sent along, and read again', async ({ app, page }) => {
  await app.start('chats');
  await app.open('Meals for a week');
  await page.getByRole('button', { name: 'Attach files' }).press('Enter');
  const chips = page.getByTestId('attachment');
  await expect(chips).toHaveText([
    /^\s*field-notes\.md\s*3 kB · \d{3} tokens\s*$/,
    /^\s*counts\.csv\s*38 B · \d\d tokens\s*$/,
  ]);
  await expect(page.getByTestId('problem-line')).toContainText('colony.jpg is not attached');
  await expect(app.composer).toBeFocused();

  await chips
    .last()
    .getByRole('button', { name: /^counts\.csv/ })
    .press('Enter');
  await expect(page.getByRole('dialog', { name: 'counts.csv' })).toContainText('2024,398');
  await page.keyboard.press('Escape');

  // A message may be files alone.
  await app.composer.press('Enter');
  await expect(app.questions.last().getByTestId('attachment')).toHaveCount(2);
  await app.answered();
  expect(await app.calls('sendMessage')).toMatchObject([
    [
      'c-week',
      { text: '', attachments: [{ name: 'field-notes.md' }, { name: 'counts.csv' }] },
      false,
      null,
    ],
  ]);
  await expect(app.questions.last().getByTestId('attachment')).toHaveCount(2);
  await expect(page.getByTestId('problem-line')).toHaveCount(0);
  await app.questions
    .last()
    .getByRole('button', { name: /^field-notes\.md/ })
    .click();
  await expect(page.getByTestId('attachment-text')).toContainText('# Field notes, 14 June');
});

test('files are taken away by button and by key, and the focus stays near', async ({
  app,
  page,
}) => {
  await app.start('chats');
  await page.getByTestId('attach').click();
  const chips = page.getByTestId('attachment');
  await expect(chips).toHaveCount(2);
  await page.getByRole('button', { name: 'Remove field-notes.md' }).click();
  await expect(page.getByTestId('live')).toHaveText('field-notes.md is not attached any more.');
  await expect(chips.getByRole('button', { name: /^counts\.csv/ })).toBeFocused();
  await page.keyboard.press('Delete');
  await expect(chips).toHaveCount(0);
  await expect(app.composer).toBeFocused();
  await expect(page.getByTestId('send')).toBeDisabled();
});

test('dropped files are announced while they are held, and attached to the open chat', async ({
  app,
  page,
}) => {
  await app.start('chats');
  await app.open('Meals for a week');
  await app.fake((host) => host.emit({ kind: 'filesHeld', over: true }), null);
  await expect(page.getByTestId('drop-overlay')).toHaveText(/Drop files to attach/);
  await app.fake((host) => host.emit({ kind: 'filesHeld', over: false }), null);
  await expect(page.getByTestId('drop-overlay')).toHaveCount(0);
  await app.fake((host) => {
    host.emit({ kind: 'filesHeld', over: true });
    const files = Array.from({ length: 21 }, (_, i) => ({
      name: `page-${i + 1}.txt`,
      text: `Page ${i + 1}`,
      problem: null,
    }));
    host.emit({ kind: 'filesDropped', files });
  }, null);
  await expect(page.getByTestId('drop-overlay')).toHaveCount(0);
  await expect(page.getByTestId('attachment')).toHaveCount(20);
  await expect(page.getByTestId('problem-line')).toHaveText(
    'page-21.txt is not attached: 20 files are the most a message can take.',
  );
  await page.getByTestId('problem-line').getByRole('button', { name: 'Dismiss' }).click();
  await expect(page.getByTestId('problem-line')).toHaveCount(0);
  await app.open('What is Tern?');
  await expect(page.getByTestId('attachment')).toHaveCount(0);
});

test('pasted files are attached when they are text, and refused with a sentence', async ({
  app,
  page,
}) => {
  await app.start('ready');
  await paste(app, '', [
    { name: 'grüße.txt', bytes: bytesOf('Grüße, 世界') },
    { name: 'image.png', bytes: [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0, 0] },
  ]);
  await expect(page.getByTestId('attachment')).toHaveText(/grüße\.txt/);
  await expect(page.getByTestId('problem-line')).toContainText(
    'image.png is not attached: it is not a text file.',
  );
  // Programs that copy a picture beside the text mean the text.
  await paste(app, 'a table', [{ name: 'image.png', bytes: [0x89, 0x50] }]);
  await expect(app.composer).toHaveValue('a table');
  await expect(page.getByTestId('attachment')).toHaveCount(1);
});

test('a very long text that is pasted becomes a file, or stays text if one likes', async ({
  app,
  page,
}) => {
  await app.start('ready');
  await app.composer.fill('Sum this up: ');
  await paste(app, LONG);
  await expect(page.getByTestId('attachment')).toHaveText(/Pasted text\s*23 kB/);
  await expect(app.composer).toHaveValue('Sum this up: ');
  await page.getByRole('button', { name: 'Keep it as text' }).press('Enter');
  await expect(app.composer).toBeFocused();
  await expect(app.composer).toHaveValue(`Sum this up: ${LONG}`);
  await expect(page.getByTestId('attachment')).toHaveCount(0);
});

test('a pasted text too large for a file stays in the box', async ({ app, page }) => {
  await app.start('ready');
  await paste(app, 'x'.repeat(2_000_001));
  await expect(page.getByTestId('attachment')).toHaveCount(0);
  expect(await app.composer.evaluate((area: HTMLTextAreaElement) => area.value.length)).toBe(
    2_000_001,
  );
});

test('a file of megabytes opens at once', async ({ app, page }) => {
  await app.start('ready');
  await app.fake((host) => {
    const text = 'All work and no play makes a long file.\n'.repeat(45_000);
    host.emit({ kind: 'filesDropped', files: [{ name: 'long.log', text, problem: null }] });
  }, null);
  const started = Date.now();
  await page.getByTestId('attachment').getByRole('button').first().click();
  await expect(page.getByTestId('attachment-text')).toBeVisible();
  // Generous: a slow test machine, not a promise.
  expect(Date.now() - started).toBeLessThan(5000);
  await expect(page.getByRole('button', { name: 'Show all 1.8 MB' })).toBeVisible();
});
