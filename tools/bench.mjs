// npm run bench: how fast this computer is. Everything lands in target/bench.
//
// `npm run bench -- PATH` measures the model at PATH as well.

import fs from 'node:fs';
import path from 'node:path';
import { spawnSync } from 'node:child_process';
import { binary, locked, targetDir } from './lib/cargo.mjs';
import { checkToolchain } from './lib/machine.mjs';
import { Problem, main, must, root, say } from './lib/terminal.mjs';

/** Runs `tern bench` on one model and returns its figures. */
function benchModel(tern, model, depth) {
  say(`tern bench --model ${model} --depth ${depth}`);
  const done = spawnSync(tern, ['bench', '--json', '--model', model, '--depth', String(depth)], {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (done.status !== 0)
    throw new Problem(`tern bench failed for ${model}; the lines above say why.`);
  return { model, depth, ...JSON.parse(done.stdout.trim().split('\n').at(-1)) };
}

await main(async () => {
  checkToolchain();
  await must('The command-line program could not be built', 'cargo', [
    'build',
    '--release',
    ...locked,
    '-p',
    'tern-cli',
  ]);
  const tern = binary('release', 'tern');
  const rows = [];
  for (const model of ['guide', 'synthetic:2b4t', ...process.argv.slice(2)])
    rows.push(benchModel(tern, model, 0));
  rows.push(benchModel(tern, 'synthetic:2b4t', 2048));
  console.table(
    rows.map((row) => ({
      model: row.model,
      depth: row.depth,
      isa: row.isa,
      threads: row.threads,
      'decode tok/s': row.decode_tok_s.median.toFixed(1),
      'prefill tok/s': row.prefill_tok_s.median.toFixed(1),
      'first token ms': row.ttft_ms.toFixed(0),
      'of roofline': `${(row.roofline_fraction * 100).toFixed(0)} %`,
    })),
  );
  const folder = path.join(targetDir(), 'bench');
  fs.mkdirSync(folder, { recursive: true });
  const file = path.join(folder, `${new Date().toISOString().replace(/[:.]/g, '-')}.json`);
  fs.writeFileSync(file, `${JSON.stringify(rows, null, 2)}\n`);
  say(`figures in ${file}`);
  await must('The kernel benches failed', 'cargo', ['bench', ...locked, '-p', 'tern-kernels']);
});
