// Figures of measurements, and tables of them for people.

/** Least, middle and largest of one or more numbers. */
export function spread(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const median =
    sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  return { min: sorted[0], median, max: sorted.at(-1) };
}

/** `0.874` → `87 %`. */
export function percent(share) {
  return `${(share * 100).toFixed(0)} %`;
}

/** Three numbers as `min / median / max`. */
export function spreadCell({ min, median, max }) {
  return [min, median, max].map((value) => value.toFixed(1)).join(' / ');
}

/** A Markdown table: `head` is its columns, `rows` lists of texts. All but the first column stand to the right. */
export function markdown(head, rows) {
  const escaped = [head, ...rows].map((row) =>
    row.map((cell) => String(cell).replaceAll('|', '\\|')),
  );
  const widths = head.map((_, i) => Math.max(3, ...escaped.map((row) => row[i].length)));
  const pad = (cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]));
  const line = (row) => `| ${row.map(pad).join(' | ')} |`;
  const rule = widths.map((width, i) =>
    i === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`,
  );
  const [first, ...rest] = escaped;
  return [line(first), line(rule), ...rest.map(line)].join('\n');
}
