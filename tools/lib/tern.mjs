// The release binary `tern`, and its measurements.

import fs from 'node:fs';
import path from 'node:path';
import { spawnSync } from 'node:child_process';
import { binary, locked, targetDir } from './cargo.mjs';
import { checkToolchain } from './machine.mjs';
import { Problem, must, root } from './terminal.mjs';

/** Name of the full-size model with random weights. */
export const SYNTHETIC = 'synthetic:2b4t';

/** Builds `tern` as it is released; returns its path. `print` takes a line of progress. */
export async function buildTern(print) {
  checkToolchain(print);
  const build = ['build', '--release', ...locked, '-p', 'tern-cli'];
  await must('The command-line program could not be built', 'cargo', build);
  return binary('release', 'tern');
}

/** Runs `tern bench --json` and returns its figures. `isa` asks for a path of this CPU. */
export function ternBench(tern, args, isa) {
  const done = spawnSync(tern, ['bench', '--json', ...args], {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, ...(isa === undefined ? {} : { TERN_ISA: isa }) },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (done.signal === 'SIGINT') process.exit(130);
  if (done.status !== 0)
    throw new Problem(`tern bench ${args.join(' ')} failed; the lines above say why.`);
  const figures = JSON.parse(done.stdout.trim().split('\n').at(-1));
  if (isa !== undefined && figures.isa !== isa)
    throw new Problem(`tern bench ran on ${figures.isa}, though ${isa} was asked for.`);
  return figures;
}

/** A file in target/bench for the figures of this run. */
export function figuresFile(name, ending) {
  const folder = path.join(targetDir(), 'bench');
  fs.mkdirSync(folder, { recursive: true });
  const time = new Date().toISOString().replace(/[:.]/g, '-');
  return path.join(folder, `${time}${name}.${ending}`);
}
