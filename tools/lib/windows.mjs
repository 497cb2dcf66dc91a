// What it takes to build Tern for Windows on Linux, and to run its tests in Wine.

import fs from 'node:fs';
import path from 'node:path';
import { targetDir } from './cargo.mjs';
import { ensureCompiler } from './debian-rust.mjs';
import { ensureTestParts } from './machine.mjs';
import { Problem, must, root } from './terminal.mjs';

/** What is built for. */
export const TARGET = 'x86_64-pc-windows-gnu';

const GCC = 'x86_64-w64-mingw32-gcc-posix';

/** Debian has no standard library for Windows, but its source: cargo builds it, which rustc calls unstable. */
async function ensureStandardLibrary(unpacked, env) {
  const folder = path.join(unpacked, 'lib', 'rustlib', TARGET, 'lib');
  fs.mkdirSync(folder, { recursive: true });
  // What every program begins and ends with; cargo builds only crates.
  for (const name of ['rsbegin', 'rsend']) {
    const object = path.join(folder, `${name}.o`);
    if (fs.existsSync(object)) continue;
    const source = path.join(unpacked, 'lib/rustlib/src/rust/library/rtstartup', `${name}.rs`);
    const what = ['--edition', '2024', '--target', TARGET, '--emit=obj', '-o', object, source];
    await must(`${name} could not be built`, env.RUSTC, what, { env });
  }
}

/** The library an old Wine lacks, in a folder of its own. */
async function ensureRandomBytes(folder) {
  fs.mkdirSync(folder, { recursive: true });
  const library = path.join(folder, 'bcryptprimitives.dll');
  const source = path.join(root, 'tools', 'lib', 'bcryptprimitives.c');
  if (!fs.existsSync(library)) {
    const what = ['-shared', '-O2', '-o', library, source, '-ladvapi32'];
    await must('A library for Wine could not be built', GCC, what);
  }
}

/** A path as Wine's programs see it. */
const inWine = (folder) => `Z:${folder.replaceAll('/', '\\')}`;

/**
 * Makes sure of everything. Resolves to the environment for cargo, its arguments for the target, and the
 * command that lints.
 */
export async function ensureWindows() {
  const reason = await ensureTestParts('windows');
  if (reason !== null) throw new Problem(reason);
  const top = path.join(targetDir(), 'windows');
  const { env, clippy, unpacked } = await ensureCompiler(path.join(top, 'compiler'), TARGET, [
    'rust-web-src',
  ]);
  const unstable = unpacked === null ? {} : { RUSTC_BOOTSTRAP: '1' };
  if (unpacked !== null) await ensureStandardLibrary(unpacked, { ...env, ...unstable });
  const libraries = path.join(top, 'libraries');
  await ensureRandomBytes(libraries);
  return {
    env: {
      ...env,
      ...unstable,
      CARGO_TARGET_DIR: path.join(top, 'build'),
      CC_x86_64_pc_windows_gnu: GCC,
      AR_x86_64_pc_windows_gnu: 'x86_64-w64-mingw32-ar',
      CARGO_TARGET_X86_64_PC_WINDOWS_GNU_LINKER: GCC,
      CARGO_TARGET_X86_64_PC_WINDOWS_GNU_RUNNER: 'wine',
      WINEPREFIX: path.join(top, 'wine'),
      WINEPATH: inWine(libraries),
      WINEDEBUG: '-all',
    },
    clippy,
    target: [
      '--target',
      TARGET,
      ...(unpacked === null ? [] : ['-Zbuild-std=std,panic_unwind']),
    ],
  };
}
