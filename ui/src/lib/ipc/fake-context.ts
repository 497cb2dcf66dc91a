/** How the fake program counts: about four letters make a token. */
import type { ContextUse, MessageView, Question } from './host';

const RESERVED = 512;
/** What stands around each message in a prompt. */
const AROUND = 4;

export function tokensIn(text: string): number {
  return Math.ceil(text.length / 4);
}

function tokensOf({ text, attachments }: Question): number {
  return attachments.reduce(
    (sum, file) => sum + tokensIn(file.name + file.text) + AROUND,
    tokensIn(text),
  );
}

export function contextUse(
  messages: MessageView[],
  question: Question,
  totalTokens: number,
): ContextUse {
  const room = totalTokens - RESERVED;
  const questionTokens = tokensOf(question);
  const sizes = messages.map((message) => tokensOf(message) + AROUND);
  let usedTokens = sizes.reduce((sum, size) => sum + size, questionTokens + AROUND);
  const cachedTokens = usedTokens - questionTokens - AROUND;
  const tooLong = questionTokens + AROUND > room;
  // Whole exchanges go, the oldest first.
  let first = 0;
  while (usedTokens > room && first < messages.length) {
    usedTokens -= (sizes[first] ?? 0) + (sizes[first + 1] ?? 0);
    first += 2;
  }
  return {
    usedTokens,
    totalTokens,
    // A prompt that begins otherwise is read anew.
    cachedTokens: first === 0 ? cachedTokens : 0,
    reservedTokens: RESERVED,
    questionTokens,
    leftOut: first,
    tooLong,
  };
}
