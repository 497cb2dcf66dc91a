/** The text of a rendered message, block by block: a match may cross bold and links, not paragraphs. */
import { foldWithPlaces, places, unfold, type Folded } from '../fold';
import { graphemes, wholeCharacters } from '../graphemes';

interface Piece {
  node: Text | Element;
  /** Where its text begins in the block's. */
  at: number;
}

export interface Block {
  text: string;
  folded: Folded;
  pieces: Piece[];
}

/** A formula is found by its source and painted as a whole. */
const FORMULA = '.math:has(annotation)';
export const INLINE = new Set(['a', 'br', 'code', 'em', 's', 'span', 'strong']);
/** Words of the window, not of the message, and what is said again. */
const NOT_TEXT = '.code-head, button, .again';

export function blocksOf(root: Node): Block[] {
  const blocks: Block[] = [];
  let text = '';
  let pieces: Piece[] = [];
  const end = () => {
    if (/\S/.test(text)) blocks.push({ text, folded: foldWithPlaces(text), pieces });
    text = '';
    pieces = [];
  };
  const walk = (node: Node) => {
    if (node instanceof Text) {
      pieces.push({ node, at: text.length });
      text += node.data;
    } else if (!(node instanceof Element)) {
      node.childNodes.forEach(walk);
    } else if (node.matches(FORMULA)) {
      pieces.push({ node, at: text.length });
      text += node.querySelector('annotation')?.textContent ?? '';
      if (node.matches('.math-display')) end();
    } else if (!node.matches(NOT_TEXT)) {
      const inline = INLINE.has(node.localName);
      if (!inline) end();
      node.childNodes.forEach(walk);
      if (!inline) end();
    }
  };
  walk(root);
  end();
  return blocks;
}

function pointAt(pieces: Piece[], offset: number, isEnd: boolean): [Node, number] {
  // An end belongs to the piece before it, a start to the piece after it.
  const piece = pieces.findLast(({ at }) => (isEnd ? at < offset : at <= offset));
  if (piece === undefined) throw new RangeError('a match outside its block');
  const { node, at } = piece;
  if (node instanceof Text) return [node, offset - at];
  return [node, isEnd ? node.childNodes.length : 0];
}

/** The matches `from` to `to` below `root`, counted from 0. */
export function rangesIn(root: Node, query: string, from: number, to: number): StaticRange[] {
  const ranges: StaticRange[] = [];
  let nth = 0;
  for (const { text, folded, pieces } of blocksOf(root)) {
    const characters = graphemes.segment(text);
    for (const at of places(folded.text, query)) {
      if (nth >= to) return ranges;
      if (nth >= from) {
        const found = unfold(folded, at, at + query.length);
        const [start, end] = wholeCharacters(characters, ...found);
        const [startContainer, startOffset] = pointAt(pieces, start, false);
        const [endContainer, endOffset] = pointAt(pieces, end, true);
        ranges.push(new StaticRange({ startContainer, startOffset, endContainer, endOffset }));
      }
      nth += 1;
    }
  }
  return ranges;
}
