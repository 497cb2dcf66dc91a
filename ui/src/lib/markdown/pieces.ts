/** The blocks of an answer in pieces, each of which is on the page as a whole or not at all. */
import type { Block } from './stream';

/** A piece is about so long. Shorter answers are one piece. */
const PIECE = 6000;
/** Headings and rules have more room above them: where pieces meet, it would add up. */
const HAS_ROOM_ABOVE = /^ {0,3}(#|[-*_] ?[-*_] ?[-*_])|^[^\n]*\n *(=+|-+) *(\n|$)/;

/** At least one piece, the last of which takes the open part. Blocks that follow change no piece but the last. */
export function piecesOf(blocks: Block[]): Block[][] {
  const pieces: Block[][] = [[]];
  let length = 0;
  for (const block of blocks) {
    if (length >= PIECE && !HAS_ROOM_ABOVE.test(block.source)) {
      pieces.push([]);
      length = 0;
    }
    pieces.at(-1)?.push(block);
    length += block.source.length;
  }
  return pieces;
}
