import fc from 'fast-check';
import { decodeMapping, encodeMapping } from './mapping-message';
import {
  decodeSource,
  decodeSourceIntake,
  decodeSourceState,
  encodeSource,
  encodeSourceIntake,
  encodeSourceState,
  isConfiguredName,
  type SourceRecord,
  type SourceState,
} from './source-message';

const source: SourceRecord = {
  v: 1,
  tenant: 'acme',
  name: 'line-1',
  type: 'mqtt',
  enabled: true,
  version: 3,
  createdAt: 1,
  settings: { url: 'mqtt://broker', password: 'v1.a.b' },
};
const state: SourceState = {
  v: 1,
  tenant: 'acme',
  name: 'line-1',
  createdAt: 1,
  version: 3,
  cursor: { next: '7' },
  connection: { state: 'connected', since: 2, session: 's', reason: null, nextTryAt: null },
  counts: { received: 5 },
  rate: 1.5,
  lastSignal: { machine: 'M-1', path: 'p', at: 3 },
  lastError: null,
  lagMs: null,
  queued: 0,
  owner: 'one',
  at: 4,
};
const mapping = {
  tenant: 'acme',
  name: 'line',
  version: 1,
  hash: 'ab',
  format: 'yaml' as const,
  text: 'apiVersion: ingest/v1',
  machines: [{ machine: 'M-1', hash: 'ab' }],
};

const bytes = ({ key, value }: { key: string | null; value: Buffer | null }) => ({
  key: key === null ? null : Buffer.from(key),
  value,
});

test('what peers sent stands beside the state of their source, and is no state', () => {
  const intake = {
    v: 1,
    tenant: 'acme',
    name: 'line-1',
    received: 2,
    refused: 1,
    lastRefusedAt: 7,
    lastSignal: null,
  } as const;
  const record = bytes(encodeSourceIntake('t', source, intake));
  expect(decodeSourceIntake(record)).toEqual(intake);
  expect(decodeSourceState(record)).toEqual({ kind: 'unreadable' });
  for (const other of [
    bytes(encodeSourceState('t', state, state)),
    bytes(encodeSourceIntake('t', source, null)),
    { ...record, key: Buffer.from('acme/line-2/taken') },
    { ...record, value: Buffer.from(JSON.stringify({ ...intake, received: '2' })) },
  ])
    expect(decodeSourceIntake(other)).toBeNull();
});

test('records read as they were written, under tenant and name', () => {
  expect(encodeSource('t', source, source).key).toBe('acme/line-1');
  expect(decodeSource(bytes(encodeSource('t', source, source)))).toEqual({ kind: 'put', key: 'acme/line-1', source });
  expect(decodeSource(bytes(encodeSource('t', source, null)))).toEqual({ kind: 'deleted', key: 'acme/line-1' });
  expect(decodeSourceState(bytes(encodeSourceState('t', state, state)))).toEqual({
    kind: 'put',
    key: 'acme/line-1',
    state,
  });
  expect(decodeSourceState(bytes(encodeSourceState('t', state, null)))).toMatchObject({ kind: 'deleted' });
  expect(decodeMapping(bytes(encodeMapping('t', mapping)))).toEqual({ v: 1, ...mapping });
});

test('a record under the key of another is not read', () => {
  const key = Buffer.from('other/line-1');
  expect(decodeSource({ ...bytes(encodeSource('t', source, source)), key })).toEqual({ kind: 'unreadable' });
  expect(decodeSourceState({ ...bytes(encodeSourceState('t', state, state)), key })).toEqual({ kind: 'unreadable' });
  expect(decodeMapping({ ...bytes(encodeMapping('t', mapping)), key: Buffer.from('acme/cd') })).toBeNull();
});

test('no bytes make a view throw', () => {
  const anything = fc.oneof(
    fc.json().map((text) => Buffer.from(text)),
    fc.uint8Array().map((array) => Buffer.from(array)),
    fc
      .record({ v: fc.constant(1), tenant: fc.anything(), name: fc.anything(), settings: fc.anything() })
      .map((value) => Buffer.from(JSON.stringify(value) ?? '')),
  );
  fc.assert(
    fc.property(fc.option(anything), anything, (key, value) => {
      expect(['unreadable']).toContain(decodeSource({ key: key ?? Buffer.from('a/b'), value }).kind);
      expect(['unreadable']).toContain(decodeSourceState({ key: key ?? Buffer.from('a/b'), value }).kind);
      expect(decodeMapping({ key: key ?? Buffer.from('a/b'), value })).toBeNull();
    }),
  );
});

test.each([
  ['a', true],
  ['line-1.mqtt_x', true],
  ['0', true],
  ['a'.repeat(64), true],
  ['a'.repeat(65), false],
  ['', false],
  ['A', false],
  ['-a', false],
  ['a/b', false],
  ['a b', false],
])('the name %p', (name, good) => {
  expect(isConfiguredName(name)).toBe(good);
});
