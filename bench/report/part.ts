import type { TestEnvironment } from '@millrace/test-environment';

/** One part of the suite. */
export interface Part {
  readonly name: string;
  readonly measures: string;
  /** About how long, in full size: `4 min`. */
  readonly takes: string;
  run(bench: Bench): Promise<Table>;
}

export interface Bench {
  /** A broker and a database for all parts of this run. */
  readonly environment: TestEnvironment;
  /** A line of progress. */
  say(text: string): void;
}

export interface Table {
  /** Heads of the columns of values; none where there is but one. */
  readonly columns?: readonly string[];
  readonly rows: readonly Row[];
  /** Sentences below the table. */
  readonly notes?: readonly string[];
}

export interface Row {
  readonly name: string;
  /** One for each column. */
  readonly values: readonly string[];
  readonly target?: Target;
}

export interface Target {
  readonly text: string;
  readonly met: boolean;
  /** Whatever the machine does, this has to hold: nothing is lost, say. */
  readonly always?: boolean;
}

export const row = (name: string, value: string, target?: Target): Row => ({
  name,
  values: [value],
  ...(target ? { target } : {}),
});

/** Of a part that gives its rows as names and values. */
export const tableOf = (rows: readonly { readonly name: string; readonly value: string }[]): Table => ({
  rows: rows.map(({ name, value }) => row(name, value)),
});

export const atMost = (value: number, limit: number, unit = ''): Target => ({
  text: `≤ ${limit}${unit}`,
  met: value <= limit,
});

export const atLeast = (value: number, limit: number, unit = ''): Target => ({
  text: `≥ ${limit}${unit}`,
  met: value >= limit,
});

export const exactly = (value: number, wanted: number): Target => ({ text: `= ${wanted}`, met: value === wanted });

export const always = (target: Target): Target => ({ ...target, always: true });
