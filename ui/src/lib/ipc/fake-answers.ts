/** Which of its texts the fake answers with. */
import { SHAPES, hugeAnswer } from './fake-long';
import { CODE, GENERAL, LONG, MODEL, OFFLINE, STORED, TABLE, TERN, UNKNOWN } from './fake-texts';

/** Length of the answer to a question for a huge one; it leaves room to be written on. */
const HUGE = 260_000;

/** The same question always gets the same answer. */
export function answerTo(question: string, guide: boolean): string {
  const q = question.toLowerCase();
  const shape = SHAPES.find((name) => q.includes(`huge ${name}`));
  if (shape !== undefined) return hugeAnswer(shape, HUGE);
  if (q.includes('long')) return LONG;
  if (q.includes('code') || q.includes('python')) return CODE;
  if (q.includes('table') || q.includes('compare')) return TABLE;
  if (q.includes('stored')) return STORED;
  if (q.includes('offline')) return OFFLINE;
  if (q.includes('large model')) return MODEL;
  if (q.includes('tern?') || q.includes('what is tern')) return guide ? TERN : GENERAL;
  return guide ? UNKNOWN : GENERAL;
}

/** The answer in the pieces in which it is written. */
export function piecesOf(question: string, guide: boolean): string[] {
  return answerTo(question, guide).match(/\s*\S{1,6}|\s+$/g) ?? [];
}
