// Cargo, always asked in the same way, so that nothing is built twice.

import fs from 'node:fs';
import path from 'node:path';
import { ci } from './machine.mjs';
import { output, root, run, say, works } from './terminal.mjs';

/** Puts the built UI inside the binary, which then needs no dev server. */
export const DESKTOP_FEATURES = 'tern-desktop/custom-protocol';

/** The pinned reader of deny.toml. */
const CARGO_DENY = '0.20.2';

/** Continuous integration must not change Cargo.lock. */
export const locked = ci ? ['--locked'] : [];

/** Where cargo builds. */
export function targetDir() {
  const metadata = output('cargo', ['metadata', '--no-deps', '--format-version', '1']);
  return metadata === null ? path.join(root, 'target') : JSON.parse(metadata).target_directory;
}

/** Path of a built binary. */
export function binary(profile, name) {
  return path.join(targetDir(), profile, process.platform === 'win32' ? `${name}.exe` : name);
}

/** Path of cargo-deny, built once into target/tools when the computer has none; null if that fails. */
export async function ensureCargoDeny() {
  if (works('cargo-deny', ['--version'])) return 'cargo-deny';
  const tools = path.join(root, 'target', 'tools');
  const program = process.platform === 'win32' ? 'cargo-deny.exe' : 'cargo-deny';
  const own = path.join(tools, 'bin', program);
  if (fs.existsSync(own) && output(own, ['--version'])?.endsWith(CARGO_DENY)) return own;
  say(`building cargo-deny ${CARGO_DENY} into target/tools, once (a minute or two)`);
  // Unoptimised: built in half the time, and it still reads this workspace in seconds.
  const quick = ['--debug', '--config', 'profile.dev.debug=false'];
  const what = ['cargo-deny', '--version', CARGO_DENY, '--locked', '--quiet', '--root', tools];
  const code = await run('cargo', ['install', ...what, ...quick]);
  return code === 0 ? own : null;
}
