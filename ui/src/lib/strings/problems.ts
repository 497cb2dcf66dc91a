/**
 * What went wrong, in the window's language. The program sends which problem it is and the facts;
 * each catalogue has a sentence for every kind, and a missing one is a type error.
 */
import { isolated } from '../direction';
import { beginning } from '../graphemes';
import { problemOf, type ModelWarning, type ProblemDetail } from '../ipc/host';
import { language } from './language.svelte';
import { problemsDe, warningsDe } from './problems-de';
import { problemsEn, warningsEn } from './problems-en';

/** What a sentence is made of. Of a problem behind the problem that is its sentence. */
type Facts<T> = { [Name in keyof T]: T[Name] extends { kind: string } ? string : T[Name] };

/** One sentence for each kind of `T`. */
type Words<T extends { kind: string }> = {
  [Kind in T['kind']]: (facts: Facts<Extract<T, { kind: Kind }>>) => string;
};

export type ProblemWords = Words<ProblemDetail>;
export type WarningWords = Words<ModelWarning>;

const problems = { en: problemsEn, de: problemsDe };
const warnings = { en: warningsEn, de: warningsDe };

/** Facts come from files, from people and from the system: no text of theirs is longer in a sentence. */
const LONGEST = 1000;

/** A text that can stand in a sentence: on one line, with an end, in a direction of its own. */
function fact(name: string, text: string): string {
  const line = text.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ').trim();
  const short = line.length > LONGEST ? `${beginning(line, LONGEST)}…` : line;
  // The sentence around it has an end already.
  return isolated(name === 'detail' ? short.replace(/[\s.]+$/, '') : short);
}

function say<T extends { kind: string }>(words: Words<T>, said: T): string {
  const facts = Object.entries(said).map(([name, value]): [string, unknown] => {
    if (typeof value === 'string') return [name, fact(name, value)];
    return [name, typeof value === 'object' ? problemText(value as ProblemDetail) : value];
  });
  const sentence = words[said.kind as T['kind']] as (facts: object) => string;
  return sentence(Object.fromEntries(facts));
}

/** What happened and what to do. */
export function problemText(problem: ProblemDetail): string {
  return say(problems[language.current], problem);
}

/** What is worth knowing about a model. */
export function warningText(warning: ModelWarning): string {
  return say(warnings[language.current], warning);
}

/** Why a host method threw. */
export function reasonOf(thrown: unknown): string {
  return problemText(problemOf(thrown).detail);
}
