import js from '@eslint/js';
import svelte from 'eslint-plugin-svelte';
import globals from 'globals';
import ts from 'typescript-eslint';
import svelteConfig from './svelte.config.js';

/** Only the door to the program may know Tauri (ARCHITECTURE.md, invariant 8). */
const noTauri = {
  patterns: [{ group: ['@tauri-apps/*'], message: 'Only ui/src/lib/ipc may import Tauri.' }],
};

export default ts.config(
  {
    ignores: [
      'ui/dist',
      'ui/src/lib/ipc/bindings.ts',
      'tests/ui/results',
      'target',
      'node_modules',
      'crates',
      'src-tauri',
      'assets',
      'tools',
    ],
  },
  js.configs.recommended,
  ...ts.configs.recommended,
  ...svelte.configs.recommended,
  {
    languageOptions: { globals: { ...globals.browser } },
    rules: {
      'no-console': 'error',
      'no-undef': 'off',
      // State classes keep plain Maps and Sets for what is never drawn.
      'svelte/prefer-svelte-reactivity': 'off',
      eqeqeq: ['error', 'always'],
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
    },
  },
  {
    files: ['**/*.svelte', '**/*.svelte.ts'],
    languageOptions: {
      parserOptions: { parser: ts.parser, extraFileExtensions: ['.svelte'], svelteConfig },
    },
  },
  {
    files: ['ui/src/**'],
    ignores: ['ui/src/lib/ipc/tauri.ts'],
    rules: { 'no-restricted-imports': ['error', noTauri] },
  },
  {
    // Components call state, state calls the host.
    files: ['ui/src/components/**', 'ui/src/App.svelte'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            ...noTauri.patterns,
            {
              regex: 'lib/ipc/(tauri|fake|choose)',
              message: 'Components call state; state calls the host.',
            },
          ],
        },
      ],
    },
  },
  {
    files: ['*.config.*', 'tests/ui/**'],
    languageOptions: { globals: { ...globals.node, ...globals.browser } },
  },
);
