// Words on the terminal, and other programs run from here.

import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { fileURLToPath } from 'node:url';
import path from 'node:path';

/** Top folder of the repository. */
export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..', '..');

/** Something a person can mend: printed as a sentence, without a stack trace. */
export class Problem extends Error {}

/** One line of progress. */
export function say(line) {
  console.log(`tern: ${line}`);
}

/** `83` → `1m23s`. */
export function duration(seconds) {
  if (seconds < 60) return `${seconds.toFixed(1)}s`;
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)}m${String(whole % 60).padStart(2, '0')}s`;
}

/** What a short command prints, trimmed; null where it is missing or fails. */
export function output(command, args = []) {
  const done = spawnSync(command, args, {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return done.status === 0 ? done.stdout.trim() : null;
}

/** True when the command can be run and succeeds. */
export function works(command, args = []) {
  return output(command, args) !== null;
}

/** Absolute path of a program on PATH, or null. */
export function which(program) {
  const ends = process.platform === 'win32' ? ['.exe', '.cmd', '.bat'] : [''];
  const folders = (process.env.PATH ?? '').split(path.delimiter).filter((folder) => folder !== '');
  const places = folders.flatMap((folder) => ends.map((end) => path.join(folder, program + end)));
  const runs = (file) => {
    try {
      fs.accessSync(file, fs.constants.X_OK);
      return fs.statSync(file).isFile();
    } catch {
      return false;
    }
  };
  return places.find(runs) ?? null;
}

/**
 * Runs a command with its words shown as they come. Resolves to its exit code; Ctrl-C goes
 * to the command, and this process ends after it with the command's own code.
 */
export function run(command, args = [], { env = {}, shell = false, stdin = 'ignore' } = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: root,
      env: { ...process.env, ...env },
      shell,
      stdio: [stdin, 'inherit', 'inherit'],
    });
    const ignore = () => {};
    process.on('SIGINT', ignore);
    const finish = (code) => {
      process.off('SIGINT', ignore);
      resolve(code);
    };
    child.on('error', (error) => {
      console.error(`tern: ${command} could not be started: ${error.message}`);
      finish(127);
    });
    child.on('close', (code, signal) => finish(code ?? (signal === 'SIGINT' ? 130 : 1)));
  });
}

/** Like `run`, but a failure is a `Problem` with the given sentence. */
export async function must(sentence, command, args, options) {
  const code = await run(command, args, options);
  if (code === 130) process.exit(130);
  if (code !== 0) throw new Problem(`${sentence} (exit code ${code}; the lines above say why).`);
}

/** `npm` as a command and its leading arguments, on every platform. */
export function npm() {
  const script = process.env.npm_execpath;
  // On Windows npm is a batch file, which only a shell can start.
  return script?.endsWith('.js')
    ? { command: process.execPath, args: [script], shell: false }
    : { command: 'npm', args: [], shell: process.platform === 'win32' };
}

/** Runs a whole script and turns a `Problem` into a sentence and exit code 1. */
export async function main(body) {
  try {
    process.exitCode = (await body()) ?? 0;
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    console.error(`\ntern: ${error.message}`);
    process.exitCode = 1;
  }
}
