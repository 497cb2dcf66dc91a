/** What is copied of an answer: formulas as the LaTeX they were made from. */
import { renderMarkdown } from './render';

export function copyFormulas(event: ClipboardEvent): void {
  const selection = getSelection();
  if (selection === null || selection.isCollapsed || event.clipboardData === null) return;
  const range = selection.getRangeAt(0).cloneRange();
  // Half a formula is none.
  const whole = (node: Node) =>
    (node instanceof Element ? node : node.parentElement)?.closest('.math:has(math)');
  const first = whole(range.startContainer);
  const last = whole(range.endContainer);
  if (first) range.setStartBefore(first);
  if (last) range.setEndAfter(last);
  const part = range.cloneContents();
  for (const head of part.querySelectorAll('.again')) head.remove();
  if (!writeFormulas(part)) return;
  event.clipboardData.setData('text/plain', textOf(part));
  event.preventDefault();
}

/** An answer as plain text: what a reader sees of it, without marks. */
export function plainText(markdown: string): string {
  const template = document.createElement('template');
  template.innerHTML = renderMarkdown(markdown);
  const part = template.content;
  for (const head of part.querySelectorAll('.code-head')) head.remove();
  writeFormulas(part);
  return textOf(part).trim();
}

/** Puts sources in the place of formulas; true when there were any. */
function writeFormulas(part: DocumentFragment): boolean {
  const found = part.querySelectorAll('.math:has(math)');
  for (const formula of found) {
    const tex = formula.querySelector('annotation')?.textContent ?? '';
    const mark = formula.matches('.math-display') ? '$$' : '$';
    formula.textContent = `${mark}${tex}${mark}`;
  }
  return found.length > 0;
}

/** Text with the line ends a reader sees; only what is on the page knows them. */
function textOf(part: DocumentFragment): string {
  const place = document.createElement('div');
  place.className = 'markdown selectable visually-hidden';
  place.style.whiteSpace = 'normal';
  place.append(part);
  document.body.append(place);
  const text = place.innerText;
  place.remove();
  return text;
}
