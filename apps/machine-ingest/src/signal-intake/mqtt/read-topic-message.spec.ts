import fc from 'fast-check';
import type { MqttSettings } from './mqtt-settings';
import { mqttSettings } from './mqtt-settings';
import { readTopicMessage } from './read-topic-message';
import { isTopicFilter, matchesFilter } from './topic-template';

const settings = (topics: readonly object[]): MqttSettings => mqttSettings.parse({ url: 'mqtt://broker:1883', topics });
const read = (topic: string, payload: string | Buffer, ...topics: readonly object[]) =>
  readTopicMessage({ topic, payload: Buffer.from(payload) }, settings(topics).topics);
const values = (reading: ReturnType<typeof read>) =>
  reading.kind === 'values' ? reading.values.map(({ path, value, type }) => [path, value, type]) : reading;

describe('a plain message', () => {
  const any = { filter: 'plant/+/#', machine: '{2}' };

  it.each<[string, string, unknown[]]>([
    ['21.5', 'temp', [['temp', 21.5, 'double']]],
    [' true ', 'on', [['on', true, 'bool']]],
    ['"RUN"', 'state', [['state', 'RUN', 'string']]],
    ['null', 'state', [['state', null, 'string']]],
    ['9007199254740993', 'n', [['n', '9007199254740993', 'int64']]],
    [
      '{"a":{"b":1,"c":[true,"x"]},"d":null}',
      'x',
      [
        ['a.b', 1, 'double'],
        ['a.c.0', true, 'bool'],
        ['a.c.1', 'x', 'string'],
        ['d', null, 'string'],
      ],
    ],
    ['{"order":12345678901234567890}', 'x', [['order', '12345678901234567890', 'int64']]],
  ])('%s', (payload, level, expected) => {
    const reading = read(`plant/rf-01/${level}`, payload, any);
    expect(values(reading)).toEqual(expected);
    expect(reading).toMatchObject({ machine: 'rf-01', sourceTs: null, seq: null });
  });

  it('has its time, its number and its value where the settings say', () => {
    const topics = { ...any, path: '{3}', value: 'v', timestamp: 'meta.t', seq: 'n', unit: 'mm' };
    const reading = read('plant/rf-01/length', '{"v":2.5,"meta":{"t":1767592800123},"n":7,"other":1}', topics);
    expect(values(reading)).toEqual([['length', 2.5, 'double']]);
    expect(reading).toMatchObject({ sourceTs: '2026-01-05T06:00:00.123Z', seq: 7, unit: 'mm' });
    const stamp = (t: string, more: object = {}) =>
      read('plant/m/x', `{"v":1,"t":${t}}`, { ...any, timestamp: 't', ...more });
    expect(stamp('"2026-01-05T06:00:00.1234567+01:00"')).toMatchObject({
      sourceTs: '2026-01-05T06:00:00.1234567+01:00',
    });
    expect(stamp('1767592800', { timestampUnit: 's' })).toMatchObject({ sourceTs: '2026-01-05T06:00:00.000Z' });
    for (const t of ['"yesterday"', 'true', '1e300', '-1', 'null', '1767592800123000'])
      expect(stamp(t)).toMatchObject({ sourceTs: null });
  });

  it.each([
    ['4398046511103', 4_398_046_511_103],
    ['4398046511104', null],
    ['-1', null],
    ['1.5', null],
  ])('with the number %s has the number %p: its places in the session are whole numbers too', (n, seq) => {
    expect(read('plant/m/x', `{"v":1,"n":${n}}`, { ...any, seq: 'n' })).toMatchObject({ seq });
  });

  it('puts a path before the members of an object', () => {
    expect(values(read('plant/m/drive', '{"rpm":900}', { ...any, path: '{3}' }))).toEqual([
      ['drive.rpm', 900, 'double'],
    ]);
  });

  it('is one text where the settings say so', () => {
    expect(values(read('plant/m/state', '007', { ...any, format: 'text' }))).toEqual([['state', '007', 'string']]);
  });

  it.each<[string, string | Buffer, string]>([
    ['a bare word', 'RUN', 'decode_error'],
    ['JSON that was cut off', '{"a":', 'decode_error'],
    ['no UTF-8', Buffer.from([0xff, 0xfe]), 'decode_error'],
    ['an object without members', '{}', 'decode_error'],
    ['deep JSON', `${'['.repeat(40)}${']'.repeat(40)}`, 'decode_error'],
    ['too many bytes', Buffer.alloc(5 * 1024 * 1024, '1'), 'too_large'],
    ['too many members', JSON.stringify(Array.from({ length: 3_000 }, (_, n) => n)), 'decode_error'],
  ])('with %s is refused', (_title, payload, code) => {
    expect(read('plant/m/x', payload, any)).toMatchObject({ kind: 'refused', code });
  });

  it('for a machine that cannot be one is refused; of another topic, or empty, it is nothing', () => {
    expect(read('plant/rf 01/x', '1', any)).toMatchObject({ kind: 'refused', code: 'invalid_machine' });
    expect(read('other/rf/x', '1', any)).toEqual({ kind: 'unmapped' });
    expect(read('plant/m/x', '', any)).toEqual({ kind: 'empty' });
  });

  it('of anybody never throws', () => {
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.string(), fc.uint8Array()), fc.boolean(), (payload, named) => {
        read(
          'plant/m/x',
          Buffer.from(payload as string),
          named ? { ...any, value: 'v', timestamp: 't', seq: 'n' } : any,
        );
      }),
      { numRuns: 500 },
    );
  });
});

it.each([
  ['a/+/c', 'a/b/c', true],
  ['a/+/c', 'a/b/d', false],
  ['a/#', 'a', true],
  ['a/#', 'a/b/c', true],
  ['a/+', 'a/b/c', false],
  ['a/b/c', 'a/b', false],
  ['#', '$SYS/x', false],
  ['+/x', '$SYS/x', false],
  ['$SYS/#', '$SYS/x', true],
])('%s and %s', (filter, topic, fits) => {
  expect(matchesFilter(filter, topic)).toBe(fits);
});

it.each(['a/#/b', 'a+', '#a', ''])('%s is no filter', (filter) => {
  expect(isTopicFilter(filter)).toBe(false);
});

describe('settings', () => {
  const right = { url: 'mqtts://broker:8883', topics: [{ filter: 'a/#', machine: 'm1' }] };
  it('have defaults', () => {
    expect(mqttSettings.parse(right)).toMatchObject({ protocolVersion: 5, keepaliveSeconds: 15, inFlight: 500 });
  });
  it('may take levels beyond a filter that is open at its end', () => {
    const topics = [{ filter: 'plant/#', machine: '{4}', path: '{2}/{5}' }];
    expect(mqttSettings.safeParse({ ...right, topics }).success).toBe(true);
  });
  it.each<[string, object, string]>([
    ['another protocol', { url: 'http://broker' }, 'mqtts:// for TLS'],
    ['a password in the url', { url: 'mqtt://a:b@broker' }, 'must not hold a user'],
    ['half a certificate', { tls: { cert: '-----BEGIN CERTIFICATE-----' } }, 'cert and key together'],
    ['a filter that is none', { topics: [{ filter: 'a/#/b', machine: 'm' }] }, 'no topic filter'],
    ['a machine that is none', { topics: [{ filter: 'a', machine: 'rf 1' }] }, 'name of a machine'],
    ['a place that is none', { topics: [{ filter: 'a', machine: '{device}' }] }, 'none of its places'],
    ['half a brace', { topics: [{ filter: 'a', machine: 'x{1' }] }, 'without its other half'],
    ['a level that no topic of the filter has', { topics: [{ filter: 'plant/+', machine: '{3}' }] }, 'have 2 levels'],
    ['such a level in the path', { topics: [{ filter: 'plant/+', machine: '{2}', path: 'x/{4}' }] }, 'has {4}'],
    ['no topics', { topics: [] }, 'topics'],
  ])('with %s are refused', (_title, wrong, words) => {
    const result = mqttSettings.safeParse({ ...right, ...wrong });
    expect(result.success).toBe(false);
    expect(JSON.stringify(result.error?.issues)).toContain(words);
  });
});
