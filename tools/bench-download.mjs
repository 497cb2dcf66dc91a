// npm run bench:download: `tern models fetch` and curl in turn, from the same hub on this computer onto the same disk.
//
// --gigabytes: size of the file (random bytes); --rounds: how often; --json: one object instead of the table.
//
// curl neither hashes what comes nor brings it onto the disk itself, and it keeps no state to go on from. A third
// column therefore does by hand what tern does by itself: curl, then sync and sha256sum.

import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { randomFillSync } from 'node:crypto';
import { spawn, spawnSync } from 'node:child_process';
import readline from 'node:readline/promises';
import { parseArgs } from 'node:util';
import { binary, locked, targetDir } from './lib/cargo.mjs';
import { markdown, percent, spread, spreadCell } from './lib/figures.mjs';
import { buildTern, figuresFile } from './lib/tern.mjs';
import { Problem, main, must, which } from './lib/terminal.mjs';

const REPO = 'terns/bench';
const FILE = 'bench.gguf';

/** Progress; the standard output is for the result. */
const progress = (line) => console.error(`tern: ${line}`);

function options() {
  let values;
  try {
    ({ values } = parseArgs({
      options: {
        gigabytes: { type: 'string', default: '1.2' },
        rounds: { type: 'string', default: '7' },
        json: { type: 'boolean', default: false },
      },
    }));
  } catch (error) {
    throw new Problem(error.message);
  }
  const [gigabytes, rounds] = [Number(values.gigabytes), Number(values.rounds)];
  if (!(gigabytes > 0)) throw new Problem('--gigabytes takes a number above 0.');
  if (!Number.isInteger(rounds) || rounds < 1)
    throw new Problem('--rounds takes a whole number above 0.');
  return { bytes: Math.round(gigabytes * 1e9), rounds, json: values.json };
}

/** A file of random bytes that passes for a GGUF file at first sight. */
function writeNoise(file, bytes) {
  const out = fs.openSync(file, 'w');
  const piece = Buffer.alloc(16 << 20);
  for (let at = 0; at < bytes; at += piece.length) {
    randomFillSync(piece);
    if (at === 0) piece.write('GGUF');
    fs.writeSync(out, piece, 0, Math.min(piece.length, bytes - at));
  }
  fs.fsyncSync(out);
  fs.closeSync(out);
}

/** The example's hub; `end` waits until it is gone. */
async function startHub(folder) {
  const features = ['--features', 'loopback-hub', '--example', 'loopback_hub'];
  await must('The hub for the measurement could not be built', 'cargo', [
    ...['build', '--release', ...locked, '-p', 'tern-models'],
    ...features,
  ]);
  const program = binary('release', path.join('examples', 'loopback_hub'));
  const hub = spawn(program, [folder], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = readline.createInterface({ input: hub.stdout })[Symbol.asyncIterator]();
  const [endpoint, commit] = [(await lines.next()).value, (await lines.next()).value];
  if (!commit) throw new Problem('The hub for the measurement did not start.');
  const end = () =>
    new Promise((resolve) => {
      hub.once('exit', resolve);
      hub.stdin.end();
    });
  return { endpoint, file: `${endpoint}/${REPO}/resolve/${commit}/${FILE}`, end };
}

/** Runs a command line; its seconds, and those of the processor, from POSIX `time`. */
function timed(script, env) {
  const done = spawnSync('/usr/bin/time', ['-p', 'sh', '-c', script], {
    encoding: 'utf8',
    env: { ...process.env, ...env, LC_ALL: 'C' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  if (done.signal === 'SIGINT') process.exit(130);
  const seconds = (name) => Number(new RegExp(`^${name} +([0-9.]+)$`, 'm').exec(done.stderr)?.[1]);
  if (done.status !== 0 || !(seconds('real') > 0)) {
    console.error(done.stderr);
    throw new Problem('A download failed; the lines above say why.');
  }
  return { seconds: seconds('real'), user: seconds('user'), sys: seconds('sys') };
}

/** What is measured: a command line, by name. Each writes into `folder`, which is empty before. */
function commands(tern, hub, folder) {
  const env = { HF_ENDPOINT: hub.endpoint, TERN_DATA_DIR: folder, NO_PROXY: '127.0.0.1' };
  const curl = `curl -sSfL -o '${folder}/curl.gguf' '${hub.file}'`;
  const hash = which('sha256sum') === null ? 'shasum -a 256' : 'sha256sum';
  return {
    curl: { script: curl, env },
    'curl, sync, hash': { script: `${curl} && sync && ${hash} '${folder}/curl.gguf'`, env },
    tern: { script: `'${tern}' models fetch ${REPO}`, env },
  };
}

/** The names of a round: each is first, second and third, and comes after each other one, equally often in six rounds. */
function order(names, round) {
  const turned = [...names.slice(round % 3), ...names.slice(0, round % 3)];
  return round % 6 < 3 ? turned : turned.reverse();
}

function table(result) {
  const rows = Object.entries(result.runs).map(([name, runs]) => [
    name,
    spreadCell(spread(runs.map((run) => run.mb_s))),
    spread(runs.map((run) => run.user)).median.toFixed(2),
    spread(runs.map((run) => run.sys)).median.toFixed(2),
  ]);
  const head = ['', 'MB/s (min / median / max)', 'user s', 'sys s'];
  const against = (name) => percent(result.ratios[name].median);
  return [
    markdown(head, rows),
    '',
    `tern reaches ${against('curl')} of curl, and ${against('curl, sync, hash')} of curl with sync and hash (medians of ${result.rounds} rounds in turn, ${(result.bytes / 1e9).toFixed(1)} GB). curl alone neither hashes nor syncs.`,
  ].join('\n');
}

await main(async () => {
  const { bytes, rounds, json } = options();
  if (which('curl') === null || !fs.existsSync('/usr/bin/time'))
    throw new Problem('This measurement needs curl and /usr/bin/time.');
  const tern = await buildTern(progress);
  const work = fs.mkdtempSync(path.join(targetDir(), 'bench-download-'));
  process.on('exit', () => fs.rmSync(work, { recursive: true, force: true }));
  const source = path.join(work, 'source');
  fs.mkdirSync(source);
  progress(`writing ${(bytes / 1e9).toFixed(1)} GB of random bytes`);
  writeNoise(path.join(source, FILE), bytes);
  const hub = await startHub(source);
  const folder = path.join(work, 'to');
  const measured = commands(tern, hub, folder);
  const runs = Object.fromEntries(Object.keys(measured).map((name) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const name of order(Object.keys(measured), round)) {
      fs.mkdirSync(folder);
      spawnSync('sync');
      const took = timed(measured[name].script, measured[name].env);
      runs[name].push({ ...took, mb_s: bytes / 1e6 / took.seconds });
      progress(`round ${round + 1} of ${rounds}: ${name}, ${took.seconds.toFixed(2)} s`);
      fs.rmSync(folder, { recursive: true });
    }
  }
  await hub.end();
  const ratio = (name) => spread(runs.tern.map((run, at) => run.mb_s / runs[name][at].mb_s));
  const ratios = { curl: ratio('curl'), 'curl, sync, hash': ratio('curl, sync, hash') };
  const result = { cpu: os.cpus()[0]?.model, cores: os.cpus().length, bytes, rounds, ratios, runs };
  const file = figuresFile('-download', 'json');
  fs.writeFileSync(file, `${JSON.stringify(result, null, 2)}\n`);
  progress(`figures in ${file}`);
  console.log(json ? JSON.stringify(result) : `\n${table(result)}`);
});
