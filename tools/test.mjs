// npm test: everything a change has to pass. `npm test -- rust`, `ui`, `e2e` run a part,
// `full` runs everything with the counts of a release.

import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { DESKTOP_FEATURES, binary, ensureCargoDeny, locked, targetDir } from './lib/cargo.mjs';
import {
  checkToolchain,
  ci,
  ensureBuildParts,
  ensureTestParts,
  findBrowser,
} from './lib/machine.mjs';
import { withKeyring, withSmallDisk, withoutNetwork } from './lib/isolation.mjs';
import { Report } from './lib/report.mjs';
import { Problem, main, root, run, say } from './lib/terminal.mjs';
import { ensurePackages, ensureUiBuilt, npmRun } from './lib/ui.mjs';

const PARTS = ['rust', 'ui', 'e2e', 'full'];

/** Features of the build that all Rust tests share: other ones would compile Tauri again. */
const FEATURES = ['--features', DESKTOP_FEATURES];

/** The real-window tests sit behind a feature of their own, so that plain `cargo test` leaves them out. */
const WINDOW_FEATURES = ['--features', `${DESKTOP_FEATURES},tern-tests/e2e`];

const cargo =
  (...args) =>
  () =>
    run('cargo', args);

function script(name, env) {
  return () => {
    const { command, args, shell } = npmRun(name);
    return run(command, args, { shell, env });
  };
}

async function rustChecks(report) {
  await report.step('rustfmt', cargo('fmt', '--all', '--check'));
  await report.step(
    'clippy',
    cargo(
      'clippy',
      ...locked,
      '--workspace',
      '--all-targets',
      ...WINDOW_FEATURES,
      '--',
      '-D',
      'warnings',
    ),
    { needs: 'ui build' },
  );
  await report.step('licences and sources', async () => {
    const deny = await ensureCargoDeny();
    return deny === null
      ? 1
      : run(deny, ['--all-features', 'check', 'licenses', 'bans', 'sources']);
  });
}

/** Builds every test and binary once; the steps after it only link and run. */
function buildRust(report) {
  return report.step(
    'cargo build',
    cargo('build', ...locked, '--workspace', '--bins', '--tests', ...FEATURES),
    { needs: 'ui build' },
  );
}

/** How often tests with a count do what they do before a release: downloads with faults, downloads that are killed. */
const FULL_COUNTS = {
  TERN_FULL: '1',
  PROPTEST_CASES: '10000',
  TERN_FULL_DOWNLOADS: '5000',
  TERN_FULL_KILLS: '200',
};

/** How the tests that fill a disk are called; they are marked `ignored`, because they need a small one. */
const FULL_DISK = 'a_full_disk_is_';
/** Each by itself, with the file of tests it is in. */
const FULL_DISKS = [
  { what: 'history', file: 'it', test: 'a_full_disk_is_a_message_and_never_a_loss' },
  { what: 'export', file: 'it', test: 'a_full_disk_is_a_sentence_and_the_old_file_stays' },
  {
    what: 'download',
    file: 'downloads',
    test: 'a_full_disk_is_said_and_the_download_goes_on_when_there_is_room',
  },
];

/** The long run of made-up files. It has a step of its own: optimised, and with its memory held to a limit. */
const FUZZ = 'no_made_up_input_stops_a_parser_in_millions';
/** Inputs for each parser; whole models get a tenth. */
const FUZZ_INPUTS = '10000000';
/** Address space of that run in KiB: a hostile file may cost a small multiple of its size, not this. */
const FUZZ_MEMORY = 8 << 20;

async function rustTests(report, env, full) {
  const skip = [FULL_DISK, FUZZ, KEYRING].flatMap((test) => ['--skip', test]);
  const more = full ? ['--', '--include-ignored', ...skip] : [];
  await report.step(
    'cargo test',
    () =>
      run('cargo', ['test', ...locked, '--workspace', '--no-fail-fast', ...FEATURES, ...more], {
        env,
      }),
    { needs: 'cargo build' },
  );
  const disk = fs.mkdtempSync(path.join(os.tmpdir(), 'tern-small-disk-'));
  const small = withSmallDisk(disk);
  if (small === null) {
    say('this system can not make a small disk for one test (unshare): the full disk is left out');
  } else {
    for (const { what, file, test } of FULL_DISKS) {
      const fill = () => runIgnored(small, file, test, { TERN_SMALL_DISK: disk });
      await report.step(`full disk, ${what}`, fill, { needs: 'cargo build' });
    }
  }
  fs.rmdirSync(disk);
}

/** The test that needs a keyring; it is marked `ignored`. */
const KEYRING = 'a_token_in_the_keyring_opens_a_gated_repository';

async function keyringTest(report) {
  const reason = await ensureTestParts('keyring');
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'tern-keyring-'));
  const test = () => runIgnored(withKeyring(folder), 'it', KEYRING);
  await report.stepUnless(reason, 'keyring', test, { needs: 'cargo build' });
  fs.rmSync(folder, { recursive: true });
}

async function fuzz(report, env) {
  const args = ['test', ...locked, '--release', '-p', 'tern-engine', '--lib'];
  await report.step('fuzz build', cargo(...args, '--no-run'), { needs: 'cargo build' });
  const alone = [...args, '--', '--ignored', '--nocapture', FUZZ];
  const limited = ['-c', `ulimit -v ${FUZZ_MEMORY} && exec "$@"`, 'sh', 'cargo', ...alone];
  const [command, all] = process.platform === 'linux' ? ['sh', limited] : ['cargo', alone];
  await report.step(
    'fuzz',
    () => run(command, all, { env: { TERN_FUZZ_INPUTS: FUZZ_INPUTS, ...env } }),
    { needs: 'fuzz build' },
  );
}

/**
 * Runs one `ignored` test under another command. A run without it is a failure, not a success. It is
 * asked of the whole workspace, as one package alone would be built anew, with other features.
 */
function runIgnored([command, ...start], file, test, env = {}) {
  const args = [
    'cargo',
    'test',
    '--offline',
    ...locked,
    '--workspace',
    ...FEATURES,
    '--test',
    file,
    '--',
    '--ignored',
    test,
  ];
  const done = spawnSync(command, [...start, ...args], {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  process.stdout.write(done.stdout);
  return done.status === 0 && done.stdout.includes('test result: ok. 1 passed') ? 0 : 1;
}

async function uiTests(report, env) {
  const tools = ['tools', 'bench'].map((name) => `tools/lib/${name}.test.mjs`);
  await report.step('tools', () => run(process.execPath, ['--test', ...tools]));
  const needs = 'npm ci';
  await report.step('ui lint', script('ui:lint'), { needs });
  await report.step('ui types', script('ui:check'), { needs });
  await report.step('ui unit', script('ui:unit', env), { needs });
  const reason = await ensureTestParts('browser');
  await report.stepUnless(
    reason,
    'ui in a browser',
    script('ui:browser', { ...env, TERN_CHROMIUM: findBrowser() ?? '' }),
    { needs },
  );
}

async function windowTests(report, env) {
  const reason = await ensureTestParts('window');
  const windowEnv = {
    ...env,
    TERN_DESKTOP: binary('debug', 'tern-desktop'),
    TERN_E2E_RESULTS: path.join(targetDir(), 'e2e'),
  };
  await report.stepUnless(
    reason,
    'real window',
    () => {
      const cut = withoutNetwork();
      say(
        cut === null
          ? 'this system can not take the network away from the window (unshare)'
          : 'the window runs without a network',
      );
      const [command, ...args] = [
        ...(cut ?? []),
        'cargo',
        'test',
        '--offline',
        ...locked,
        '--workspace',
        ...WINDOW_FEATURES,
        '--test',
        'e2e',
        '--',
        '--test-threads=1',
      ];
      return run(command, args, { env: windowEnv });
    },
    { needs: 'cargo build' },
  );
}

/** Tells the tests where the larger reference fixtures lie, when this computer has them. */
function fixturesEnv() {
  const shared = process.env.TERN_SHARED ?? path.resolve(root, '..', 'shared');
  if (fs.existsSync(path.join(shared, 'fixtures', 'manifest.json'))) return { TERN_SHARED: shared };
  say(
    'no larger reference fixtures beside the checkout (TERN_SHARED): tests use tests/golden alone',
  );
  return {};
}

await main(async () => {
  const part = process.argv[2] ?? 'everything';
  if (part !== 'everything' && !PARTS.includes(part)) {
    throw new Problem(
      `There is no part "${part}". Choose one of: ${PARTS.join(', ')}, or none for everything.`,
    );
  }
  const all = part === 'everything' || part === 'full';
  const wants = (name) => all || part === name;
  const env = {
    ...fixturesEnv(),
    ...(part === 'full' ? FULL_COUNTS : {}),
  };
  const report = new Report({ strict: ci && process.platform === 'linux' });

  checkToolchain();
  if (wants('rust') || wants('e2e')) await ensureBuildParts();
  await report.step('npm ci', async () => ensurePackages());
  // The desktop crate has the built UI inside it, so even its lints need one.
  await report.step('ui build', async () => ensureUiBuilt(), { needs: 'npm ci' });

  if (wants('ui')) await uiTests(report, env);
  if (wants('rust')) await rustChecks(report);
  if (wants('rust') || wants('e2e')) await buildRust(report);
  if (wants('rust')) await rustTests(report, env, part === 'full');
  if (wants('rust')) await keyringTest(report);
  if (part === 'full') await fuzz(report, env);
  if (wants('e2e')) await windowTests(report, env);
  return report.finish();
});
