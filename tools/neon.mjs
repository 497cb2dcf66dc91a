// npm run test:neon: the kernels' tests on 64-bit ARM. An ARM computer runs them as they are; Linux on
// x86-64 builds for ARM and runs them in QEMU, once for each CPU that has other instructions.
// `npm run test:neon -- --full` adds the counts of a release.

import process from 'node:process';
import { locked } from './lib/cargo.mjs';
import { TARGET, ensureArm } from './lib/arm.mjs';
import { checkToolchain } from './lib/machine.mjs';
import { Report } from './lib/report.mjs';
import { Problem, main, run } from './lib/terminal.mjs';

/** CPUs as QEMU names them, and the paths each of them must offer. */
const CPUS = [
  { model: 'cortex-a72', paths: ['scalar', 'neon'] },
  { model: 'neoverse-n1', paths: ['scalar', 'neon', 'neon_dotprod'] },
  { model: 'max', paths: ['scalar', 'neon', 'neon_dotprod', 'neon_i8mm'] },
];

const PACKAGE = [...locked, '--release', '-p', 'tern-kernels'];
const TESTS = ['test', ...PACKAGE, '--lib', '--tests', '--no-fail-fast'];

async function natively(report, more) {
  await report.step('kernels', () => run('cargo', [...TESTS, ...more]));
}

async function emulated(report, more) {
  let cross;
  await report.step('parts', async () => {
    cross = await ensureArm();
  });
  const target = ['--target', TARGET];
  await report.step(
    'build',
    () => run('cargo', [...TESTS, ...target, '--no-run'], { env: cross.env }),
    {
      needs: 'parts',
    },
  );
  await report.step(
    'clippy',
    () => {
      const [command, ...first] = cross.clippy;
      const what = [...PACKAGE, ...target, '--all-targets', '--', '-D', 'warnings'];
      return run(command, [...first, ...what], { env: cross.env });
    },
    { needs: 'parts' },
  );
  for (const { model, paths } of CPUS) {
    const env = () => ({
      ...cross.env,
      CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER: cross.runner(model),
      TERN_TEST_PATHS: paths.join(','),
    });
    await report.step(model, () => run('cargo', [...TESTS, ...target, ...more], { env: env() }), {
      needs: 'build',
    });
  }
}

await main(async () => {
  const [first, ...others] = process.argv.slice(2);
  if (others.length > 0 || ![undefined, '--full'].includes(first)) {
    throw new Problem('The only choice is --full, which adds the counts of a release.');
  }
  const more = first === '--full' ? ['--', '--include-ignored'] : [];
  const report = new Report({ strict: true });
  checkToolchain();
  if (process.arch === 'arm64') {
    await natively(report, more);
  } else if (process.platform === 'linux' && process.arch === 'x64') {
    await emulated(report, more);
  } else {
    throw new Problem(
      'These tests need an ARM computer, or Linux on x86-64, where QEMU runs them.',
    );
  }
  return report.finish();
});
