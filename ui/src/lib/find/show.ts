/** Scrolls so that `range` is in the middle of `scroller`, and in view inside wide code and tables. */
export function showRange(range: Range, scroller: HTMLElement): void {
  for (
    let box = range.startContainer.parentElement;
    box !== null && box !== scroller;
    box = box.parentElement
  ) {
    if (box.scrollWidth <= box.clientWidth || getComputedStyle(box).overflowX === 'visible')
      continue;
    const at = range.getBoundingClientRect();
    const frame = box.getBoundingClientRect();
    if (at.left < frame.left || at.right > frame.right) {
      box.scrollLeft += (at.left + at.right - frame.left - frame.right) / 2;
    }
  }
  const at = range.getBoundingClientRect();
  const frame = scroller.getBoundingClientRect();
  scroller.scrollTop += (at.top + at.bottom - frame.top - frame.bottom) / 2;
}
