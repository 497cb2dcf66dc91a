// The UI's packages and its build, each done again only when its inputs changed.

import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { Problem, must, npm, root, say } from './terminal.mjs';

/** Folders under `ui/` that are made, not written. */
const MADE = new Set(['dist', 'results', 'node_modules']);

/** Top-level files that the UI's build reads. */
const TOP_LEVEL_INPUT = /^(package(-lock)?\.json|(vite|svelte)\.config\..+|tsconfig.*\.json)$/;

/** Every file the UI is built from, sorted, relative to `top`. */
export function uiInputs(top) {
  const files = fs.readdirSync(top).filter((name) => TOP_LEVEL_INPUT.test(name));
  const ui = path.join(top, 'ui');
  for (const name of fs.readdirSync(ui, { recursive: true })) {
    const [first] = name.split(path.sep);
    if (!MADE.has(first) && fs.statSync(path.join(ui, name)).isFile())
      files.push(path.join('ui', name));
  }
  return files.sort();
}

/** A digest of names and contents: the same files give the same digest on every computer. */
export function digest(top, files) {
  const hash = createHash('sha256');
  for (const file of files) {
    const content = fs.readFileSync(path.join(top, file));
    hash.update(`${file.split(path.sep).join('/')}\0${content.length}\0`).update(content);
  }
  return hash.digest('hex');
}

/** True when `stamp` holds `value`. */
function stamped(stamp, value) {
  return fs.existsSync(stamp) && fs.readFileSync(stamp, 'utf8') === value;
}

/** Runs one npm script. */
export function npmRun(script) {
  const { command, args, shell } = npm();
  return { command, args: [...args, 'run', '--silent', script], shell };
}

/** `npm ci`, unless the installed packages are those of package-lock.json. */
export async function ensurePackages() {
  if (!fs.existsSync(path.join(root, 'package-lock.json'))) {
    throw new Problem('package-lock.json is missing: this is not a whole checkout of Tern.');
  }
  const stamp = path.join(root, 'node_modules', '.tern-packages');
  const wanted = digest(root, ['package-lock.json']);
  if (stamped(stamp, wanted)) return;
  say('installing the UI packages (npm ci)');
  const { command, args, shell } = npm();
  await must(
    'The UI packages could not be installed',
    command,
    [...args, 'ci', '--no-audit', '--no-fund'],
    { shell },
  );
  fs.writeFileSync(stamp, wanted);
}

/** Builds `ui/dist`, unless it was built from these very sources. */
export async function ensureUiBuilt() {
  // Not inside ui/dist: everything there goes into the app.
  const stamp = path.join(root, 'target', 'ui-built-from');
  const wanted = digest(root, uiInputs(root));
  const page = path.join(root, 'ui', 'dist', 'index.html');
  if (fs.existsSync(page) && stamped(stamp, wanted)) return;
  say('building the UI');
  const { command, args, shell } = npmRun('ui:build');
  await must('The UI could not be built', command, args, { shell });
  if (!fs.existsSync(page)) throw new Problem('The UI build left no ui/dist/index.html.');
  fs.mkdirSync(path.dirname(stamp), { recursive: true });
  fs.writeFileSync(stamp, wanted);
}
