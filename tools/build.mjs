// npm run build: the release binaries, target/release/tern and target/release/tern-desktop.

import fs from 'node:fs';
import { DESKTOP_FEATURES, binary, locked } from './lib/cargo.mjs';
import { checkToolchain, ensureBuildParts } from './lib/machine.mjs';
import { main, must, say } from './lib/terminal.mjs';
import { ensurePackages, ensureUiBuilt } from './lib/ui.mjs';

await main(async () => {
  checkToolchain();
  await ensureBuildParts();
  await ensurePackages();
  await ensureUiBuilt();
  say('building the release binaries (about four minutes on two cores)');
  await must('The release binaries could not be built', 'cargo', [
    'build',
    '--release',
    ...locked,
    '-p',
    'tern-cli',
    '-p',
    'tern-desktop',
    '--features',
    DESKTOP_FEATURES,
  ]);
  for (const name of ['tern', 'tern-desktop']) {
    const file = binary('release', name);
    say(`${file} (${(fs.statSync(file).size / 1e6).toFixed(1)} MB)`);
  }
});
