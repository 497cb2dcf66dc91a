/** What is copied of an answer: formulas as the LaTeX they were made from. */
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
  const found = part.querySelectorAll('.math:has(math)');
  if (found.length === 0) return;
  for (const formula of found) {
    const tex = formula.querySelector('annotation')?.textContent ?? '';
    const mark = formula.matches('.math-display') ? '$$' : '$';
    formula.textContent = `${mark}${tex}${mark}`;
  }
  event.clipboardData.setData('text/plain', textOf(part));
  event.preventDefault();
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
