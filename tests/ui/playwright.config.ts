import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { defineConfig } from '@playwright/test';

/** The browser: TERN_CHROMIUM (set by `npm test`), CHROMIUM, or the first one on the PATH. */
function browser(): string {
  const named = process.env.TERN_CHROMIUM || process.env.CHROMIUM;
  if (named) return named;
  const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
  for (const name of names) {
    for (const folder of (process.env.PATH ?? '').split(delimiter)) {
      const path = join(folder, name);
      try {
        accessSync(path, constants.X_OK);
        return path;
      } catch {
        // Not here; look on.
      }
    }
  }
  throw new Error(
    'No Chromium or Chrome was found. Install one, or name it in the environment variable TERN_CHROMIUM.',
  );
}

export default defineConfig({
  testDir: '.',
  outputDir: './results/failures',
  fullyParallel: true,
  workers: 2,
  // A machine that does other things lets a step come late; what fails twice is wrong.
  retries: 1,
  forbidOnly: Boolean(process.env.CI),
  reporter: process.env.CI ? [['list']] : [['dot']],
  timeout: 90_000,
  expect: { timeout: 10_000 },
  use: {
    baseURL: 'http://tern.localhost',
    viewport: { width: 1280, height: 800 },
    colorScheme: 'light',
    locale: 'en-GB',
    timezoneId: 'Europe/London',
    trace: 'off',
    launchOptions: {
      executablePath: browser(),
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    },
  },
});
