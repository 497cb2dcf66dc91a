import { expect, test } from './app';

test('a data folder that can’t be opened is explained, and Retry opens it', async ({
  app,
  page,
}) => {
  await app.start('problem');
  await expect(page.getByTestId('problem')).toContainText(
    'Make sure that you can write to this folder',
  );
  await expect(page.getByTestId('problem')).toContainText('/home/kim/.local/share/tern');
  await page.getByTestId('retry').click();
  await expect(app.rows).toHaveCount(9);
});

test('Retry that fails again leaves the message there', async ({ app, page }) => {
  await app.start('problem-stays');
  await page.getByTestId('retry').click();
  await expect.poll(async () => (await app.calls('startup')).length).toBe(2);
  await expect(page.getByTestId('retry')).toBeEnabled();
  await expect(page.getByTestId('problem')).toBeVisible();
});

test('a slow start says what it waits for', async ({ app, page }) => {
  await app.start('slow');
  await expect(page.getByText('Opening your chats…')).toBeVisible();
  await expect(app.rows).toHaveCount(9);
});

test('a problem out of the blue is shown and can be put away', async ({ app, page }) => {
  await app.start('chats');
  await expect(app.rows.first()).toBeVisible();
  await app.fake(
    (host, message) =>
      host.emit({
        kind: 'problemOccurred',
        problem: { code: 'storage', detail: { kind: 'unworded', text: message }, message },
      }),
    'The disk is full: the answer is only in memory. Make room.',
  );
  await expect(page.getByTestId('problem-line')).toContainText('The disk is full');
  await page.getByRole('button', { name: 'Dismiss' }).click();
  await expect(page.getByTestId('problem-line')).toHaveCount(0);
});
