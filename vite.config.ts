import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';

/** Oldest webviews Tern runs in: Safari 17.4 (macOS 14), WebView2 and WebKitGTK of 2024. */
const WEBVIEWS = ['safari17.4', 'chrome120'];

export default defineConfig(({ mode }) => ({
  root: 'ui',
  plugins: [svelte({ configFile: '../svelte.config.js' })],
  resolve: {
    // Vitest would otherwise take Svelte's server half.
    conditions: process.env.VITEST ? ['browser'] : undefined,
  },
  build: {
    // `--mode fake` is the UI with the fake host inside, for the browser tests only.
    outDir: mode === 'fake' ? '../tests/ui/results/fake' : 'dist',
    emptyOutDir: true,
    target: WEBVIEWS,
    cssTarget: WEBVIEWS,
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    reportCompressedSize: false,
  },
  server: { host: 'localhost', port: 5173, strictPort: true },
  test: {
    environment: 'jsdom',
    include: ['src/**/*.test.ts'],
    testTimeout: 60_000,
    // `npm run test:full` asks for the counts of a release.
    env: { TERN_FULL: process.env.TERN_FULL ?? '' },
  },
}));
