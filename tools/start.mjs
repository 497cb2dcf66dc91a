// npm start: from a fresh checkout to Tern's window.

import { DESKTOP_FEATURES, binary, locked } from './lib/cargo.mjs';
import { checkToolchain, ensureBuildParts } from './lib/machine.mjs';
import { Problem, main, run, say } from './lib/terminal.mjs';
import { ensurePackages, ensureUiBuilt } from './lib/ui.mjs';

await main(async () => {
  checkToolchain();
  await ensureBuildParts();
  await ensurePackages();
  await ensureUiBuilt();
  say('building the app (the first time takes a few minutes)');
  const build = await run('cargo', [
    'build',
    ...locked,
    '-p',
    'tern-desktop',
    '--features',
    DESKTOP_FEATURES,
  ]);
  if (build !== 0) throw new Problem('The app could not be built; the lines above say why.');
  say('starting; close the window or press Ctrl-C to end');
  return run(binary('debug', 'tern-desktop'), process.argv.slice(2));
});
