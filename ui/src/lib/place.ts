const GAP = 4;
const EDGE = 8;

/** Puts a popover under its anchor, or above it where there is no room, and inside the window. */
export function place(popover: HTMLElement, anchor: HTMLElement, align: 'start' | 'end'): void {
  const box = anchor.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = popover;
  const left = align === 'start' ? box.left : box.right - width;
  const below = box.bottom + GAP;
  const above = box.top - GAP - height;
  const top = below + height <= innerHeight - EDGE || above < EDGE ? below : above;
  popover.style.left = `${clamp(left, EDGE, innerWidth - width - EDGE)}px`;
  popover.style.top = `${clamp(top, EDGE, innerHeight - height - EDGE)}px`;
}

function clamp(value: number, least: number, most: number): number {
  return Math.max(least, Math.min(value, most));
}
