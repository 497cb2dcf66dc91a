// The steps of a test run: all of them are tried, and the end says which failed and how long each took.

import { Problem, duration, say } from './terminal.mjs';

export class Report {
  #rows = [];
  #strict;
  #print;

  /** `strict`: a step that can't run here counts as failed. */
  constructor({ strict, print = console.log }) {
    this.#strict = strict;
    this.#print = print;
  }

  /**
   * Runs `body`, which resolves to an exit code, or to nothing for success. A `Problem` is a
   * failure with a sentence. The step is left out when the step named `needs` did not pass.
   */
  async step(name, body, { needs } = {}) {
    if (
      needs !== undefined &&
      !this.#rows.some((row) => row.name === needs && row.outcome === 'passed')
    ) {
      this.#add(name, 'failed', 0, `not run, because "${needs}" did not pass`);
      return;
    }
    this.#print(`\n── ${name} ──`);
    const started = Date.now();
    let code;
    let note = '';
    try {
      code = (await body()) ?? 0;
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      code = 1;
      note = error.message;
    }
    // Ctrl-C: the person wants the whole run to end.
    if (code === 130) process.exit(130);
    this.#add(name, code === 0 ? 'passed' : 'failed', (Date.now() - started) / 1000, note);
  }

  /** A step that can't run here when there is a `reason`: skipped with that line, or failed when strict. */
  async stepUnless(reason, name, body, options) {
    if (reason === null) return this.step(name, body, options);
    this.#add(name, this.#strict ? 'failed' : 'skipped', 0, reason);
    return undefined;
  }

  #add(name, outcome, seconds, note) {
    this.#rows.push({ name, outcome, seconds, note });
    if (note !== '') say(`${name} ${outcome}: ${note}`);
  }

  /** Prints the table; 1 when a step failed. */
  finish() {
    const width = Math.max(...this.#rows.map((row) => row.name.length));
    this.#print('');
    for (const { name, outcome, seconds, note } of this.#rows) {
      this.#print(
        `${name.padEnd(width)}  ${outcome.padEnd(7)}  ${duration(seconds).padStart(7)}${note === '' ? '' : `  ${note}`}`,
      );
    }
    const failed = this.#rows.filter((row) => row.outcome === 'failed');
    const total = this.#rows.reduce((sum, row) => sum + row.seconds, 0);
    this.#print(
      failed.length === 0
        ? `\nAll passed in ${duration(total)}.`
        : `\nFailed after ${duration(total)}: ${failed.map((row) => row.name).join(', ')}.`,
    );
    return failed.length === 0 ? 0 : 1;
  }
}
