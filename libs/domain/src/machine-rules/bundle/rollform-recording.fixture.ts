import type { Signal } from '../../signal/signal';

/** The roll-forming recording, line by line, as signals in the order of their receipt. */
export const recordedLine = (lines: readonly string[]): Signal[] =>
  lines.map((line) => {
    const read = JSON.parse(line) as Signal;
    return {
      ...read,
      kind: 'event',
      type: (read.type as string) === 'boolean' ? 'bool' : read.type,
      at: read.receiveTs,
      serverTs: null,
      clock: 'device',
      raw: { proto: 'file', ref: '' },
    };
  });

/** The bundle that Eclipse Pro tells of it. */
export interface RecordedBundle {
  readonly bundle: { readonly [member: string]: unknown };
  readonly occurredAt: string;
}

/**
 * The same with a gateway that is dead from after the first `heard` signals until `toMs` (Unix ms): then it shows what the
 * machine's registers hold, in a session of its own. It is lost at `fromMs`, which is when it was last heard unless given.
 */
export const withDeadGateway = (
  signals: readonly Signal[],
  heard: number,
  toMs: number,
  fromMs: number = Date.parse(signals[heard - 1]!.at),
): Signal[] => {
  const lost = new Date(fromMs).toISOString();
  const last: Signal = { ...signals[heard - 1]!, receiveTs: lost, at: lost };
  const after = signals.findIndex(({ at }) => Date.parse(at) > toMs);
  const to = after < 0 ? signals.length : after;
  const time = new Date(toMs).toISOString();
  const again = (one: Signal, seq: number | null): Signal => ({
    ...one,
    session: 's2',
    seq,
    sourceTs: time,
    receiveTs: time,
    at: time,
    flags: ['snapshot'],
  });
  const lifecycle = (value: string): Signal => ({
    ...last,
    path: '$lifecycle',
    kind: 'lifecycle',
    value,
    unit: null,
    sourceTs: null,
    seq: null,
    flags: [],
  });
  const registers = new Map(signals.slice(0, to).map((one) => [one.path, one]));
  const snapshot = [...registers.values()].map((one, n) => again(one, n));
  return [
    ...signals.slice(0, heard),
    lifecycle('disconnected'),
    { ...again(lifecycle('connected'), null), sourceTs: null, flags: [] },
    ...snapshot,
    ...signals.slice(to).map((one, n) => ({ ...one, session: 's2', seq: snapshot.length + n })),
  ];
};
