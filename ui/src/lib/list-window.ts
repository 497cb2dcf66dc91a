/** Which rows of a long list are on the page. All lengths are in rem, so that they grow with the text. */
import type { Group } from './dates';
import type { ConversationSummary } from './ipc/host';

export const HEADING = 2.5;
export const ROW = 2.125;

/** A group with its place in the list. */
export interface Block extends Group {
  top: number;
  height: number;
}

export interface Placed {
  row: ConversationSummary;
  /** Its position among the rows of its group. */
  index: number;
}

export function blocksOf(groups: readonly Group[]): Block[] {
  let top = 0;
  return groups.map((group) => {
    const height = HEADING + group.rows.length * ROW;
    const block = { ...group, top, height };
    top += height;
    return block;
  });
}

/** The rows of a block between two heights of the list, and those that must be there anyway. */
export function rowsBetween(
  { top, rows }: Block,
  from: number,
  to: number,
  always: string | null,
): Placed[] {
  const first = Math.max(0, Math.floor((from - top - HEADING) / ROW));
  const end = Math.min(rows.length, Math.ceil((to - top - HEADING) / ROW));
  const placed: Placed[] = [];
  const kept = always === null ? -1 : rows.findIndex(({ id }) => id === always);
  const put = (index: number) => {
    const row = rows[index];
    if (row !== undefined) placed.push({ row, index });
  };
  if (kept < first) put(kept);
  for (let index = first; index < end; index += 1) put(index);
  if (kept >= Math.max(first, end)) put(kept);
  return placed;
}

/** Where the list has to be scrolled to, so that a row is seen whole; `null` where it is seen. */
export function scrollTo(
  blocks: readonly Block[],
  id: string,
  from: number,
  height: number,
): number | null {
  for (const { top, rows } of blocks) {
    const index = rows.findIndex((row) => row.id === id);
    if (index === -1) continue;
    const start = top + HEADING + index * ROW;
    // The group's name comes into view with its first row.
    if (start - (index === 0 ? HEADING : 0) < from) return start - (index === 0 ? HEADING : 0);
    return start + ROW > from + height ? start + ROW - height : null;
  }
  return null;
}
