/** What a reader looks at: the element at the top of the view, and where it is. */
export interface Anchor {
  /**
   * The innermost element first, then those around it: what is written anew may take the inner ones
   * away. Tops are counted from the beginning of what scrolls, so that scrolling is no change.
   */
  places: { element: Element; top: number }[];
}

const topIn = (scroller: Element, element: Element): number =>
  element.getBoundingClientRect().top - scroller.getBoundingClientRect().top + scroller.scrollTop;

/** The first of `elements`, one below the other, that ends below `y`. */
function firstBelow(elements: HTMLCollection, y: number): Element | undefined {
  let from = 0;
  let to = elements.length;
  while (from < to) {
    const middle = (from + to) >> 1;
    const bottom = elements[middle]?.getBoundingClientRect().bottom ?? Infinity;
    if (bottom > y) to = middle;
    else from = middle + 1;
  }
  return elements[from];
}

/** What is looked at of `rows` inside `scroller`; null where none of them is in view. */
export function anchorIn(scroller: Element, rows: Element): Anchor | null {
  const view = scroller.getBoundingClientRect();
  const places: Anchor['places'] = [];
  let element = firstBelow(rows.children, view.top);
  while (element !== undefined) {
    const { top } = element.getBoundingClientRect();
    if (top > view.bottom) break;
    places.unshift({ element, top: topIn(scroller, element) });
    element = top >= view.top ? undefined : firstBelow(element.children, view.top);
  }
  return places.length === 0 ? null : { places };
}

/** How far below its old place it is now; null when it is gone. */
export function driftOf({ places }: Anchor, scroller: Element): number | null {
  const place = places.find(({ element }) => element.isConnected);
  return place === undefined ? null : topIn(scroller, place.element) - place.top;
}

/** The anchor after all rows were moved on purpose. */
export function moved({ places }: Anchor, by: number): Anchor {
  return { places: places.map(({ element, top }) => ({ element, top: top + by })) };
}
