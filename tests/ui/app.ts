/**
 * The UI with the fake host, served from disk without a server, under the real window's content
 * security policy. Every test fails on a request that leaves, a page error or a console error.
 */
import { existsSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test as base, expect, type Locator, type Page } from '@playwright/test';
import type { FakeHost } from '../../ui/src/lib/ipc/fake';

const here = fileURLToPath(new URL('.', import.meta.url));
/** The build of the UI with the fake host inside. */
export const fakeBuild = join(here, 'results', 'fake');
/** The build that goes into the app. */
export const appBuild = join(here, 'results', 'app');

const tauri = JSON.parse(readFileSync(join(here, '../../src-tauri/tauri.conf.json'), 'utf8'));
const policy: string = tauri.app.security.csp;

const types: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** Time on every screen: a Friday morning in winter time. */
export const NOW = new Date('2026-11-20T10:12:00Z');

type Pace = 'instant' | 'fast' | 'steady' | 'normal' | 'slow' | 'manual';

/** The window as a person uses it. */
export class Window {
  readonly page: Page;
  readonly composer: Locator;
  readonly rows: Locator;
  readonly answers: Locator;
  readonly questions: Locator;

  constructor(page: Page) {
    this.page = page;
    this.composer = page.getByTestId('composer-input');
    this.rows = page.getByTestId('conversation-row');
    this.answers = page.getByTestId('message-assistant');
    this.questions = page.getByTestId('message-user');
  }

  /** Starts the app in a scenario of ui/src/lib/ipc/fake-scenarios.ts. */
  async start(scenario: string, pace: Pace = 'fast'): Promise<void> {
    await this.page.clock.setSystemTime(NOW);
    await this.page.goto(`/?fake=${scenario}&pace=${pace}`);
    // Before that no key is heard. Some scenarios have no message box at first.
    if (!['slow', 'problem', 'problem-stays'].includes(scenario)) await this.composer.waitFor();
  }

  async send(text: string): Promise<void> {
    await this.composer.fill(text);
    await this.composer.press('Enter');
    // The fake program has taken it, or refused it: from here on steps count.
    await expect.poll(() => this.fake((host) => host.inFlight, null)).toBe(0);
  }

  async open(title: string): Promise<void> {
    await this.row(title).getByRole('button').first().click();
  }

  row(title: string): Locator {
    return this.rows.filter({ hasText: title });
  }

  /** Waits until the last answer has ended; a long one takes its time on a busy machine. */
  async answered(): Promise<void> {
    await expect(this.page.getByTestId('stop')).toHaveCount(0, { timeout: 60_000 });
    await expect(this.answers.last().getByTestId('stats')).toBeVisible();
  }

  /** Does something with the fake program. */
  async fake<A, R>(act: (host: FakeHost, argument: A) => R, argument: A): Promise<R> {
    const handle = await this.page.evaluateHandle(
      () => Reflect.get(window, 'ternFake') as FakeHost,
    );
    return handle.evaluate(act as never, argument) as Promise<R>;
  }

  step(steps: number): Promise<void> {
    return this.fake((host, n) => host.step(n), steps);
  }

  /** Lets seconds of downloading and verifying pass, once what was asked for before has been answered. */
  async advance(seconds: number): Promise<void> {
    await expect.poll(() => this.fake((host) => host.inFlight, null)).toBe(0);
    await this.fake((host, n) => host.models.advance(n), seconds);
  }

  /** Arguments of all calls of a command. */
  calls(command: string): Promise<unknown[][]> {
    return this.fake(
      (host, name) => host.calls.filter((call) => call.command === name).map((call) => call.args),
      command,
    );
  }
}

export const test = base.extend<{ app: Window }>({
  app: async ({ page, context }, use) => {
    const wrong: string[] = [];
    await context.route('**/*', async (route) => {
      const url = new URL(route.request().url());
      const file = join(fakeBuild, url.pathname === '/' ? 'index.html' : url.pathname);
      if (url.hostname !== 'tern.localhost' || !existsSync(file)) {
        wrong.push(`request to ${url.href}`);
        await route.abort();
        return;
      }
      await route.fulfill({
        body: readFileSync(file),
        headers: {
          'content-type': types[extname(file)] ?? 'application/octet-stream',
          'content-security-policy': policy,
        },
      });
    });
    // As Tauri does it (app.security.freezePrototype).
    await page.addInitScript(() => Object.freeze(Object.prototype));
    page.on('pageerror', (error) => wrong.push(`page error: ${error.stack ?? error.message}`));
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) wrong.push(`console: ${message.text()}`);
    });
    context.on('page', (other) => wrong.push(`a window opened: ${other.url()}`));
    await use(new Window(page));
    expect(wrong).toEqual([]);
  },
});

export { expect };
