import type { Signal } from '@millrace/domain';
import { decodeSignal, encodeSignal } from './signal-message';

const time = '2026-02-17T13:00:00.000Z';
const signal: Signal = {
  v: 1,
  tenant: 'default',
  machine: 'RF-1',
  source: 'line',
  session: '1',
  seq: 1,
  path: 'message',
  kind: 'event',
  value: 'VALUE',
  type: 'json',
  unit: null,
  quality: 'good',
  qualityCode: null,
  sourceTs: null,
  serverTs: null,
  receiveTs: time,
  at: time,
  clock: 'adapter',
  flags: [],
  raw: { proto: 'http', ref: '' },
};
/** A record whose value is written by hand: what is nested deeply enough no program of ours could write. */
const arrived = (value: string) => {
  const { topic, key, value: bytes } = encodeSignal('signals', signal);
  return {
    ...{ topic, partition: 0, offset: 0n, timestamp: 0, headers: {} },
    key: Buffer.from(String(key)),
    value: Buffer.from(bytes!.toString().replace('"VALUE"', value)),
  };
};
const nested = (levels: number): string => `${'{"k":'.repeat(levels)}1${'}'.repeat(levels)}`;

describe('a signal that is read', () => {
  it.each([1, 63])('may have a value of %d levels', (levels) => {
    expect(decodeSignal(arrived(nested(levels)))).toMatchObject({ kind: 'signal', signal: { path: 'message' } });
  });

  it.each<[string, string]>([
    ['64 levels', nested(64)],
    // Folded, but the state that holds it would be deeper by some levels than can be written.
    ...[3_000, 4_468, 5_000, 100_000].map((levels): [string, string] => [`${levels} levels`, nested(levels)]),
    ['lists', `{"k":${'['.repeat(500)}${']'.repeat(500)}}`],
  ])('is refused with %s, and nothing throws', (_, value) => {
    expect(decodeSignal(arrived(value))).toEqual({
      kind: 'refused',
      code: 'invalid_signal',
      detail: 'It is nested more than 64 levels deep.',
    });
  });
});
