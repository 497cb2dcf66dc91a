import { expect, it } from 'vitest';
import { presetNamed, withName, withPreset } from './presets';

const short = { name: 'Short', text: 'Be brief.' };
const long = { name: 'Long', text: 'Take your time.' };

it('a name is there once, whatever its capitals and spaces', () => {
  expect(presetNamed([short, long], ' sHORT ')).toBe(short);
  expect(presetNamed([short, long], 'shorter')).toBeUndefined();
});

it('a new name goes to the end, a known one keeps its place', () => {
  expect(withPreset([short], ' Long ', long.text)).toEqual([short, long]);
  const saved = withPreset([short, long], 'short', 'One word.');
  expect(saved).toEqual([{ name: 'short', text: 'One word.' }, long]);
});

it('a name that is taken is refused, another spelling of one’s own is not', () => {
  expect(withName([short, long], long, 'SHORT')).toBeNull();
  expect(withName([short, long], long, 'LONG')).toEqual([short, { ...long, name: 'LONG' }]);
  expect(withName([short, long], short, ' Brief ')).toEqual([{ ...short, name: 'Brief' }, long]);
});
