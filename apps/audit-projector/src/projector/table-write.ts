import { binaryArray, type Element, type ElementType } from './binary-array';

/**
 * How the rows of a read model become one statement: UNNEST of one array for each column, merged into what is there. The
 * arrays are unnested side by side in the select list, where PostgreSQL hands on row by row; as a table they would be
 * written down first.
 */
export interface Column<Row> {
  readonly name: string;
  readonly type: ElementType;
  value(row: Row): Element;
}

export interface TableWrite<Row> {
  readonly table: string;
  readonly columns: readonly Column<Row>[];
  /** What follows `ON CONFLICT`; the row that is there is `kept`. */
  readonly conflict: string;
}

export const statement = <Row>({ table, columns, conflict }: TableWrite<Row>): string =>
  `INSERT INTO ${table} AS kept (${columns.map((column) => column.name).join(', ')})
SELECT ${columns.map((column, at) => `unnest($${at + 1}::${column.type}[])`).join(', ')}
ON CONFLICT ${conflict}`;

export const parameters = <Row>({ columns }: TableWrite<Row>, rows: readonly Row[]): Buffer[] =>
  columns.map(({ type, value }) => binaryArray(type, rows.map(value)));

/** One half of a row that merges on its own: its columns are replaced together where the condition holds. */
export interface MergedPart {
  readonly columns: readonly string[];
  /** SQL over `kept` and `excluded`. */
  readonly newer: string;
}

/** `DO UPDATE` that takes each part where it is newer, and writes nothing where none is. */
export const mergeOnConflict = (key: string, parts: readonly MergedPart[]): string =>
  `(${key}) DO UPDATE SET ${parts
    .flatMap(({ columns, newer }) =>
      columns.map((name) => `${name} = CASE WHEN ${newer} THEN excluded.${name} ELSE kept.${name} END`),
    )
    .join(', ')}
WHERE ${parts.map(({ newer }) => `(${newer})`).join(' OR ')}`;

/**
 * `columns` of the new row compared with the old one's, as PostgreSQL compares rows; each may go on to an expression, as
 * in `rank >= 2`.
 */
export const rowOrder = (columns: readonly string[], operator: '<' | '>'): string =>
  `(${columns.map((name) => `excluded.${name}`).join(', ')}) ${operator} (${columns.map((name) => `kept.${name}`).join(', ')})`;
