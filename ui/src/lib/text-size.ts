/** Sizes of all text, in percent of the ordinary one. */
export const TEXT_SIZES = [80, 90, 100, 110, 125, 150];
export const ORDINARY_TEXT = 100;

/** The next larger or smaller size; the last one where there is none. */
export function nextTextSize(size: number, step: 1 | -1): number {
  const next =
    step === 1
      ? TEXT_SIZES.find((known) => known > size)
      : TEXT_SIZES.findLast((known) => known < size);
  return next ?? size;
}
