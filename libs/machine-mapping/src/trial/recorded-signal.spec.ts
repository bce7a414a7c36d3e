import { readOrFail, STATUS_RULE, withRules } from '../written.fixture';
import { readRecordedSignal } from './recorded-signal';
import { RECORDING_LIMITS, RecordingTooLarge, readRecording } from './recording';

const { mapping, machines } = readOrFail(withRules(STATUS_RULE));
const read = (item: unknown, before: number | null = null) =>
  readRecordedSignal(item, {
    tenant: 'acme',
    machine: 'rf-01',
    signals: mapping.signals,
    sources: mapping.sources,
    before,
  });
const at = (text: string) => Date.parse(text);

describe('a recorded signal', () => {
  it('is whole where the recording left out what it did not know', () => {
    const line = {
      ...{ v: 1, tenant: 'other', machine: 'rf-01', source: 'sim-1', session: 's1', seq: 4, path: 'Bundle/Complete' },
      ...{ value: false, type: 'boolean', unit: null, quality: 'good', qualityCode: null, flags: ['snapshot'] },
      ...{ sourceTs: '2026-02-17T13:59:55.000Z', receiveTs: '2026-02-17T13:59:55.050Z' },
    };
    expect(read(line)).toEqual({
      kind: 'signal',
      signal: {
        ...line,
        tenant: 'acme',
        type: 'bool',
        kind: 'event',
        serverTs: null,
        at: '2026-02-17T13:59:55.050Z',
        clock: 'recording',
        raw: { proto: 'file', ref: '' },
      },
    });
  });

  it('by hand is of the source that its mapping names', () => {
    const named = readOrFail(
      withRules(STATUS_RULE).replace('line: { type: sparkplug }', 'line: { type: sparkplug, id: hall-1 }'),
    ).mapping;
    const sourceIn = ({ signals, sources }: typeof named, item: object) =>
      readRecordedSignal(item, { tenant: 'acme', machine: 'rf-01', signals, sources, before: null });
    expect(sourceIn(named, { alias: 'state', value: 'RUN' })).toMatchObject({ signal: { source: 'hall-1' } });
    expect(sourceIn(named, { path: '$lifecycle', value: 'disconnected' })).toMatchObject({
      signal: { source: 'hall-1' },
    });
    expect(sourceIn(named, { alias: 'state', value: 'RUN', source: 'x' })).toMatchObject({ signal: { source: 'x' } });
    expect(sourceIn(mapping, { alias: 'state', value: 'RUN' })).toMatchObject({ signal: { source: 'recording' } });
  });

  it('can be written by hand: an alias, a value, the time since the one before', () => {
    expect(read({ alias: 'state', value: 'RUN' })).toMatchObject({
      signal: { path: 'Line/State', value: 'RUN', type: 'string', seq: null, at: '2026-01-01T00:00:00.000Z' },
    });
    expect(read({ alias: 'good', value: 1.5, after: '1.5s' }, at('2026-01-01T00:00:10.000Z'))).toMatchObject({
      signal: { path: 'Length/Good', type: 'double', kind: 'event', receiveTs: '2026-01-01T00:00:11.500Z' },
    });
    expect(read({ path: '$tick', after: '5m' })).toMatchObject({
      signal: { path: '$tick', kind: 'lifecycle', value: null },
    });
    expect(read({ path: 'x', kind: 'condition', value: { level: 'FAULT' } })).toMatchObject({
      signal: { type: 'condition' },
    });
    expect(read({ path: 'x', value: { a: 1 }, timestamp: '2026-02-17T13:59:55Z' })).toMatchObject({
      signal: { type: 'json', sourceTs: '2026-02-17T13:59:55Z', at: '2026-02-17T13:59:55Z' },
    });
  });

  it.each<[unknown, string]>([
    [5, 'not_an_object'],
    [[], 'not_an_object'],
    [{ value: 1 }, 'path'],
    [{ path: 'a', alias: 'state' }, 'path'],
    [{ alias: 'stat' }, 'unknown_alias'],
    [{ alias: '__proto__' }, 'unknown_alias'],
    [{ path: 'a', vlaue: 1 }, 'unknown_member'],
    [{ path: 'a', receiveTs: 'yesterday' }, 'invalid_signal'],
    [{ path: 'a', after: '5 minutes' }, 'after'],
    [{ path: 'a', after: '999999999d' }, 'after'],
    [{ path: 'a', value: [1] }, 'invalid_signal'],
    [{ path: 'a', type: 'number' }, 'invalid_signal'],
    [{ path: 'a', machine: 'not a machine' }, 'invalid_signal'],
    [{ path: 'a', v: 2 }, 'invalid_signal'],
    [{ path: 'a', flags: ['new'] }, 'invalid_signal'],
  ])('%j is refused: %s', (item, code) => {
    expect(read(item)).toMatchObject({ kind: 'refused', code });
  });
});

describe('a recording', () => {
  const target = { tenant: 'acme', machines };

  it('leaves out what is no signal of the mapping, and says which line it was', () => {
    const text = '{"path":"Line/State","value":"RUN"}\n\n{"path":\n{"path":"x","machine":"rf-02"}\r\n{"vlaue":1}\n';
    const { signals, rejected } = readRecording(text, target);
    expect(signals.map(({ path }) => path)).toEqual(['Line/State']);
    expect(rejected).toEqual([
      { line: 3, code: 'not_json', detail: 'is not JSON' },
      { line: 4, code: 'other_machine', detail: 'is of rf-02, which the mapping does not serve' },
      { line: 5, code: 'unknown_member', detail: "'vlaue' is no member of a signal." },
    ]);
  });

  it('is bounded', () => {
    const short = Array.from({ length: RECORDING_LIMITS.signals + 1 }, () => 0);
    expect(() => readRecording(short, target)).toThrow(RecordingTooLarge);
    expect(() => readRecording('x'.repeat(RECORDING_LIMITS.bytes + 1), target)).toThrow(RecordingTooLarge);
  });
});
