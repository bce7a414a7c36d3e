import type { MachineStatus } from '../signal/machine-status';

/** Name of a signal inside a mapping: letters, digits and _. */
export type AliasName = string;

/** What a signal says to a rule: JSON-like; null when nothing good is known. Lengths and counters are numbers here. */
export type ExpressionValue =
  | number
  | bigint
  | string
  | boolean
  | null
  | readonly ExpressionValue[]
  | { readonly [member: string]: ExpressionValue };

/**
 * A compiled expression (CEL). It is total in time: no clock, no randomness, no I/O, and bounded work, so that a replay
 * comes to the same value.
 */
export interface Expression {
  /** As it was written. */
  readonly text: string;
  /** Aliases that it reads. */
  readonly inputs: readonly AliasName[];
  /** Throws ExpressionFailed where it has no value, for example because an input is null. */
  readonly evaluate: (scope: Scope) => ExpressionValue;
}

export class ExpressionFailed extends Error {
  override readonly name = 'ExpressionFailed';
}

/** What an expression may see: the machine after the signal that is being folded, and just before it. */
export interface Scope {
  readonly now: SeenMachine;
  readonly before: SeenMachine;
  /** Names that stand for no alias: `message` of a passthrough rule, `item` and `nativeCode` of a condition. */
  readonly locals: { readonly [name: string]: ExpressionValue };
}

export interface SeenMachine {
  readonly value: (alias: AliasName) => ExpressionValue;
  readonly status: MachineStatus;
}

/**
 * `<alias>.changed`, `.rising`, `.falling`: at this signal the alias came to another value, from false to true, from true
 * to false. A snapshot is no edge. In expressions the same words are values (`partCount.changed && status == 'running'`),
 * and `<alias>.edge('word')` is true at the signal at which the alias comes to say the word, or at which the status comes
 * to be it where the alias is the input of a stateMap.
 */
export interface Trigger {
  readonly kind: 'changed' | 'rising' | 'falling';
  readonly alias: AliasName;
}
