import type { SeriesCount, SeriesReport } from './series';

/** What the receiver does with a request: 204; nothing, for ever; close the connection. */
export type Behaviour = 'answer' | 'hang' | 'refuse';

/** What the benchmark may ask of the receiver, and the answers. */
export interface Questions {
  /** Opens so many ports, each an origin of its own. */
  readonly listen: { readonly ask: { readonly origins: number }; readonly answer: number[] };
  /** From now on, for paths whose first part is this. What hangs already hangs on. */
  readonly behave: { readonly ask: { readonly group: string; readonly as: Behaviour }; readonly answer: null };
  readonly count: { readonly ask: { readonly series: string }; readonly answer: SeriesCount };
  readonly report: { readonly ask: { readonly series: string }; readonly answer: SeriesReport };
  /** Requests that hang and whose connection is open. */
  readonly hanging: { readonly ask: Record<string, never>; readonly answer: number };
  /** Forgets every series. */
  readonly forget: { readonly ask: Record<string, never>; readonly answer: null };
}

export type Topic = keyof Questions;

export interface Question<T extends Topic = Topic> {
  readonly id: number;
  readonly topic: T;
  readonly ask: Questions[T]['ask'];
}

export interface Reply {
  readonly id: number;
  readonly answer: unknown;
}
