import { expect, it } from 'vitest';
import { spokenLanguage } from './speech-language';

it.each([
  ['The Arctic tern sees more daylight than any other creature that is known.', 'en'],
  ['Die Küstenseeschwalbe ist ein Vogel, der nicht auf einem Baum nistet.', 'de'],
  ['Les sternes vivent dans le nord et migrent pour l’hiver.', 'fr'],
  ['Los charranes viven por las costas y migran con el verano.', 'es'],
  ['La sterna è un uccello che vive sulle coste di tutti gli oceani.', 'it'],
  ['アジサシは海の鳥です。', 'ja'],
  ['燕鸥是一种海鸟。', 'zh'],
  ['Крачка — это морская птица.', 'ru'],
])('%s is read in %s', (text, language) => {
  expect(spokenLanguage(text, 'pt')).toBe(language);
});

it('a text without a sign of its language is read in that of the window', () => {
  expect(spokenLanguage('', 'de')).toBe('de');
  expect(spokenLanguage('3.14159 × 2', 'de')).toBe('de');
});

it('a foreign name does not change the language of a text', () => {
  expect(spokenLanguage('The word 海鸟 is Chinese, and it is not the only one.', 'de')).toBe('en');
});
