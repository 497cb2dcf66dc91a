/** Letters of the scripts that run from right to left: Hebrew, Arabic and their neighbours. */
const RIGHT_TO_LEFT =
  /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff]|[\u{10800}-\u{10fff}]|[\u{1e800}-\u{1efff}]/u;

/**
 * The direction of a text: that of its first letter. For text boxes, where `dir="auto"` takes
 * Chromium's layout ten seconds for a megabyte.
 */
export function directionOf(text: string): 'ltr' | 'rtl' {
  const letter = /\p{L}/u.exec(text)?.[0];
  return letter !== undefined && RIGHT_TO_LEFT.test(letter) ? 'rtl' : 'ltr';
}

/** Marks that turn the direction of what follows them, or end that. */
const MARKS = /[\u202a-\u202e\u2066-\u2069]/g;

/** Someone's name in a sentence of ours: it keeps its direction, and the sentence its own. */
export function isolated(name: string): string {
  const plain = name.replace(MARKS, '');
  return plain !== name || RIGHT_TO_LEFT.test(plain) ? `\u2068${plain}\u2069` : name;
}
