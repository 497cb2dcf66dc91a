/** What the fake program's dialog gives when files are to be attached. */
import type { ReadFile } from './host';

const FIELD_NOTES = `# Field notes, 14 June

Wind from the south-west, 4 Bft. The colony on the spit was restless from six o’clock.

- 412 pairs of common tern, eleven more than last week
- 38 pairs of Arctic tern, all on the northern end
- first chicks seen on plots 3 and 7

${'The gulls kept their distance while the terns were fishing. '.repeat(40)}`;

export const ATTACHABLE: ReadFile[] = [
  { name: 'field-notes.md', text: FIELD_NOTES, problem: null },
  { name: 'counts.csv', text: 'year,pairs\n2023,412\n2024,398\n2025,431\n', problem: null },
  {
    name: 'colony.jpg',
    text: null,
    problem: { kind: 'fileNotText', name: 'colony.jpg' },
  },
];
