// npm run bench:window: how long from starting the app until its window is on the screen and its
// composer can be typed into, and how much memory it then takes. Linux; needs `npm run build`,
// and Xvfb with xwininfo where there is no display.

import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { spawn, spawnSync } from 'node:child_process';
import { binary } from './lib/cargo.mjs';
import { Problem, main, say, which } from './lib/terminal.mjs';

const RUNS = 5;
const PATIENCE_MS = 20_000;
/** Idle this long before memory is read. */
const SETTLE_MS = 10_000;

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** A display: the one there is, or an Xvfb of our own. */
async function openDisplay() {
  if (process.env.DISPLAY) return { display: process.env.DISPLAY, close: () => {} };
  const number = 90 + (process.pid % 400);
  const xvfb = spawn('Xvfb', [`:${number}`, '-screen', '0', '1280x800x24', '-nolisten', 'tcp'], {
    stdio: 'ignore',
  });
  const socket = `/tmp/.X11-unix/X${number}`;
  for (let waited = 0; !fs.existsSync(socket); waited += 50) {
    if (waited > PATIENCE_MS) throw new Problem('Xvfb did not start.');
    await sleep(50);
  }
  return { display: `:${number}`, close: () => xvfb.kill() };
}

/** True once a window called Tern is mapped. */
function isShown(display) {
  const tree = spawnSync('xwininfo', ['-display', display, '-name', 'Tern'], { encoding: 'utf8' });
  return tree.status === 0 && tree.stdout.includes('IsViewable');
}

/** Every process started by `pid`, itself included. */
function family(pid) {
  const children = new Map();
  for (const entry of fs.readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const stat = fs.readFileSync(`/proc/${entry}/stat`, 'utf8');
      const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
      children.set(parent, [...(children.get(parent) ?? []), Number(entry)]);
    } catch {
      // Ended meanwhile.
    }
  }
  const found = [pid];
  for (const one of found) found.push(...(children.get(one) ?? []));
  return found;
}

/** Proportional resident memory of processes, in MB: shared pages count once in all. */
function memory(pids) {
  const sizes = pids.map((pid) => {
    try {
      const rollup = fs.readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
      return Number(/^Pss:\s+(\d+) kB$/m.exec(rollup)?.[1] ?? 0);
    } catch {
      return 0;
    }
  });
  return sizes.reduce((sum, size) => sum + size, 0) / 1024;
}

async function startOnce(app, display, settle) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'tern-window-'));
  const started = performance.now();
  const child = spawn(app, [], {
    env: { ...process.env, DISPLAY: display, TERN_DATA_DIR: folder },
    stdio: 'ignore',
  });
  try {
    while (!isShown(display)) {
      if (performance.now() - started > PATIENCE_MS) throw new Problem('No window was shown.');
      await sleep(5);
    }
    const shown = performance.now() - started;
    if (!settle) return { shown };
    await sleep(SETTLE_MS);
    const pids = family(child.pid);
    return { shown, all: memory(pids), own: memory([child.pid]) };
  } finally {
    child.kill();
    await new Promise((resolve) => child.on('exit', resolve));
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

await main(async () => {
  if (process.platform !== 'linux') throw new Problem('This measurement runs on Linux only.');
  for (const tool of ['xwininfo', ...(process.env.DISPLAY ? [] : ['Xvfb'])])
    if (which(tool) === null) throw new Problem(`${tool} is missing; npm test installs it.`);
  const app = binary('release', 'tern-desktop');
  if (!fs.existsSync(app))
    throw new Problem('There is no release build yet. Run npm run build first.');
  const { display, close } = await openDisplay();
  try {
    const runs = [];
    for (let run = 0; run < RUNS; run += 1)
      runs.push(await startOnce(app, display, run === RUNS - 1));
    const shown = runs.map((run) => run.shown).sort((a, b) => a - b);
    const { all, own } = runs.at(-1);
    say(
      `window shown after ${shown[0].toFixed(0)} ms at best, ${shown[RUNS >> 1].toFixed(0)} ms median of ${RUNS}`,
    );
    say(
      `idle with the Guide loaded: ${own.toFixed(0)} MB for tern-desktop, ${all.toFixed(0)} MB with its web processes (PSS)`,
    );
    return 0;
  } finally {
    close();
  }
});
