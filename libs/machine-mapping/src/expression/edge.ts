import { type ExpressionValue, fires, type Scope } from '@millrace/domain';
import type { EdgeWord } from './calls';

/** What happened to a signal between the machine as it was and as it is. */
export type Edge =
  | { readonly kind: EdgeWord; readonly alias: string }
  | {
      readonly kind: 'word';
      readonly alias: string;
      readonly word: string;
      /** The signal decides the status, so that the word can be a status too. */
      readonly orStatus: boolean;
    };

/** As triggers fire: a first value, a snapshot and silence are no edges. */
export const edgeHolds = (edge: Edge, scope: Scope): boolean => {
  const { kind, alias } = edge;
  if (kind === 'known') return scope.now.value(alias) !== null;
  if (kind !== 'word') return fires({ kind, alias }, scope);
  const [before, now] = [scope.before.value(alias), scope.now.value(alias)];
  if (before !== null && says(now, edge.word) && !says(before, edge.word)) return true;
  const status = edge.word.toLowerCase();
  return edge.orStatus && scope.now.status === status && scope.before.status !== status;
};

/** Machines' words are compared without regard to case, as a stateMap does. */
const says = (value: ExpressionValue, word: string): boolean =>
  value !== null && typeof value !== 'object' && String(value).trim().toUpperCase() === word.trim().toUpperCase();
