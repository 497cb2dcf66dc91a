// npm run test:windows: on Linux, what can be known of Windows there. Everything, the window too, is
// compiled and linted for Windows; the tests of what touches files, processes and the network run in Wine.

import process from 'node:process';
import { DESKTOP_FEATURES, locked } from './lib/cargo.mjs';
import { checkToolchain } from './lib/machine.mjs';
import { Report } from './lib/report.mjs';
import { Problem, main, run } from './lib/terminal.mjs';
import { ensurePackages, ensureUiBuilt } from './lib/ui.mjs';
import { ensureWindows } from './lib/windows.mjs';

/** Crates whose tests run; Wine has no WebView2 for the window's. */
const TESTED = ['tern-kernels', 'tern-engine', 'tern-models', 'tern-history', 'tern-app', 'tern-cli'];

await main(async () => {
  if (process.argv.length > 2) throw new Problem('test:windows takes no arguments.');
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new Problem('This runs on Linux on x86-64; on Windows, npm test is the better test.');
  }
  const report = new Report({ strict: true });
  checkToolchain();
  await report.step('npm ci', async () => ensurePackages());
  // The desktop crate has the built UI inside it, so even its lints need one.
  await report.step('ui build', async () => ensureUiBuilt(), { needs: 'npm ci' });
  let windows;
  await report.step('parts', async () => {
    windows = await ensureWindows();
  });
  await report.step(
    'clippy',
    () => {
      const [command, ...first] = windows.clippy;
      const what = ['--workspace', '--all-targets', '--features', DESKTOP_FEATURES];
      // It takes what `thread_local!` becomes on Windows for one that is not `const`, though it is.
      const lints = ['-D', 'warnings', '-A', 'clippy::missing_const_for_thread_local'];
      const args = [...first, ...locked, ...windows.target, ...what, '--', ...lints];
      return run(command, args, { env: windows.env });
    },
    { needs: 'parts' },
  );
  const packages = TESTED.flatMap((name) => ['-p', name]);
  const tests = () => ['test', ...locked, ...windows.target, ...packages, '--lib', '--bins', '--tests'];
  await report.step('build', () => run('cargo', [...tests(), '--no-run'], { env: windows.env }), {
    needs: 'parts',
  });
  await report.step(
    'tests in Wine',
    () => run('cargo', [...tests(), '--no-fail-fast'], { env: windows.env }),
    { needs: 'build' },
  );
  return report.finish();
});
