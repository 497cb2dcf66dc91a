// What the scripts decide by themselves, without a compiler or a network.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { libraryPackages } from './debian-rust.mjs';
import { aptCommand, compareVersions, toolchainProblems, versionIn } from './machine.mjs';
import { Report } from './report.mjs';
import { Problem, duration } from './terminal.mjs';
import { digest, uiInputs } from './ui.mjs';

test('versions compare by number, not by letter', () => {
  assert.ok(compareVersions('1.100.0', '1.95') > 0);
  assert.ok(compareVersions('1.95.0', '1.95') === 0);
  assert.ok(compareVersions('20.9.0', '20.19.0') < 0);
  assert.equal(versionIn('rustc 1.95.0 (59807616e 2026-04-14)'), '1.95.0');
  assert.equal(versionIn(null), null);
});

test('a computer without Rust is told where to get it, not shown a failed build', () => {
  const [sentence, ...rest] = toolchainProblems({
    node: '20.20.2',
    rustc: null,
    cargo: null,
    oldestRust: '1.95',
  });
  assert.match(sentence, /Rust is not installed.*https:\/\/rustup\.rs/);
  assert.deepEqual(rest, []);
});

test('old compilers are named with the version they need', () => {
  const problems = toolchainProblems({
    node: '18.1.0',
    rustc: '1.80.0',
    cargo: '1.80.0',
    oldestRust: '1.95',
  });
  assert.equal(problems.length, 2);
  assert.match(problems[0], /Node 18\.1\.0 is too old/);
  assert.match(problems[1], /Rust 1\.80\.0 is too old: Tern needs 1\.95/);
  assert.deepEqual(
    toolchainProblems({ node: '22.12.0', rustc: '1.96.1', cargo: '1.96.1', oldestRust: '1.95' }),
    [],
  );
});

test('the install command asks for sudo only where it is needed', () => {
  assert.equal(
    aptCommand(['xvfb'], true).join(' '),
    'sudo apt-get install -y --no-install-recommends xvfb',
  );
  assert.equal(aptCommand(['xvfb'], false)[0], 'apt-get');
});

test('a changed, added or removed UI source makes the built UI stale', (t) => {
  const top = fs.mkdtempSync(path.join(os.tmpdir(), 'tern-tools-'));
  t.after(() => fs.rmSync(top, { recursive: true }));
  const write = (name, text) => {
    fs.mkdirSync(path.dirname(path.join(top, name)), { recursive: true });
    fs.writeFileSync(path.join(top, name), text);
  };
  write('package.json', '{}');
  write('ui/src/a.ts', 'a');
  const now = () => digest(top, uiInputs(top));
  const first = now();
  write('ui/dist/index.html', 'made');
  write('README.md', 'not part of the UI');
  assert.equal(now(), first);
  write('ui/src/b.ts', '');
  const added = now();
  assert.notEqual(added, first);
  fs.rmSync(path.join(top, 'ui/src/b.ts'));
  assert.equal(now(), first);
  write('ui/src/a.ts', 'b');
  assert.notEqual(now(), first);
  write('ui/src/a.ts', 'a');
  write('vite.config.ts', 'other');
  assert.notEqual(now(), first);
});

test('the libraries of a compiler are found whatever their version', () => {
  assert.deepEqual(libraryPackages('libstd-rust-web-dev\n  Depends: libstd-rust-web-1.96\n'), [
    'libstd-rust-web-1.96',
  ]);
  const depends = '  Depends: libc6\n  Depends: libllvm22\n  Conflicts: libllvm1\n';
  assert.deepEqual(libraryPackages(depends), ['libllvm22']);
  assert.deepEqual(libraryPackages(''), []);
});

/** Runs `steps` through a report and returns its exit code and what it printed. */
async function reported(strict, steps) {
  const lines = [];
  const report = new Report({ strict, print: (line) => lines.push(line) });
  await steps(report);
  return { code: report.finish(), text: lines.join('\n') };
}

test('a failed step fails the run, and the steps after it are still tried', async () => {
  const { code, text } = await reported(false, async (report) => {
    await report.step('first', async () => 1);
    await report.step('second', async () => {
      throw new Problem('no disk space.');
    });
    await report.step('third', async () => 0);
  });
  assert.equal(code, 1);
  assert.match(text, /third +passed/);
  assert.match(text, /Failed after .*: first, second\./);
});

test('a step whose build failed counts as failed, never as passed', async () => {
  let ran = false;
  const { code } = await reported(false, async (report) => {
    await report.step('build', async () => 101);
    await report.step(
      'tests',
      async () => {
        ran = true;
        return 0;
      },
      { needs: 'build' },
    );
  });
  assert.equal(code, 1);
  assert.equal(ran, false);
});

test('what cannot run is skipped on a desk and fails under continuous integration', async () => {
  const steps = (report) => report.stepUnless('no Xvfb', 'real window', async () => 0);
  assert.equal((await reported(false, steps)).code, 0);
  assert.equal((await reported(true, steps)).code, 1);
});

test('durations read well', () => {
  assert.equal(duration(4.25), '4.3s');
  assert.equal(duration(125), '2m05s');
});
