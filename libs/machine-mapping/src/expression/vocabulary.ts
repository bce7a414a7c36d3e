import type { PlainValue } from '../document/document-node';
import type { ValueType } from './expression-value';

/** Names that expressions of one mapping can use. */
export interface Vocabulary {
  /** Signals by their aliases, with what they are; what an expression gives is here when that has been compiled. */
  readonly signals: ReadonlyMap<string, ValueType>;
  /** UCUM units of those that have one. */
  readonly units: ReadonlyMap<string, string>;
  /** All that a signal can say, of those that declare it. */
  readonly words: ReadonlyMap<string, readonly string[]>;
  /** Signals that a stateMap reads: `.edge()` of these knows the words of the status too. */
  readonly statusInputs: ReadonlySet<string>;
  /** Blocks by kind and key. */
  readonly masterData: ReadonlyMap<string, ReadonlyMap<string, PlainValue>>;
}

/** Names that stand for no signal, with what they are: `message`, `item`, `nativeCode`. */
export type Locals = { readonly [name: string]: ValueType };
