// npm run package: installers for the system this runs on.

import fs from 'node:fs';
import path from 'node:path';
import { targetDir } from './lib/cargo.mjs';
import { checkToolchain, ensureBuildParts } from './lib/machine.mjs';
import { Problem, main, must, root, say } from './lib/terminal.mjs';
import { ensurePackages, ensureUiBuilt } from './lib/ui.mjs';

/** AppImage is left out: its bundler downloads tools while it runs. */
const BUNDLES = { linux: 'deb,rpm', darwin: 'app,dmg', win32: 'nsis' };

await main(async () => {
  const bundles = BUNDLES[process.platform];
  if (bundles === undefined) throw new Problem(`There is no installer for ${process.platform}.`);
  checkToolchain();
  await ensureBuildParts();
  await ensurePackages();
  await ensureUiBuilt();
  const tauri = path.join(root, 'node_modules', '@tauri-apps', 'cli', 'tauri.js');
  const before = Date.now();
  await must('The installers could not be made', process.execPath, [
    tauri,
    'build',
    '--bundles',
    bundles,
  ]);
  const folder = path.join(targetDir(), 'release', 'bundle');
  for (const name of fs.readdirSync(folder, { recursive: true })) {
    const file = path.join(folder, name);
    const { size, mtimeMs } = fs.statSync(file);
    if (/\.(deb|rpm|dmg|exe)$/.test(name) && mtimeMs >= before)
      say(`${file} (${(size / 1e6).toFixed(1)} MB)`);
  }
});
