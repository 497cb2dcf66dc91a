// Debian's compiler of Rust, for building for other systems than this one where rustup's is not at hand.

import fs from 'node:fs';
import path from 'node:path';
import { compareVersions, oldestRust, versionIn } from './machine.mjs';
import { Problem, must, output, say, which } from './terminal.mjs';

/** The compiler, which brings its standard library for other CPUs as packages, and its source. */
const COMPILER = ['rustc-web', 'rust-web-clippy', 'libstd-rust-web-dev'];

/** The library packages that `apt-cache depends` names: the compiler's own, and LLVM. */
export function libraryPackages(depends) {
  return [...depends.matchAll(/Depends: (libstd-rust-web-[\d.]+|libllvm\S+)$/gm)].map(
    ([, name]) => name,
  );
}

/** True when the compiler on PATH has the standard library of `target`. */
function hasTarget(target) {
  const folder = output('rustc', ['--print', 'target-libdir', '--target', target]);
  return (
    folder !== null &&
    fs.existsSync(folder) &&
    fs.readdirSync(folder).some((name) => name.startsWith('libstd-'))
  );
}

/** The environment in which cargo uses the compiler unpacked in `folder`. */
function unpackedEnv(folder) {
  const bin = path.join(folder, 'usr', 'bin');
  return {
    RUSTC: path.join(bin, 'rustc'),
    RUSTDOC: path.join(bin, 'rustdoc'),
    LD_LIBRARY_PATH: path.join(folder, 'usr', 'lib', 'x86_64-linux-gnu'),
  };
}

/** Where packages are kept while a compiler is unpacked into `folder`; gone when that is done. */
const aptFolder = (folder) => path.join(folder, 'apt');

/** Version of the compiler unpacked in `folder`; null when it is not whole or does not run. */
function unpackedVersion(folder) {
  const env = unpackedEnv(folder);
  if (!fs.existsSync(env.RUSTC) || fs.existsSync(aptFolder(folder))) return null;
  return versionIn(
    output('env', [`LD_LIBRARY_PATH=${env.LD_LIBRARY_PATH}`, env.RUSTC, '--version']),
  );
}

/** Unpacks the compiler, its libraries and `more` packages into `folder`; installs nothing. */
async function unpackCompiler(folder, target, more) {
  const missing = `The standard library of Rust for ${target} is missing. Run: rustup target add ${target}`;
  if (which('apt-get') === null || which('dpkg-deb') === null) throw new Problem(missing);
  say(`unpacking a compiler with ${target} into ${path.relative('.', folder)}, once`);
  fs.rmSync(folder, { recursive: true, force: true });
  const apt = aptFolder(folder);
  for (const part of ['lists/partial', 'cache/archives/partial', 'packages']) {
    fs.mkdirSync(path.join(apt, part), { recursive: true });
  }
  fs.writeFileSync(path.join(apt, 'status'), '');
  // Lists and cache of its own: the computer's are left alone, and nobody has to be root.
  const settings = [
    'APT::Architecture=amd64',
    'APT::Architectures::=amd64',
    'APT::Architectures::=arm64',
    'APT::Sandbox::User=',
    `Dir::State::Lists=${path.join(apt, 'lists')}`,
    `Dir::State::status=${path.join(apt, 'status')}`,
    `Dir::Cache=${path.join(apt, 'cache')}`,
  ].flatMap((setting) => ['-o', setting]);
  const fetched = `The packages of a compiler for ${target} could not be fetched, and "rustup target add ${target}" is another way`;
  await must(fetched, 'apt-get', [...settings, '-q', 'update']);
  const depends = (name) => output('apt-cache', [...settings, 'depends', name]) ?? '';
  const own = libraryPackages(depends('libstd-rust-web-dev'));
  const names = [...own, ...own.flatMap((name) => libraryPackages(depends(name)))];
  if (names.length < 2) throw new Problem(missing);
  const all = [...COMPILER, ...more, ...names];
  const packages = path.join(apt, 'packages');
  const download = ['-c', 'cd "$1" && shift && exec "$@"', 'sh', packages];
  await must(fetched, 'sh', [...download, 'apt-get', ...settings, '-q', 'download', ...all]);
  for (const name of fs.readdirSync(packages)) {
    const unpack = ['-x', path.join(packages, name), folder];
    await must(`${name} could not be unpacked`, 'dpkg-deb', unpack);
  }
  fs.rmSync(apt, { recursive: true });
}

/**
 * A compiler for `target`: the one on PATH if it can, else Debian's, unpacked into `folder` with `more`
 * packages. Resolves to the environment cargo needs, the command that lints, and where it was unpacked, if it was.
 */
export async function ensureCompiler(folder, target, more) {
  if (hasTarget(target)) {
    return { env: {}, clippy: ['cargo', 'clippy'], unpacked: null };
  }
  if (unpackedVersion(folder) === null) await unpackCompiler(folder, target, more);
  const version = unpackedVersion(folder);
  if (version === null) {
    const env = unpackedEnv(folder);
    const libraries = output('env', [
      `LD_LIBRARY_PATH=${env.LD_LIBRARY_PATH}`,
      'sh',
      '-c',
      'ldd "$0" "$1"/libLLVM*.so* | grep "not found" | sort -u',
      env.RUSTC,
      env.LD_LIBRARY_PATH,
    ]);
    throw new Problem(
      `The compiler in ${folder} does not run: ${libraries || 'it gives no reason'}. Install what is not found, or run: rustup target add ${target}`,
    );
  }
  if (compareVersions(version, oldestRust()) < 0) {
    throw new Problem(
      `This system's packages have Rust ${version}, and Tern needs ${oldestRust()}. Run: rustup target add ${target}`,
    );
  }
  const clippy = [path.join(folder, 'usr', 'bin', 'cargo-clippy'), 'clippy'];
  return { env: unpackedEnv(folder), clippy, unpacked: path.join(folder, 'usr') };
}
