/** Every view in light and dark: axe finds nothing, and a picture is made. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { Page } from '@playwright/test';
import type * as Axe from 'axe-core';
import { de } from '../../ui/src/lib/strings/de';
import { en } from '../../ui/src/lib/strings/en';
import { SETTINGS_SECTIONS } from '../../ui/src/lib/state/shell.svelte';
import type { Strings } from '../../ui/src/lib/strings/language.svelte';
import { expect, test, type Window } from './app';
import { composerViews } from './composer-views';
import { FORMULAS } from './formulas';
import { messageViews } from './message-views';
import { modelViews } from './model-views';
import type { View } from './view';

const axeSource = readFileSync(
  createRequire(import.meta.url).resolve('axe-core/axe.min.js'),
  'utf8',
);
/** Kept pictures change only on purpose: `TERN_WRITE_SCREENS=1 npm run ui:browser`. */
const folder = process.env.TERN_WRITE_SCREENS ? './screens/' : './results/screens/';
const screens = fileURLToPath(new URL(folder, import.meta.url));

const views: View[] = [
  ...messageViews,
  { name: 'first-run', scenario: 'first-run' },
  { name: 'ready', scenario: 'ready' },
  {
    name: 'chat',
    scenario: 'chats',
    show: (app) => app.open('Prime sieve in Python'),
  },
  {
    name: 'table-and-link',
    scenario: 'chats',
    show: async (app) => {
      await app.open('Comparing weight formats');
      await app.row('Comparing weight formats').hover();
    },
  },
  {
    name: 'loading-model',
    scenario: 'cold',
    pace: 'manual',
    show: async (app) => {
      await app.send('Which birds are terns related to?');
      await app.step(8);
    },
  },
  {
    name: 'reading',
    scenario: 'ready',
    pace: 'manual',
    show: async (app) => {
      await app.send(`Sum this up in two sentences. ${'Terns are slender seabirds. '.repeat(110)}`);
      await app.step(3);
      await expect(app.page.getByTestId('phase')).toContainText(/\d/);
    },
  },
  {
    name: 'writing',
    scenario: 'busy',
    pace: 'manual',
    show: async (app) => {
      await app.open('Prime sieve in Python');
      await app.step(140);
    },
  },
  {
    name: 'scrolled-up',
    scenario: 'busy',
    pace: 'manual',
    show: async (app, page, t) => {
      await app.open('Prime sieve in Python');
      await app.step(300);
      await page.getByTestId('transcript').hover();
      await page.mouse.wheel(0, -700);
      await app.step(20);
      await expect(page.getByTestId('to-end')).toHaveText(t.transcript.newText);
    },
  },
  {
    name: 'endings',
    scenario: 'states',
    show: (app) => app.open('How answers can end'),
  },
  {
    name: 'not-sent',
    scenario: 'chats',
    show: async (app, page) => {
      await app.open('What is Tern?');
      await app.fake(
        (host, path) =>
          host.refuse('sendMessage', {
            code: 'storage',
            detail: { kind: 'diskFull', path },
            message: 'The disk is full.',
          }),
        '/home/kim/.local/share/tern/history.db',
      );
      await app.send('And how does it keep my chats?');
      await expect(page.getByTestId('problem-line')).toBeVisible();
    },
  },
  ...composerViews,
  ...modelViews,
  {
    name: 'row-menu',
    scenario: 'chats',
    show: async (app, page) => {
      await app.open('Comparing weight formats');
      await app.row('Meals').getByRole('button').first().click({ button: 'right' });
      await expect(page.getByRole('menu')).toBeVisible();
    },
  },
  {
    name: 'renaming',
    scenario: 'chats',
    show: async (app, page) => {
      await app.open('Comparing weight formats');
      await page.getByRole('heading', { level: 1 }).getByRole('button').click();
    },
  },
  {
    name: 'undo',
    scenario: 'chats',
    show: async (app, page, t) => {
      await app.open('Prime sieve in Python');
      await app.row('Meals').getByRole('button').first().click({ button: 'right' });
      await page.getByRole('menuitem', { name: t.sidebar.delete }).click();
      await page.getByTestId('undo-bar').hover();
    },
  },
  {
    name: 'sorted',
    scenario: 'sorted',
    show: async (app, page) => {
      await app.open('A present for Kim');
      await app.row('Meals').hover();
      await expect(page.getByTestId('temporary')).toBeVisible();
    },
  },
  {
    name: 'unread',
    scenario: 'busy',
    pace: 'manual',
    show: async (app, page) => {
      await app.open('What is Tern?');
      await app.step(2000);
      await expect(page.getByTestId('unread')).toHaveCount(2);
    },
  },
  {
    name: 'selecting',
    scenario: 'sorted',
    show: async (app, page) => {
      await app.open('Comparing weight formats');
      await app
        .row('Meals')
        .getByRole('button')
        .first()
        .click({ modifiers: ['Control'] });
      await app
        .row('Where do')
        .getByRole('checkbox')
        .click({ modifiers: ['Shift'] });
      await expect(page.getByTestId('selection-bar')).toBeVisible();
    },
  },
  {
    name: 'archived',
    scenario: 'sorted',
    show: async (app, page, t) => {
      await page.getByRole('button', { name: t.sidebar.archived }).click();
      await app.open('What is Tern?');
    },
  },
  {
    name: 'temporary',
    scenario: 'ready',
    show: async (_app, page, t) => {
      await page.getByRole('button', { name: t.header.temporary }).click();
      await page.mouse.move(700, 700);
    },
  },
  {
    name: 'search',
    scenario: 'chats',
    show: async (app, page, t) => {
      await app.open('Comparing weight formats');
      await page.keyboard.press('Control+k');
      await page.getByTestId('palette-input').fill('terns');
      await expect(page.getByRole('group', { name: t.palette.messages })).toBeVisible();
    },
  },
  {
    name: 'models',
    scenario: 'models',
    show: async (app, page) => {
      await app.open('Comparing weight formats');
      await page.getByTestId('model-pill').click();
    },
  },
  {
    name: 'offline',
    scenario: 'chats',
    show: async (app, page, t) => {
      await app.open('Comparing weight formats');
      await page.getByRole('button', { name: t.connections.none }).click();
    },
  },
  ...SETTINGS_SECTIONS.map((section): View => ({
    name: `settings-${section}`,
    scenario: 'options',
    show: async (app, page, t) => {
      await app.open('Comparing weight formats');
      await page.keyboard.press('Control+,');
      await page.getByRole('tab', { name: t.settings.sections[section] }).click();
    },
  })),
  {
    name: 'settings-advanced',
    scenario: 'options',
    show: async (_app, page, t) => {
      await page.keyboard.press('Control+,');
      await page.getByRole('tab', { name: t.settings.sections.generation }).click();
      await page.getByText(t.settings.advanced, { exact: true }).click();
      await page.getByLabel(t.settings.topP).scrollIntoViewIfNeeded();
    },
  },
  {
    name: 'settings-export-all',
    scenario: 'options',
    show: async (app, page, t) => {
      await app.open('Comparing weight formats');
      await page.keyboard.press('Control+,');
      await page.getByRole('tab', { name: t.settings.sections.storage }).click();
      await page.getByRole('button', { name: t.storage.backUp }).click();
      await page.getByRole('button', { name: t.storage.exportJson }).click();
      await page.getByTestId('settings').getByTestId('exported').waitFor();
    },
  },
  {
    name: 'exported',
    scenario: 'chats',
    show: async (app, page, t) => {
      await app.open('Comparing weight formats');
      await app.row('Meals').getByRole('button').first().click({ button: 'right' });
      await page.getByRole('menuitem', { name: t.exports.markdown }).click();
      await page.getByTestId('exported').waitFor();
    },
  },
  {
    name: 'connection-log',
    scenario: 'chats',
    show: async (app, page, t) => {
      await app.open('Comparing weight formats');
      await app.fake((host) => {
        host.connections.add('link', 'https://arxiv.org/abs/2402.17764');
        host.connections.add('connection', '203.0.113.7:443');
      }, null);
      await page.keyboard.press('Control+,');
      await page.getByRole('tab', { name: t.settings.sections.network }).click();
      await page.getByText('203.0.113.7:443').waitFor();
    },
  },
  {
    name: 'chat-options',
    scenario: 'options',
    show: async (app, page) => {
      await app.open('Prime sieve in Python');
      await page.getByTestId('chat-options-button').click();
    },
  },
  {
    name: 'chat-options-sampling',
    scenario: 'options',
    show: async (app, page, t) => {
      await app.open('Meals for a week');
      await page.getByTestId('chat-options-button').click();
      await page.getByRole('radio', { name: t.chatOptions.own }).click();
    },
  },
  {
    name: 'stats',
    scenario: 'options',
    show: async (app, page) => {
      await app.open('Prime sieve in Python');
      await page.getByTestId('stats').last().click();
    },
  },
  {
    name: 'model-prompt',
    scenario: 'options',
    show: async (app, page, t) => {
      await app.open('Prime sieve in Python');
      await page.getByTestId('stats').last().click();
      await page.getByRole('button', { name: t.stats.showPrompt }).click();
      await page.getByTestId('model-prompt-text').waitFor();
    },
  },
  {
    name: 'cut-line',
    scenario: 'cut',
    show: async (app, page) => {
      await app.open('A trip to the Wadden Sea');
      await page
        .getByTestId('cut-line')
        .evaluate((line) => line.scrollIntoView({ block: 'center' }));
    },
  },
  ...[80, 150].map((size): View => ({
    name: `text-${size}`,
    scenario: 'options',
    show: async (app, page) => {
      await app.open('Prime sieve in Python');
      const keys = size > 100 ? 'Control++' : 'Control+-';
      for (let i = 0; i < 3; i += 1) await page.keyboard.press(keys);
    },
  })),
  {
    name: 'text-150-settings-narrow',
    scenario: 'options',
    size: { width: 480, height: 400 },
    show: async (_app, page) => {
      for (let i = 0; i < 3; i += 1) await page.keyboard.press('Control++');
      await page.keyboard.press('Control+,');
    },
  },
  {
    name: 'keyboard',
    scenario: 'chats',
    show: async (app, page) => {
      await app.open('Comparing weight formats');
      await page.keyboard.press('Control+/');
    },
  },
  {
    name: 'palette',
    scenario: 'models',
    show: async (app, page) => {
      await app.open('Comparing weight formats');
      await page.keyboard.press('Control+k');
      await expect(page.getByTestId('palette')).toBeVisible();
    },
  },
  {
    name: 'palette-found',
    scenario: 'chats',
    show: async (app, page) => {
      for (const title of ['Ternary arithmetic by hand', 'Crème brûlée for lantern night']) {
        await app.fake((host, name) => host.put(name, 'How?', 'Slowly.'), title);
      }
      await app.open('Comparing weight formats');
      await page.keyboard.press('Control+k');
      await page.getByTestId('palette-input').fill('te');
      await page.keyboard.press('ArrowDown');
    },
  },
  {
    name: 'palette-more',
    scenario: 'chats',
    size: { width: 480, height: 720 },
    show: async (app, page) => {
      await app.fake((host, many) => {
        for (let i = 1; i <= many; i += 1) host.put(`Draft number ${i} of the letter`, '?', '!');
      }, 120);
      await page.keyboard.press('Control+k');
      await page.getByTestId('palette-input').fill('letter');
      await expect(page.getByTestId('palette-more')).toBeVisible();
    },
  },
  {
    name: 'palette-nothing',
    scenario: 'chats',
    show: async (_app, page) => {
      await page.keyboard.press('Control+k');
      await page.getByTestId('palette-input').fill('albatross');
    },
  },
  {
    name: 'link',
    scenario: 'chats',
    show: async (app, page) => {
      await app.open('Comparing weight formats');
      await page.getByRole('link', { name: 'BitNet paper' }).click();
    },
  },
  {
    name: 'find',
    scenario: 'chats',
    show: async (app, page) => {
      await app.open('Prime sieve in Python');
      await page.keyboard.press('Control+f');
      await page.keyboard.insertText('for');
      await page.keyboard.press('Enter');
      await expect(page.getByTestId('find-words')).toHaveText(/\d/);
    },
  },
  {
    name: 'formulas',
    scenario: 'ready',
    show: async (app, page) => {
      await app.fake(
        (host, [question, answer]) => host.put('Quadratic equations', question, answer),
        ['How do I solve a quadratic equation?', FORMULAS] as const,
      );
      await app.open('Quadratic equations');
      await expect(page.locator('math')).toHaveCount(6);
    },
  },
  { name: 'startup-problem', scenario: 'problem-stays' },
  {
    name: 'slow-start',
    scenario: 'slow',
    show: (_app, page, t) => page.getByText(t.app.starting).waitFor(),
  },
  {
    name: 'narrow',
    scenario: 'chats',
    size: { width: 480, height: 720 },
    show: async (app, page, t) => {
      await page.getByRole('button', { name: t.sidebar.show }).click();
      await app.open('Prime sieve in Python');
    },
  },
  {
    name: 'narrow-sidebar',
    scenario: 'chats',
    size: { width: 480, height: 720 },
    show: (_app, page, t) => page.getByRole('button', { name: t.sidebar.show }).click(),
  },
];

/** Words of the window that don't fit: cut off where they may not be, or outside of the window. */
function cutWords(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const cut: string[] = [];
    for (const element of document.querySelectorAll<HTMLElement>('#app *')) {
      const own = [...element.childNodes].some(
        (node) => node instanceof Text && /\S/.test(node.data),
      );
      const { overflowX, textOverflow } = getComputedStyle(element);
      // Titles and names end in an ellipsis, wide code scrolls, words for screen readers have no size.
      if (!own || textOverflow === 'ellipsis') continue;
      if (element.closest('.markdown, .visually-hidden')) continue;
      const { left, right, width } = element.getBoundingClientRect();
      const spills = element.scrollWidth > element.clientWidth + 1 && overflowX !== 'auto';
      const isBox = getComputedStyle(element).display !== 'inline';
      if (width > 0 && ((isBox && spills) || left < 0 || right > innerWidth)) {
        cut.push(element.textContent.trim());
      }
    }
    return cut;
  });
}

/** What axe finds in the view, as short lines. */
async function violations(page: Page): Promise<string[]> {
  // Through the debugger: the page's own policy lets no foreign script in.
  await page.evaluate(axeSource);
  return page.evaluate(async () => {
    const axe = (window as unknown as { axe: typeof Axe }).axe;
    const { violations, passes } = await axe.run(document);
    // A run that measures no colours proves nothing about them.
    if (!passes.some(({ id }) => id === 'color-contrast')) return ['no contrast was measured'];
    return violations.flatMap(({ id, nodes }) =>
      nodes.map((node) => `${id}: ${node.html} (${node.failureSummary})`),
    );
  });
}

/** Opens a view and keeps a picture of it. */
async function picture(app: Window, view: View, t: Strings, file: string): Promise<void> {
  const { page } = app;
  if (view.size) await page.setViewportSize(view.size);
  await app.start(view.scenario, view.pace ?? 'instant');
  if (view.scenario.startsWith('problem')) await page.getByTestId('problem').waitFor();
  await view.show?.(app, page, t);
  // Debian's system font is DejaVu; where Inter is installed, pictures look as on a desktop.
  await page.addStyleTag({ content: `:root { --font: Inter, system-ui, sans-serif }` });
  await page.screenshot({ path: `${screens}${file}.png`, caret: 'hide' });
}

for (const scheme of ['light', 'dark'] as const) {
  for (const view of views) {
    test(`${view.name}, ${scheme}`, async ({ app, page }) => {
      await page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' });
      await picture(app, view, en, `${view.name}-${scheme}`);
      expect(await violations(page)).toEqual([]);
    });
  }
}

test.describe('in German', () => {
  test.use({ locale: 'de-DE' });

  for (const view of views) {
    test(`${view.name} has room for its words`, async ({ app, page }) => {
      await page.emulateMedia({ reducedMotion: 'reduce' });
      await picture(app, view, de, `${view.name}-german`);
      expect(await cutWords(page)).toEqual([]);
    });
  }
});
