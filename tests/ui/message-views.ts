/** Messages as they look while something is done with them. */
import { expect } from './app';
import { choose, edit } from './messages';
import type { View } from './view';

export const messageViews: View[] = [
  {
    name: 'versions',
    scenario: 'chats',
    show: async (app, page, t) => {
      await app.open('Prime sieve in Python');
      await edit(app, app.questions.first(), 'And which birds are gulls related to?', t);
      await app.answered();
      await app.answers.last().getByRole('button', { name: t.message.regenerate }).click();
      await app.answered();
      await expect(page.getByTestId('version')).toHaveCount(2);
    },
  },
  {
    name: 'editing-question',
    scenario: 'chats',
    show: async (app, page, t) => {
      await app.open('Prime sieve in Python');
      await app.questions.last().getByRole('button', { name: t.message.edit }).click();
      await page.keyboard.type(' Keep it short.');
    },
  },
  {
    name: 'editing-answer',
    scenario: 'chats',
    show: async (app, page, t) => {
      await app.open('Comparing weight formats');
      await app.answers.last().getByRole('button', { name: t.message.edit }).click();
      await expect(page.getByTestId('message-editor')).toBeVisible();
    },
  },
  {
    name: 'message-menu',
    scenario: 'chats',
    show: async (app, page, t) => {
      await app.open('Comparing weight formats');
      await app.answers.last().getByRole('button', { name: t.message.more }).click();
      await page.keyboard.press('ArrowDown');
    },
  },
  {
    name: 'message-deleted',
    scenario: 'chats',
    show: async (app, page, t) => {
      await app.open('Prime sieve in Python');
      await choose(app, app.answers.first(), t.message.delete, t);
      await page.getByTestId('undo-bar').hover();
    },
  },
  {
    name: 'pinned-and-edited',
    scenario: 'chats',
    show: async (app, page, t) => {
      await app.open('Where do Arctic terns spend the winter?');
      await choose(app, app.questions.last(), t.message.pin, t);
      await choose(app, app.answers.last(), t.message.pin, t);
      const text = 'They fly to the **Antarctic**, where it is summer then.';
      await edit(app, app.answers.last(), text, t);
      await page.getByText(t.message.edited).hover();
    },
  },
  {
    name: 'narrow-versions',
    scenario: 'chats',
    size: { width: 480, height: 720 },
    show: async (app, page, t) => {
      await page.getByRole('button', { name: t.sidebar.show }).click();
      await app.open('Where do Arctic terns spend the winter?');
      await app.answers.last().getByRole('button', { name: t.message.regenerate }).click();
      await app.answered();
      await choose(app, app.answers.last(), t.message.pin, t);
      await edit(app, app.answers.last(), 'To the **Antarctic**.', t);
    },
  },
  {
    name: 'message-focused',
    scenario: 'chats',
    show: async (app, page) => {
      await app.open('Where do Arctic terns spend the winter?');
      await page.keyboard.press('Alt+Shift+ArrowUp');
      await page.keyboard.press('Alt+Shift+ArrowUp');
    },
  },
  {
    name: 'continuing',
    scenario: 'ready',
    pace: 'manual',
    show: async (app, page) => {
      await app.send('A long one, please.');
      await app.step(60);
      await page.getByTestId('stop').click();
      await expect(page.getByTestId('continue-answer')).toBeVisible();
    },
  },
];
