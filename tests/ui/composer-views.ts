/** The message box and what is around it, for looks.spec.ts. */
import { expect } from './app';
import type { View } from './view';
import { paste } from './paste';

export const composerViews: View[] = [
  {
    name: 'attachments',
    scenario: 'chats',
    show: async (app, page, t) => {
      await app.open('Meals for a week');
      await page.getByTestId('attach').click();
      await expect(page.getByTestId('attachment')).toHaveCount(2);
      await app.composer.fill('How did the colony do?');
      await app.composer.press('Enter');
      await page.getByTestId('attach').click();
      await paste(app, 'The colony on the spit was restless from six o’clock. '.repeat(500));
      await app.composer.fill('And compared with the year before?');
      await expect(page.getByText(t.attachments.wasLong)).toBeVisible();
      await expect(page.getByTestId('attachment').last()).toContainText('·');
    },
  },
  {
    name: 'attachment-read',
    scenario: 'chats',
    show: async (app, page) => {
      await app.open('Meals for a week');
      await page.getByTestId('attach').click();
      await page.getByTestId('attachment').first().getByRole('button').first().click();
      await expect(page.getByTestId('attachment-text')).toBeVisible();
    },
  },
  {
    name: 'drop',
    scenario: 'chats',
    show: async (app, page) => {
      await app.open('Prime sieve in Python');
      await app.fake((host) => host.emit({ kind: 'filesHeld', over: true }), null);
      await expect(page.getByTestId('drop-overlay')).toBeVisible();
    },
  },
  {
    name: 'queue',
    scenario: 'busy',
    pace: 'manual',
    show: async (app) => {
      await app.open('Prime sieve in Python');
      await app.step(60);
      await app.send('And how is the next token chosen?');
      await app.send(
        'Then write a short summary for someone who has never heard of language models, in plain words and without a single formula, so that it could stand in a school newspaper next to the crossword and the weather.',
      );
      await app.composer.fill('One more thing: ');
    },
  },
  {
    name: 'queue-stands',
    scenario: 'busy',
    pace: 'manual',
    show: async (app, page) => {
      await app.open('Prime sieve in Python');
      await app.step(20);
      await app.send('And how is the next token chosen?');
      await app.composer.press('Escape');
      await expect(page.getByTestId('queue-go-on')).toBeVisible();
    },
  },
  ...(
    [
      ['context', 40, 'fits'],
      ['context-nearly-full', 11_600, 'nearlyFull'],
      ['context-leaves-out', 13_000, 'leavesOut'],
      ['context-too-long', 15_000, 'tooLong'],
    ] as const
  ).map(([name, length, fit]): View => ({
    name,
    scenario: 'chats',
    show: async (app, page, t) => {
      await app.open('Prime sieve in Python');
      await app.composer.fill(
        'Terns are slender seabirds, they said. '.repeat(400).slice(0, length),
      );
      await app.composer.press('Tab');
      await expect(page.getByTestId('context-figures')).toContainText(t.context[fit]);
    },
  })),
  {
    name: 'context-unknown',
    scenario: 'chats',
    show: async (app, page) => {
      await app.fake((host) => {
        host.refuse('contextUse', {
          code: 'model',
          detail: {
            kind: 'modelMissing',
            name: 'BitNet b1.58 2B4T',
            path: '/home/kim/models/ggml-model-i2_s.gguf',
          },
          message: 'The model’s file is missing.',
        });
      }, null);
      await app.open('Prime sieve in Python');
      await page.getByTestId('context-ring').hover();
      await expect(page.getByTestId('context-figures')).toContainText('BitNet b1.58 2B4T');
    },
  },
];
