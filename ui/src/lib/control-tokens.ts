/** The control tokens in a prompt that is shown as text, and the text in pieces a page can take. */

export interface PromptPiece {
  text: string;
  control: boolean;
}

/** How the known chat templates write them: `<|eot_id|>`, `<s>`, `</s>`, `[INST]`. */
const CONTROL = /<\|[a-zA-Z0-9_]+\|>|<\/?s>|\[\/?INST\]|>>[A-Z_]+<</g;

/** A text as control tokens and what is between them. */
export function piecesOf(text: string): PromptPiece[] {
  const pieces: PromptPiece[] = [];
  let end = 0;
  for (const { 0: token, index } of text.matchAll(CONTROL)) {
    if (index > end) pieces.push({ text: text.slice(end, index), control: false });
    pieces.push({ text: token, control: true });
    end = index + token.length;
  }
  if (end < text.length) pieces.push({ text: text.slice(end), control: false });
  return pieces;
}

/** A block of this many characters is laid out in no time. */
const BLOCK = 4000;

/** A text in blocks that end with a line, so that each can be a block of the page. */
export function blocksOf(text: string): string[] {
  const blocks: string[] = [];
  let start = 0;
  while (text.length - start > BLOCK) {
    const line = text.indexOf('\n', start + BLOCK);
    // A line that never ends is cut, but not inside a character.
    const wanted = line === -1 || line > start + 2 * BLOCK ? start + BLOCK : line + 1;
    const isHalf = /[\uD800-\uDBFF]/.test(text[wanted - 1] ?? '');
    const end = isHalf ? wanted + 1 : wanted;
    blocks.push(text.slice(start, end));
    start = end;
  }
  if (start < text.length) blocks.push(text.slice(start));
  return blocks;
}
