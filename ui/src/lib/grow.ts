/** Longer texts get the full height without being measured: measuring lays out all of it. */
const LONGEST_MEASURED = 10_000;

/** Makes a text box as high as its text, up to `tallest` pixels. */
export function grow(area: HTMLTextAreaElement, length: number, tallest: number): void {
  if (length > LONGEST_MEASURED) {
    area.style.height = `${tallest}px`;
    return;
  }
  area.style.height = '0';
  area.style.height = `${Math.min(area.scrollHeight, tallest)}px`;
}
