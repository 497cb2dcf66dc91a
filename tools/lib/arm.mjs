// What it takes to build and run programs for 64-bit ARM on another Linux computer.

import path from 'node:path';
import { targetDir } from './cargo.mjs';
import { ensureCompiler } from './debian-rust.mjs';
import { ensureTestParts } from './machine.mjs';
import { Problem, output } from './terminal.mjs';

/** What is built for. */
export const TARGET = 'aarch64-unknown-linux-gnu';

/**
 * Makes sure of everything. Resolves to the environment cargo needs, the command that lints, and a function
 * from a CPU model to the runner of its programs.
 */
export async function ensureArm() {
  const reason = await ensureTestParts('arm');
  if (reason !== null) throw new Problem(reason);
  const top = path.join(targetDir(), 'neon');
  const { env, clippy } = await ensureCompiler(path.join(top, 'compiler'), TARGET, [
    'libstd-rust-web-dev:arm64',
  ]);
  const libc = output('aarch64-linux-gnu-gcc', ['-print-file-name=libc.so.6']);
  const system = path.resolve(path.dirname(libc), '..');
  return {
    env: {
      ...env,
      CARGO_TARGET_DIR: path.join(top, 'build'),
      CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER: 'aarch64-linux-gnu-gcc',
    },
    clippy,
    runner: (cpu) => `qemu-aarch64 -cpu ${cpu} -L ${system}`,
  };
}
