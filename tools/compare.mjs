// npm run bench:compare: another engine's benchmark and `tern bench` in turn, so that both meet the same computer.
//
// npm run bench:compare -- --theirs "llama-bench -m model.gguf -p 512 -n 128 -t 2" --format llama-bench -- --threads 2
//
// What stands after the last `--` goes to `tern bench`. --theirs is run by the shell in the folder you are in.
// --format llama-bench (as it prints by itself), llama-bench-json (-o json or jsonl) or sweep-bench (ik_llama.cpp)
// says how to read its output; --pattern is a regular expression instead, with one group around tokens per second, and
// --kind decode or prefill then says what it is the speed of. --rounds: how often; --label: what to call it;
// --json: one object instead of tables.

import fs from 'node:fs';
import { parseArgs } from 'node:util';
import { spawnSync } from 'node:child_process';
import { KINDS, comparison, comparisonTable, depthOf, withDefaults } from './lib/compare.mjs';
import { FORMATS, speedByPattern, speedsIn } from './lib/engines.mjs';
import { buildTern, figuresFile, ternBench } from './lib/tern.mjs';
import { Problem, main } from './lib/terminal.mjs';

/** Progress; the standard output is for the result. */
const progress = (line) => console.error(`tern: ${line}`);

function options() {
  let parsed;
  try {
    parsed = parseArgs({
      allowPositionals: true,
      options: {
        theirs: { type: 'string' },
        format: { type: 'string' },
        pattern: { type: 'string' },
        kind: { type: 'string', default: 'decode' },
        label: { type: 'string', default: 'theirs' },
        rounds: { type: 'string', default: '5' },
        json: { type: 'boolean', default: false },
      },
    });
  } catch (error) {
    throw new Problem(error.message);
  }
  const { values, positionals } = parsed;
  const rounds = Number(values.rounds);
  if (!values.theirs) throw new Problem('Say what to compare with: --theirs "<command>".');
  if (!Number.isInteger(rounds) || rounds < 1)
    throw new Problem(`--rounds takes a whole number above 0, not "${values.rounds}".`);
  if ((values.format === undefined) === (values.pattern === undefined))
    throw new Problem(
      `Say how to read the output: --format (${Object.keys(FORMATS).join(', ')}) or --pattern.`,
    );
  if (!KINDS.includes(values.kind)) throw new Problem('--kind is decode or prefill.');
  return { ...values, rounds, ours: withDefaults(positionals) };
}

/** One run of the other engine; its words on both streams. */
function runTheirs(command) {
  const done = spawnSync(command, {
    shell: true,
    // Where npm was called, not where package.json lies.
    cwd: process.env.INIT_CWD ?? process.cwd(),
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  if (done.signal === 'SIGINT') process.exit(130);
  const text = `${done.stdout ?? ''}\n${done.stderr ?? ''}`;
  if (done.status !== 0) {
    console.error(text.trim());
    throw new Problem(
      `The other engine's command failed (exit code ${done.status ?? done.signal}); the lines above are its own.`,
    );
  }
  return text;
}

/** Their speeds out of what they printed; when none is found, the output is shown. */
function readTheirs({ format, pattern, kind, ours }, text) {
  try {
    return pattern === undefined
      ? speedsIn(format, text, depthOf(ours))
      : { [kind]: speedByPattern(pattern, text) };
  } catch (error) {
    if (error instanceof Problem) console.error(text.trim());
    throw error;
  }
}

await main(async () => {
  const wanted = options();
  const tern = await buildTern(progress);
  const theirs = [];
  const ours = [];
  for (let round = 1; round <= wanted.rounds; round += 1) {
    progress(`round ${round} of ${wanted.rounds}: ${wanted.label}`);
    theirs.push(readTheirs(wanted, runTheirs(wanted.theirs)));
    progress(`round ${round} of ${wanted.rounds}: tern bench ${wanted.ours.join(' ')}`);
    ours.push(ternBench(tern, wanted.ours));
  }
  const result = {
    label: wanted.label,
    theirs: wanted.theirs,
    ours: ['tern', 'bench', ...wanted.ours].join(' '),
    rounds: wanted.rounds,
    ...comparison(theirs, ours),
  };
  const file = figuresFile('-compare', 'json');
  fs.writeFileSync(file, `${JSON.stringify({ ...result, runs: { theirs, ours } }, null, 2)}\n`);
  progress(`figures in ${file}`);
  console.log(wanted.json ? JSON.stringify(result) : `\n${comparisonTable(result)}`);
});
