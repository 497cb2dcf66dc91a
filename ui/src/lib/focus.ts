/**
 * Gives the focus to `element` if the element that had it is gone: a keyboard must never be left
 * at the beginning of the page.
 */
export function takeLostFocus(element: HTMLElement): void {
  // Only afterwards is it known whether something else has taken it.
  setTimeout(() => {
    const { activeElement } = document;
    if (activeElement === null || activeElement === document.body) element.focus();
  });
}
