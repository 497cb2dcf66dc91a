// What `npm run bench -- --table` measures: one thing changed at a time, or everything with everything.

/** The scalar path is there to be compared with: what takes others a second takes it minutes. */
const SLOW = { isa: 'scalar', promptTokens: 8, decodeTokens: 2, repeats: 1 };

/** The values of each dimension on this computer. The base takes the one that `base` chooses. */
export function dimensions({ isas, threads, context, synthetic }, decodeTokens) {
  return {
    isa: [...isas],
    threads: [...new Set([1, threads])],
    head: ['fast', 'exact', 'full'],
    kv: ['f32', 'f16', 'int8'],
    // Only a made-up model has the density one asks for.
    ...(synthetic ? { density: [1, 0.5, 0.3, 0.2] } : {}),
    // As long a context as there is, less what is written then.
    depth: [0, Math.min(4096, context - 1 - decodeTokens)],
  };
}

/** What is measured when nothing else is asked for: the best path, all threads, every FFN value. */
export function base({ isas, threads, synthetic }) {
  return {
    isa: isas.at(-1),
    threads,
    head: 'fast',
    kv: 'int8',
    ...(synthetic ? { density: 1 } : {}),
    depth: 0,
  };
}

/** A table for each dimension, the others as in the base; the formats of keys and values at each depth. */
export function tables(computer, decodeTokens) {
  const values = dimensions(computer, decodeTokens);
  const normal = base(computer);
  const one = (name) => values[name].map((value) => ({ ...normal, [name]: value }));
  const kv = values.depth.flatMap((depth) => values.kv.map((kv) => ({ ...normal, kv, depth })));
  return [
    { title: 'Instruction set', shown: ['isa'], runs: one('isa') },
    { title: 'Threads', shown: ['threads'], runs: one('threads') },
    { title: 'Head', shown: ['head'], runs: one('head') },
    { title: 'Keys and values', shown: ['kv', 'depth'], runs: kv },
    ...(values.density === undefined
      ? []
      : [{ title: 'FFN density', shown: ['density'], runs: one('density') }]),
  ];
}

/** Every combination in one table. The scalar path leaves the full context out, which would take it an hour. */
export function everything(computer, decodeTokens) {
  const values = dimensions(computer, decodeTokens);
  const runs = Object.entries(values)
    .reduce(
      (runs, [name, options]) =>
        runs.flatMap((run) => options.map((value) => ({ ...run, [name]: value }))),
      [{}],
    )
    .filter((run) => run.isa !== SLOW.isa || run.depth === 0);
  return [{ title: 'Everything', shown: Object.keys(values), runs }];
}

/** The arguments of `tern bench` for a run; `how` is how long and how often. */
export function benchArgs(run, how) {
  const { promptTokens, decodeTokens, repeats } = run.isa === SLOW.isa ? SLOW : how;
  return [
    ...['--threads', run.threads, '--head', run.head, '--kv', run.kv, '--depth', run.depth],
    ...(run.density === undefined ? [] : ['--ffn-density', run.density]),
    ...['--prompt-tokens', promptTokens, '--decode-tokens', decodeTokens, '--repeats', repeats],
  ].map(String);
}
