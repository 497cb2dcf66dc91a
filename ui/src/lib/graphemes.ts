/** Text as it is seen: what is one character, and what is none. */

export const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/** No character is longer; only towers of accents are. */
const LONGEST = 64;

/** True if there is anything to see: not only blanks, control characters and marks of no width. */
export function isVisible(text: string): boolean {
  return /[^\s\p{Cc}\p{Default_Ignorable_Code_Point}]/u.test(text);
}

/** The beginning of `text`, at most `length` long. */
export function beginning(text: string, length: number): string {
  if (text.length <= length) return text;
  const cut = graphemes.segment(text.slice(0, length + LONGEST)).containing(length)?.index;
  return text.slice(0, cut || length);
}

/** From `start` to `end`, widened to whole characters. */
export function wholeCharacters(
  characters: Intl.Segments,
  start: number,
  end: number,
): [number, number] {
  const first = characters.containing(start)?.index ?? start;
  const last = characters.containing(end);
  const isCut = last !== undefined && last.index < end;
  return [first, isCut ? last.index + last.segment.length : end];
}
