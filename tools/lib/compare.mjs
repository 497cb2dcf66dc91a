// Another engine's speeds and ours, side by side.

import { markdown, percent, spread, spreadCell } from './figures.mjs';

/** What is compared: writing and reading. */
export const KINDS = ['decode', 'prefill'];

/** The arguments of `tern bench`, with one repeat a round, as the rounds are the repeats, unless others are given. */
export function withDefaults(args) {
  const given = args.some((arg) => /^--repeats(=|$)/.test(arg));
  return given ? args : [...args, '--repeats', '1'];
}

/** The depth in the arguments of `tern bench`. */
export function depthOf(args) {
  for (const [i, arg] of args.entries()) {
    const value = arg === '--depth' ? args[i + 1] : /^--depth=(.*)$/.exec(arg)?.[1];
    if (value !== undefined) return Number(value);
  }
  return 0;
}

/**
 * Both sides of each kind of speed that `theirs` has, and the bandwidth of our runs. `theirs` is a list of
 * `{ decode, prefill }`, one a round; `ours` is what `tern bench` reported in the same rounds.
 */
export function comparison(theirs, ours) {
  const result = {};
  for (const kind of KINDS) {
    const speeds = theirs.map((round) => round[kind]);
    if (speeds.includes(undefined)) continue;
    const sides = {
      theirs: spread(speeds),
      ours: spread(ours.map((figures) => figures[`${kind}_tok_s`].median)),
    };
    result[kind] = { ...sides, ratio: sides.ours.median / sides.theirs.median };
  }
  return {
    ...result,
    read_gb_s: spread(ours.map((figures) => figures.read_gb_s)),
    roofline_fraction: spread(ours.map((figures) => figures.roofline_fraction)),
  };
}

/** The comparison for people. */
export function comparisonTable(result) {
  const rows = KINDS.filter((kind) => result[kind] !== undefined).map((kind) => {
    const { theirs, ours, ratio } = result[kind];
    return [`${kind} tok/s`, spreadCell(theirs), spreadCell(ours), `${ratio.toFixed(2)} ×`];
  });
  const head = ['min / median / max', result.label, 'tern', 'ratio of medians'];
  return [
    markdown(head, rows),
    '',
    `Memory read at ${spreadCell(result.read_gb_s)} GB/s (min / median / max) in the runs of tern, which reached ${percent(result.roofline_fraction.median)} of it (median) while writing. ${result.rounds} rounds in turn.`,
    '',
    `- ${result.label}: \`${result.theirs}\``,
    `- tern: \`${result.ours}\``,
  ].join('\n');
}
