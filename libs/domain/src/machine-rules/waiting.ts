/** A delay that must pass without a break: it runs with evaluation time, and stands still while nothing is known. */
export type Waiting =
  | { readonly kind: 'running' /** Evaluation time at which it is over, Unix ms. */; readonly due: number }
  | { readonly kind: 'frozen'; readonly leftMs: number };

export const wait = (at: number, ms: number): Waiting => ({ kind: 'running', due: at + ms });

export const freeze = (waiting: Waiting, at: number): Waiting =>
  waiting.kind === 'frozen' ? waiting : { kind: 'frozen', leftMs: Math.max(0, waiting.due - at) };

export const thaw = (waiting: Waiting, at: number): Waiting =>
  waiting.kind === 'running' ? waiting : { kind: 'running', due: at + waiting.leftMs };

export const isOver = (waiting: Waiting, at: number): boolean => waiting.kind === 'running' && at >= waiting.due;

export const dueOf = (waiting: Waiting | null): number | null =>
  waiting !== null && waiting.kind === 'running' ? waiting.due : null;
