/** Long things for the fake: a chat of thousands of messages, and answers of hundreds of thousands of characters. */
import { CODE, GENERAL, LONG, TABLE } from './fake-texts';

/** Kinds of one huge answer, by the shape of what is in it. */
export const SHAPES = ['blocks', 'code', 'list', 'ones', 'paragraph', 'quote', 'table'] as const;
export type Shape = (typeof SHAPES)[number];

const FORMULAS =
  'The error of a mean falls with the root of the count: $\\sigma_n = \\sigma / \\sqrt{n}$, so that\n\n$$\nn = \\left(\\frac{\\sigma}{\\sigma_n}\\right)^2\n$$\n\nmeasurements are needed.';

const SHORT = 'Yes, in summer; in winter they are far out at sea.';

const KINDS = [SHORT, GENERAL, CODE, SHORT, TABLE, LONG, FORMULAS];

/** Question and answer number `turn`, from 1: short ones, long ones, code, tables and formulas. */
export function mixedTurn(turn: number): [question: string, answer: string] {
  const more = turn % 11 === 0 ? ` ${'Say it in full, and with an example. '.repeat(9)}` : '';
  const kind = KINDS[turn % KINDS.length] ?? SHORT;
  return [`Question ${turn}: tell me about birds.${more}`, `Answer ${turn}. ${kind}`];
}

/** Line number `n` of an answer of this shape. */
function lineOf(shape: Shape, n: number): string {
  switch (shape) {
    case 'code':
      return `    total_${n} = weigh(samples[${n}], scale=0.${n % 10})  # step ${n}\n`;
    case 'list':
      return `- Sighting ${n}: a **common tern** over the \`harbour\`, going south.\n`;
    case 'ones':
      return `1. Sighting ${n}: a **common tern** over the \`harbour\`, going south.\n`;
    case 'quote':
      return n % 10 === 0
        ? `> 1. Sighting ${n}: a **common tern**.\n> 2. Another one.\n>\n`
        : `> Tern number ${n} flew *south* along the coast,\n> low over the waves.\n>\n`;
    case 'table':
      return `| ${n} | A **common tern** over the \`harbour\`, going south | ${n % 7} of 7 |\n`;
    case 'paragraph':
      return `Tern number ${n} flew *south* along the coast, low over the waves. `;
    case 'blocks':
      return n % 12 === 0
        ? `## Part ${n / 12}\n\n`
        : n % 12 === 5
          ? `${CODE}\n\n`
          : `Paragraph ${n}. ${GENERAL}\n\n`;
  }
}

const FIRST: Partial<Record<Shape, string>> = {
  code: '```python\n',
  table: '| Number | Sighting | Seen by |\n| ---: | --- | :-: |\n',
};

/** An answer of this shape, at least `length` characters long. */
export function hugeAnswer(shape: Shape, length: number): string {
  const lines = [FIRST[shape] ?? ''];
  let written = 0;
  for (let n = 1; written < length; n += 1) {
    const line = lineOf(shape, n);
    lines.push(line);
    written += line.length;
  }
  if (shape === 'code') lines.push('```\n');
  return lines.join('');
}
