// What the benchmarks of other engines print, read as tokens per second.

import { Problem } from './terminal.mjs';

/** Rows of Markdown tables, as objects by the names of their columns. Other lines are left out. */
function tableRows(text) {
  const rows = [];
  let columns = null;
  for (const line of text.split('\n')) {
    const cells = /^\s*\|(.*)\|\s*$/.exec(line)?.[1].split('|');
    if (cells === undefined) columns = null;
    else if (columns === null) columns = cells.map((cell) => cell.trim());
    else if (!cells.every((cell) => /^\s*:?-+:?\s*$/.test(cell)))
      rows.push(Object.fromEntries(columns.map((name, i) => [name, (cells[i] ?? '').trim()])));
  }
  return rows;
}

/** `llama-bench`, of llama.cpp and bitnet.cpp, as it prints by itself. */
function llamaBench(text) {
  return tableRows(text).flatMap((row) => {
    // pp512, tg128, tg128 @ d4096; pp512+tg128 is neither and left out.
    const test = /^(pp|tg)(\d+)(?: @ d(\d+))?$/.exec(row.test ?? '');
    const speed = Number.parseFloat(row['t/s']);
    if (test === null || Number.isNaN(speed)) return [];
    const [name, kind, , depth] = test;
    return [{ name, kind: kind === 'pp' ? 'prefill' : 'decode', depth: Number(depth ?? 0), speed }];
  });
}

/** The records of `llama-bench -o json` or `-o jsonl`, whatever else was printed around them. */
function jsonRecords(text) {
  const start = text.search(/^\[\s*$/m);
  if (start >= 0) {
    const end = text.lastIndexOf(']');
    try {
      return JSON.parse(text.slice(start, end + 1));
    } catch {
      return [];
    }
  }
  return text.split('\n').flatMap((line) => {
    try {
      const record = JSON.parse(line);
      return Array.isArray(record) ? record : [record];
    } catch {
      return [];
    }
  });
}

/** `llama-bench -o json`. */
function llamaBenchJson(text) {
  return jsonRecords(text).flatMap((record) => {
    const { n_prompt: read, n_gen: written, n_depth: depth = 0, avg_ts: speed } = record ?? {};
    if (typeof speed !== 'number' || read > 0 === written > 0) return [];
    return read > 0
      ? [{ name: `pp${read}`, kind: 'prefill', depth, speed }]
      : [{ name: `tg${written}`, kind: 'decode', depth, speed }];
  });
}

/** `llama-sweep-bench`, of ik_llama.cpp: a row for each length of the context, with both speeds. */
function sweepBench(text) {
  return tableRows(text).flatMap((row) => {
    const depth = Number.parseInt(row.N_KV, 10);
    if (Number.isNaN(depth)) return [];
    return [
      { name: `PP ${row.PP}`, kind: 'prefill', depth, speed: Number.parseFloat(row['S_PP t/s']) },
      { name: `TG ${row.TG}`, kind: 'decode', depth, speed: Number.parseFloat(row['S_TG t/s']) },
    ].filter(({ speed }) => speed > 0);
  });
}

/** The outputs that can be read, by the name that `--format` takes. */
export const FORMATS = {
  'llama-bench': llamaBench,
  'llama-bench-json': llamaBenchJson,
  'sweep-bench': sweepBench,
};

/**
 * Tokens per second out of an engine's output: `{ decode, prefill }`, where each is a number or missing. `depth` is
 * how many tokens were in the context when writing started; reading starts in an empty one.
 */
export function speedsIn(format, text, depth) {
  const read = FORMATS[format];
  if (read === undefined)
    throw new Problem(
      `There is no format "${format}". Choose one of: ${Object.keys(FORMATS).join(', ')}.`,
    );
  const found = read(text);
  if (found.length === 0) throw new Problem(`The output holds no speed in the format ${format}.`);
  const decode = one(found, 'decode', depth);
  const prefill = one(found, 'prefill', 0);
  const written = found.filter((row) => row.kind === 'decode');
  if (written.length > 0 && decode === undefined) {
    const depths = [...new Set(written.map((row) => row.depth))].join(', ');
    throw new Problem(
      `The output has no decode speed at a depth of ${depth}; it has ${depths}. Give both the same depth.`,
    );
  }
  if (decode === undefined && prefill === undefined)
    throw new Problem('The output has speeds of reading into a full context only.');
  return { decode, prefill };
}

/** The one speed of this kind and depth; two of them can't be told apart. */
function one(found, kind, depth) {
  const rows = found.filter((row) => row.kind === kind && row.depth === depth);
  if (rows.length > 1) {
    const names = rows.map((row) => row.name).join(', ');
    throw new Problem(`The output has more than one ${kind} speed (${names}). Run one of them.`);
  }
  return rows[0]?.speed;
}

/** The number that the one group of `pattern` matches; the last match counts, as benchmarks sum up at their end. */
export function speedByPattern(pattern, text) {
  let every;
  try {
    every = new RegExp(pattern, 'gm');
  } catch (error) {
    throw new Problem(`The pattern is no regular expression: ${error.message}.`);
  }
  // Matching nothing is always possible with an empty alternative, and shows how many groups there are.
  const groups = new RegExp(`${pattern}|`).exec('').length - 1;
  if (groups !== 1)
    throw new Problem(`The pattern has ${groups} groups; it needs one, around the number.`);
  const last = [...text.matchAll(every)].at(-1);
  const speed = Number(last?.[1]);
  if (!(speed > 0)) throw new Problem('The pattern finds no number above 0 in the output.');
  return speed;
}
