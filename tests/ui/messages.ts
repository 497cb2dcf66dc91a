/** What a person does with messages, for the tests that need it done. */
import { expect, type Locator } from '@playwright/test';
import { en } from '../../ui/src/lib/strings/en';
import type { FakeHost } from '../../ui/src/lib/ipc/fake';
import type { Window } from './app';

/** Chooses something from the menu of a message. */
export async function choose(
  { page }: Window,
  message: Locator,
  name: string,
  t = en,
): Promise<void> {
  await message.hover();
  await message.getByRole('button', { name: t.message.more }).click();
  await page.getByRole('menuitem', { name, exact: true }).click();
}

/** Gives a message another text: a question is sent anew, an answer is saved. */
export async function edit(
  { page }: Window,
  message: Locator,
  text: string,
  t = en,
): Promise<void> {
  await message.hover();
  await message.getByRole('button', { name: t.message.edit, exact: true }).click();
  await page.getByLabel(t.message.editLabel).fill(text);
  await page.keyboard.press('Control+Enter');
  await expect(page.getByTestId('message-editor')).toHaveCount(0);
}

/** The next call of a command finds the disk full. */
export async function full(app: Window, command: Parameters<FakeHost['refuse']>[0]): Promise<void> {
  await app.fake((host, name) => {
    host.refuse(name, { code: 'storage', message: 'The disk is full.' });
  }, command);
}
