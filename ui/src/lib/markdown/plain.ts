/** Markdown as words, for a screen reader's live region. */

/** `text` without its marks; code blocks are named, not read. */
export function plainWords(text: string): string {
  return text
    .replace(/^\s*(```|~~~).*$/gm, '')
    .replace(/^[ \t]*(#{1,6}|>|[-*+]|\d+[.)])[ \t]+/gm, '')
    .replace(/!?\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/[*_`~|]+/g, '')
    .replace(/\s+/g, ' ')
    .trim();
}

/** The first words of a text, where there is little room. */
export function firstWords(text: string, length: number): string {
  const words = plainWords(text.slice(0, 4 * length));
  return words.length > length ? `${words.slice(0, length).trimEnd()}…` : words;
}

/** Length of the part of `text` that ends with a finished sentence or line. */
export function finishedLength(text: string): number {
  let end = 0;
  for (const match of text.matchAll(/[.!?…。！？]["')\]»”’]*(?=\s)|\n/g)) {
    end = match.index + match[0].length;
  }
  return end;
}
