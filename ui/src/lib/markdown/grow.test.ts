import { expect, it } from 'vitest';
import { growCode } from './grow';
import { renderMarkdown } from './render';

it('code grows behind what is there, in parts that are left alone once they are full', () => {
  const root = document.createElement('div');
  root.innerHTML = renderMarkdown('```\nfirst\n', { open: true });
  const lines = Array.from({ length: 350 }, (_, i) => `line ${i}\n`).join('');
  const code = root.querySelector('code');
  growCode(root, lines.slice(0, 1500));
  const [part] = code?.querySelectorAll('.part') ?? [];
  for (let at = 1500; at <= lines.length; at += 7) growCode(root, lines.slice(0, at));
  growCode(root, lines);
  expect(code?.textContent).toBe(`first\n${lines}`);
  expect(code?.querySelectorAll('.part')).toHaveLength(4);
  expect(code?.querySelector('.part')).toBe(part);
  growCode(root, lines);
  expect(code?.textContent).toBe(`first\n${lines}`);
});

it('without code there is nothing to grow', () => {
  const root = document.createElement('div');
  root.innerHTML = '<p>text</p>';
  growCode(root, 'code');
  expect(root.innerHTML).toBe('<p>text</p>');
});
