// npm run bench: how fast this computer is. Everything lands in target/bench.
//
// `npm run bench -- PATH` measures the model at PATH as well, and the kernels one by one.
// `npm run bench -- --table [PATH]` prints a table for each thing that can be chosen: instruction set, threads, head,
// keys and values, FFN density. `--all` measures every combination, which takes hours.
// `--repeats`, `--prompt-tokens` and `--decode-tokens` make the tables' runs longer or shorter.

import fs from 'node:fs';
import { parseArgs } from 'node:util';
import { locked } from './lib/cargo.mjs';
import { markdown, percent, spreadCell } from './lib/figures.mjs';
import { benchArgs, everything, tables } from './lib/plan.mjs';
import { SYNTHETIC, buildTern, figuresFile, ternBench } from './lib/tern.mjs';
import { Problem, duration, main, must, say } from './lib/terminal.mjs';

/** What `tern bench` found, as a row of a table. */
function figureCells(figures) {
  return [
    spreadCell(figures.decode_tok_s),
    (figures.bytes_per_token / 1e6).toFixed(1),
    figures.read_gb_s.toFixed(1),
    percent(figures.roofline_fraction),
    figures.prefill_tok_s.median.toFixed(1),
    percent(figures.prefill_peak_fraction),
    (figures.peak_rss_bytes / 1e6).toFixed(0),
  ];
}

const FIGURE_COLUMNS = [
  'decode tok/s (min / median / max)',
  'MB per token',
  'read GB/s',
  'of roofline',
  'prefill tok/s',
  'of int8 peak',
  'memory MB',
];

/** The Guide, the full-size model at two depths, and models that were named; then the kernels. */
async function overview(tern, models) {
  const rows = [];
  const wanted = ['guide', SYNTHETIC, ...models].map((model) => [model, 0]);
  for (const [model, depth] of [...wanted, [SYNTHETIC, 2048]]) {
    say(`tern bench --model ${model} --depth ${depth}`);
    rows.push(ternBench(tern, ['--model', model, '--depth', String(depth)]));
  }
  const head = ['model', 'depth', 'isa', 'threads', ...FIGURE_COLUMNS, 'first token ms'];
  const cells = rows.map((row) => [
    ...[row.model, row.depth, row.isa, row.threads],
    ...figureCells(row),
    row.ttft_ms.toFixed(0),
  ]);
  console.log(`\n${markdown(head, cells)}\n`);
  const file = figuresFile('', 'json');
  fs.writeFileSync(file, `${JSON.stringify(rows, null, 2)}\n`);
  say(`figures in ${file}`);
  // Large pages, as weights lie in; where the C library does not know this, it changes nothing.
  const env = { GLIBC_TUNABLES: 'glibc.malloc.hugetlb=1' };
  const kernels = ['bench', ...locked, '-p', 'tern-kernels'];
  await must('The kernel benches failed', 'cargo', kernels, { env });
}

/** The tables of one model. A run that several tables show is made once. */
function printTables(tern, model, all, how) {
  const file = figuresFile('-table', 'jsonl');
  const write = (figures) => fs.appendFileSync(file, `${JSON.stringify(figures)}\n`);
  const once = ['--prompt-tokens', '1', '--decode-tokens', '1', '--repeats', '1'];
  const { isas, threads, context } = ternBench(tern, ['--model', model, ...once]);
  const computer = { isas, threads, context, synthetic: model === SYNTHETIC };
  const plan = (all ? everything : tables)(computer, how.decodeTokens);
  const keys = new Set(plan.flatMap(({ runs }) => runs.map((run) => JSON.stringify(run))));
  const started = Date.now();
  const done = new Map();
  const measure = (run) => {
    const key = JSON.stringify(run);
    if (!done.has(key)) {
      const args = ['--model', model, ...benchArgs(run, how)];
      const passed = duration((Date.now() - started) / 1000);
      say(`${done.size + 1} of ${keys.size} (${passed}): TERN_ISA=${run.isa} ${args.join(' ')}`);
      const figures = ternBench(tern, args, run.isa);
      write(figures);
      done.set(key, figures);
    }
    return done.get(key);
  };
  const printed = plan.map(({ title, shown, runs }) => {
    const rows = runs.map((run) => [
      ...shown.map((name) => run[name]),
      ...figureCells(measure(run)),
    ]);
    return `## ${title}\n\n${markdown([...shown, ...FIGURE_COLUMNS], rows)}\n`;
  });
  const other = Object.entries(plan[0].runs[0]).filter(([name]) => !all && name !== 'isa');
  const fixed = all
    ? ''
    : `, otherwise ${other.map(([name, value]) => `${name} ${value}`).join(', ')}`;
  console.log(`\n# ${model} on ${isas.at(-1)}${fixed}\n\n${printed.join('\n')}`);
  say(`figures in ${file}`);
}

/** The number of an option, at least 1. */
function count(values, name) {
  const number = Number(values[name]);
  if (!Number.isInteger(number) || number < 1)
    throw new Problem(`--${name} takes a whole number above 0, not "${values[name]}".`);
  return number;
}

function options() {
  const number = (normal) => ({ type: 'string', default: normal });
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        table: { type: 'boolean', default: false },
        all: { type: 'boolean', default: false },
        repeats: number('2'),
        'prompt-tokens': number('512'),
        'decode-tokens': number('32'),
      },
    });
  } catch (error) {
    throw new Problem(`${error.message}`);
  }
}

await main(async () => {
  const { values, positionals } = options();
  const how = {
    repeats: count(values, 'repeats'),
    promptTokens: count(values, 'prompt-tokens'),
    decodeTokens: count(values, 'decode-tokens'),
  };
  const tern = await buildTern();
  if (!values.table && !values.all) return overview(tern, positionals);
  for (const model of positionals.length === 0 ? [SYNTHETIC] : positionals)
    printTables(tern, model, values.all, how);
  return 0;
});
