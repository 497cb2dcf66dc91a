/** The text of rendered Markdown, block by block as `blocksOf` has it, without building a page of it. */
import { foldedText } from '../fold';
import { blocksOf, INLINE } from './blocks';

/** Attributes have no `>` of their own: what is written into them is escaped. */
const PARTS = /<\/?([a-z][a-z0-9]*)[^>]*>|[^<]+/g;
/** What is not a message's text (see `blocks.ts`), with its end. None of it has another of its kind in it. */
const NOT_TEXT = [
  ['<div class="code-head">', '</div>'],
  ['<button', '</button>'],
  ['<thead role="rowgroup" class="again ', '</thead>'],
] as const;
/** All that `escapeHtml` writes. */
const ESCAPED: Record<string, string> = { '&lt;': '<', '&gt;': '>', '&quot;': '"', '&amp;': '&' };
/** Formulas are set on a page, and line ends of old computers are read in another way there. */
const NEEDS_PAGE = /class="math|\r/;

function onPage(html: string): string[] {
  const template = document.createElement('template');
  template.innerHTML = html;
  return blocksOf(template.content).map(({ folded }) => folded.text);
}

/** Folded text of each block of what `renderUncoloured` made. */
export function blockTexts(html: string): string[] {
  if (NEEDS_PAGE.test(html)) return onPage(html);
  const blocks: string[] = [];
  let text = '';
  const end = () => {
    if (/\S/.test(text)) blocks.push(foldedText(text));
    text = '';
  };
  PARTS.lastIndex = 0;
  for (let part = PARTS.exec(html); part !== null; part = PARTS.exec(html)) {
    const [whole, tag] = part;
    if (tag === undefined) {
      text += whole.replace(/&(?:lt|gt|quot|amp);/g, (escaped) => ESCAPED[escaped] ?? escaped);
      continue;
    }
    const skipped = NOT_TEXT.find(([from]) => whole.startsWith(from));
    if (skipped !== undefined) {
      // Never back: an end that is missing must not hold up the window.
      PARTS.lastIndex = Math.max(PARTS.lastIndex, html.indexOf(skipped[1], part.index));
    } else if (!INLINE.has(tag)) {
      end();
    }
  }
  end();
  return blocks;
}
