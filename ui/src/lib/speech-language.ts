/** Scripts that stand for one language, or for the largest of those that use them. */
const SCRIPTS: [RegExp, string][] = [
  [/\p{Script=Hiragana}|\p{Script=Katakana}/u, 'ja'],
  [/\p{Script=Hangul}/u, 'ko'],
  [/\p{Script=Han}/u, 'zh'],
  [/\p{Script=Cyrillic}/u, 'ru'],
  [/\p{Script=Greek}/u, 'el'],
  [/\p{Script=Arabic}/u, 'ar'],
  [/\p{Script=Hebrew}/u, 'he'],
  [/\p{Script=Devanagari}/u, 'hi'],
  [/\p{Script=Thai}/u, 'th'],
];

/** Words that are frequent in one language and rare in the others. */
const WORDS: [string, Set<string>][] = [
  ['en', new Set(['the', 'and', 'of', 'is', 'that', 'with', 'you', 'it', 'are', 'this'])],
  ['de', new Set(['der', 'die', 'und', 'das', 'ist', 'nicht', 'ein', 'mit', 'sie', 'auf'])],
  ['fr', new Set(['le', 'les', 'et', 'est', 'des', 'une', 'dans', 'vous', 'pour', 'qui'])],
  ['es', new Set(['el', 'los', 'y', 'es', 'una', 'por', 'con', 'las', 'para', 'como'])],
  ['it', new Set(['il', 'di', 'che', 'è', 'per', 'sono', 'gli', 'una', 'con', 'della'])],
];

/** As much of a text as tells its language. */
const SAMPLE = 2000;

/** The language a text is most likely in, so that a voice can be chosen; else `fallback`. */
export function spokenLanguage(text: string, fallback: string): string {
  const sample = text.slice(0, SAMPLE).toLowerCase();
  const letters = sample.match(/\p{L}/gu) ?? [];
  for (const [script, language] of SCRIPTS) {
    if (letters.filter((letter) => script.test(letter)).length > letters.length / 4)
      return language;
  }
  const words = sample.match(/\p{L}+/gu) ?? [];
  let best = { language: fallback, count: 0 };
  for (const [language, frequent] of WORDS) {
    const count = words.filter((word) => frequent.has(word)).length;
    const isBetter = count > best.count || (count === best.count && language === fallback);
    if (isBetter) best = { language, count };
  }
  return best.language;
}
