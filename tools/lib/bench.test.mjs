// How the figures of benchmarks are read, planned and put side by side.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { comparison, comparisonTable, depthOf, withDefaults } from './compare.mjs';
import { speedByPattern, speedsIn } from './engines.mjs';
import { markdown, percent, spread } from './figures.mjs';
import { base, benchArgs, everything, tables } from './plan.mjs';
import { Problem } from './terminal.mjs';

const LLAMA_BENCH = `
warning: asserts enabled, performance may be affected
| model                          |       size |     params | backend    | threads |          test |                  t/s |
| ------------------------------ | ---------: | ---------: | ---------- | ------: | ------------: | -------------------: |
| bitnet-b1.58 2B I2_S - 2 bpw ternary |   1.10 GiB |     2.74 B | CPU        |       2 |         pp512 |        151.37 ± 2.10 |
| bitnet-b1.58 2B I2_S - 2 bpw ternary |   1.10 GiB |     2.74 B | CPU        |       2 |         tg128 |         34.82 ± 0.41 |
| bitnet-b1.58 2B I2_S - 2 bpw ternary |   1.10 GiB |     2.74 B | CPU        |       2 |   tg128 @ d2048 |         28.90 ± 0.22 |
| bitnet-b1.58 2B I2_S - 2 bpw ternary |   1.10 GiB |     2.74 B | CPU        |       2 |   pp512+tg128 |         80.11 ± 0.30 |

build: 1a2b3c4d (4000)
`;

const LLAMA_BENCH_JSON = `
loading the model
[
  {
    "model_type": "bitnet 2B", "n_threads": 2, "n_prompt": 512, "n_gen": 0,
    "avg_ts": 307.250000, "stddev_ts": 1.5, "samples_ts": [ 306.1, 308.4 ]
  },
  {
    "model_type": "bitnet 2B", "n_threads": 2, "n_prompt": 0, "n_gen": 128,
    "avg_ts": 51.500000, "stddev_ts": 0.2, "samples_ts": [ 51.4, 51.6 ]
  }
]
`;

const LLAMA_BENCH_JSONL = `
{"n_prompt": 512, "n_gen": 0, "n_depth": 0, "avg_ts": 300.5}
{"n_prompt": 0, "n_gen": 128, "n_depth": 4000, "avg_ts": 40.25}
{"n_prompt": 512, "n_gen": 128, "n_depth": 0, "avg_ts": 90.0}
`;

const SWEEP_BENCH = `
main: n_kv_max = 4096, n_batch = 2048, n_ubatch = 512, n_threads = 2

|    PP |     TG |   N_KV |   T_PP s | S_PP t/s |   T_TG s | S_TG t/s |
|-------|--------|--------|----------|----------|----------|----------|
|   512 |    128 |      0 |    1.667 |   307.14 |    2.560 |    50.00 |
|   512 |    128 |    512 |    1.800 |   284.44 |    2.783 |    46.00 |
|   512 |    128 |   1024 |    1.950 |   262.56 |    2.977 |    43.00 |
`;

test('the table of llama-bench is read by its columns, and mixed tests are left out', () => {
  assert.deepEqual(speedsIn('llama-bench', LLAMA_BENCH, 0), { decode: 34.82, prefill: 151.37 });
  assert.deepEqual(speedsIn('llama-bench', LLAMA_BENCH, 2048), { decode: 28.9, prefill: 151.37 });
});

test('the JSON of llama-bench is found between other words, whole or line by line', () => {
  assert.deepEqual(speedsIn('llama-bench-json', LLAMA_BENCH_JSON, 0), {
    decode: 51.5,
    prefill: 307.25,
  });
  assert.deepEqual(speedsIn('llama-bench-json', LLAMA_BENCH_JSONL, 4000), {
    decode: 40.25,
    prefill: 300.5,
  });
});

test('of a sweep the row with the wanted context counts', () => {
  assert.deepEqual(speedsIn('sweep-bench', SWEEP_BENCH, 0), { decode: 50, prefill: 307.14 });
  assert.deepEqual(speedsIn('sweep-bench', SWEEP_BENCH, 1024), { decode: 43, prefill: 307.14 });
});

test('speeds that can not be told apart, or are not there, are a sentence and no figure', () => {
  const refused = (words, run) => assert.throws(run, (e) => e instanceof Problem && words.test(e));
  const twice = `${LLAMA_BENCH_JSONL}{"n_prompt": 0, "n_gen": 64, "n_depth": 4000, "avg_ts": 41}`;
  refused(/more than one decode speed \(tg128, tg64\)/, () =>
    speedsIn('llama-bench-json', twice, 4000),
  );
  refused(/no decode speed at a depth of 99; it has 0, 2048/, () =>
    speedsIn('llama-bench', LLAMA_BENCH, 99),
  );
  refused(/holds no speed/, () => speedsIn('sweep-bench', LLAMA_BENCH, 0));
  refused(/holds no speed/, () => speedsIn('llama-bench-json', '[\n broken ]', 0));
  refused(/no format "csv"/, () => speedsIn('csv', LLAMA_BENCH, 0));
});

test('a pattern needs one group around a number, and its last match counts', () => {
  const words = 'warm-up: 10.5 tok/s\neval: 33.25 tok/s\n';
  assert.equal(speedByPattern('([\\d.]+) tok/s', words), 33.25);
  assert.equal(speedByPattern('^warm-up: ([\\d.]+)', words), 10.5);
  for (const [pattern, why] of [
    ['[\\d.]+ tok/s', /0 groups/],
    ['(\\d+)\\.(\\d+)', /2 groups/],
    ['(', /no regular expression/],
    ['speed ([\\d.]+)', /no number above 0/],
    ['(eval)', /no number above 0/],
  ]) {
    assert.throws(
      () => speedByPattern(pattern, words),
      (error) => error instanceof Problem && why.test(error.message),
      pattern,
    );
  }
});

test('the median of an even count lies between the middle two, and numbers sort as numbers', () => {
  assert.deepEqual(spread([100, 9, 20, 30]), { min: 9, median: 25, max: 100 });
  assert.deepEqual(spread([7]), { min: 7, median: 7, max: 7 });
  assert.equal(percent(0.8749), '87 %');
});

test('a table stays a table whatever its cells hold', () => {
  assert.equal(
    markdown(['a|b', 'n'], [['x', 10]]),
    ['| a\\|b |   n |', '| ---- | --: |', '| x    |  10 |'].join('\n'),
  );
});

test('a comparison is of medians, and only of what both engines measured', () => {
  const ours = [40, 60, 50].map((speed) => ({
    decode_tok_s: { min: 1, median: speed, max: 99 },
    prefill_tok_s: { min: 1, median: 10 * speed, max: 999 },
    read_gb_s: speed / 2,
    roofline_fraction: 0.9,
  }));
  const result = comparison([{ decode: 20 }, { decode: 30 }, { decode: 25 }], ours);
  assert.equal(result.decode.ratio, 2);
  assert.deepEqual(result.decode.theirs, { min: 20, median: 25, max: 30 });
  assert.deepEqual(result.read_gb_s, { min: 20, median: 25, max: 30 });
  assert.equal(result.prefill, undefined);
  const words = comparisonTable({ ...result, label: 'them', theirs: 'x', ours: 'y', rounds: 3 });
  assert.match(words, /\| decode tok\/s +\| 20\.0 \/ 25\.0 \/ 30\.0 \| +40\.0 .*\| +2\.00 × \|/);
  assert.doesNotMatch(words, /prefill/);
});

test('the arguments of our side keep what was given', () => {
  assert.deepEqual(withDefaults(['--threads', '2']), ['--threads', '2', '--repeats', '1']);
  assert.deepEqual(withDefaults(['--repeats=3']), ['--repeats=3']);
  assert.equal(depthOf(['--depth', '2048', '--threads', '1']), 2048);
  assert.equal(depthOf(['--depth=512']), 512);
  assert.equal(depthOf(['--threads', '1']), 0);
});

const COMPUTER = { isas: ['scalar', 'avx2'], threads: 2, context: 4096, synthetic: true };

test('a table changes one thing and leaves the rest as in the base', () => {
  const normal = base(COMPUTER);
  assert.deepEqual(normal, {
    ...{ isa: 'avx2', threads: 2, head: 'fast', kv: 'int8' },
    ...{ density: 1, depth: 0 },
  });
  for (const { shown, runs } of tables(COMPUTER, 32)) {
    for (const run of runs) {
      for (const name of Object.keys(normal))
        assert.ok(shown.includes(name) || run[name] === normal[name], `${name} in ${shown}`);
    }
  }
});

test('no run writes beyond the context, and the slow path is spared the long ones', () => {
  const runs = [...tables(COMPUTER, 32), ...everything(COMPUTER, 32)].flatMap(({ runs }) => runs);
  assert.ok(runs.every((run) => run.depth + 1 + 32 <= COMPUTER.context));
  assert.ok(runs.some((run) => run.depth > 4000));
  assert.ok(runs.every((run) => run.isa !== 'scalar' || run.depth === 0));
  const how = { promptTokens: 512, decodeTokens: 32, repeats: 2 };
  const args = (isa) => benchArgs({ ...base(COMPUTER), isa }, how).join(' ');
  assert.match(args('avx2'), /--ffn-density 1 --prompt-tokens 512 --decode-tokens 32 --repeats 2$/);
  assert.match(args('scalar'), /--prompt-tokens 8 --decode-tokens 2 --repeats 1$/);
});

test('a model from a file has no density to choose, and one thread is not measured twice', () => {
  const computer = { ...COMPUTER, threads: 1, synthetic: false };
  const plan = tables(computer, 32);
  assert.ok(!plan.some(({ title }) => title === 'FFN density'));
  assert.equal(plan.find(({ title }) => title === 'Threads').runs.length, 1);
  assert.ok(!benchArgs(base(computer), {}).includes('--ffn-density'));
});
