import type { Row, Table, Target } from './part';

/** The table as text: names, a column of values for each head, and what was to be reached. */
export const printed = ({ columns = [''], rows, notes = [] }: Table): string => {
  const nameWidth = Math.max(...rows.map(({ name }) => name.length));
  const widths = columns.map((head, index) =>
    Math.max(head.length, ...rows.map(({ values }) => values[index]?.length ?? 0)),
  );
  const line = (name: string, values: readonly string[], target: string): string =>
    `  ${name.padEnd(nameWidth)}${widths.map((width, index) => `  ${(values[index] ?? '').padStart(width)}`).join('')}${target}`;
  return [
    ...(columns.some((head) => head !== '') ? [line('', columns, '')] : []),
    ...rows.map(({ name, values, target }) => line(name, values, target ? `  ${verdict(target)}` : '')),
    ...notes.map((note) => `  ${note}`),
  ].join('\n');
};

/** Rows whose condition does not depend on the machine and did not hold. */
export const broken = ({ rows }: Table): Row[] => rows.filter(({ target }) => target?.always && !target.met);

const verdict = ({ text, met, always }: Target): string =>
  `${met ? '✓' : '✗'} ${always ? 'must be' : 'target'} ${text}`;
