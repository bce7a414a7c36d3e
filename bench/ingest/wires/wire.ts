import type { Site } from '../../site/site';

/** One way for signals to come in, for the cost of each. */
export interface Wire {
  readonly name: string;
  /** The one machine that it brings signals of. */
  readonly machine: string;
  /** A mapping for it: YAML with a status and a counter, neither of which tells anything. */
  readonly mapping: string;
  /** A peer with a pace of its own says no more than this while the fold can be held. */
  readonly most?: number;
  /** Starts the peer, and the source that reads it. */
  open(site: Site, folder: string): Promise<OpenWire>;
}

export interface OpenWire {
  /** Sends about so many signals, as fast as they are taken; answers how many. */
  send(signals: number): Promise<number>;
  /** Reads as many values from the same bytes with the source's own decoder and nothing else; answers how many it has read. */
  decode(signals: number): number;
  close(): Promise<void>;
}

/** Names of what a message has: a state, a counter, and numbers. */
export const NUMBERS = Array.from({ length: 8 }, (_, n) => `number${n}`);
export const EACH = NUMBERS.length + 2;

/** Values of message number `n`; the state never changes, so that no event is made. */
export const valuesOf = (n: number): ReadonlyArray<readonly [string, string | number]> => [
  ['state', 'RUN'],
  ['count', n],
  ...NUMBERS.map((name, index): readonly [string, number] => [name, n + index / 8]),
];

/** Without events, so that what is measured is the fold and not what it tells. */
export const mappingOf = (machine: string, type: string, paths: { state: string; count: string }): string => `
apiVersion: ingest/v1
machine: { id: ${machine} }
sources: { any: { type: ${type} } }
signals:
  state: { path: '${paths.state}', type: string }
  count: { path: '${paths.count}', type: double }
rules:
  - { id: status, kind: stateMap, input: state, map: { RUN: running, HALT: idle }, otherwise: unknown, emit: null }
  - { id: made, kind: counter, input: count, emit: null }
`;
