import { builtInEventType } from '@millrace/protocol';
import { bundleEndedAt } from './bundle-time';
import { receiving } from './push.fixture';

const settings = { format: 'eclipse-bundle', machines: { 1: 'rf-01', 2: 'rf-02' }, timeZone: 'America/Chicago' };
const example = builtInEventType('bundle.completed')!.example as { readonly [name: string]: unknown };

describe('a bundle of Eclipse Pro', () => {
  it('is one signal with the whole BundleResult', async () => {
    const { post, signals, told } = receiving(settings);
    const answer = await post({ ...example, User1: 'kept', StartTime: '2026-02-17T08:00:00' });
    expect(answer).toEqual({ kind: 'received', body: { accepted: 1, rejected: [] } });
    expect(signals()).toEqual([
      expect.objectContaining({
        tenant: 'acme',
        machine: 'rf-01',
        source: 'peer',
        path: 'bundle',
        type: 'json',
        seq: null,
        value: { ...example, User1: 'kept' },
        sourceTs: '2026-02-17T15:30:00Z',
        receiveTs: '2026-02-17T15:30:04.000Z',
      }),
    ]);
    expect(told).toEqual(['received http:eclipse-bundle 1 0']);
  });

  it('is the same signal each time it is repeated, so that its key has one effect', async () => {
    const { post, signals } = receiving(settings);
    await Promise.all(Array.from({ length: 50 }, () => post(example)));
    expect(signals()).toHaveLength(50);
    expect(new Set(signals().map((signal) => JSON.stringify(signal))).size).toBe(1);
  });

  it('keeps numbers that JavaScript cannot hold', async () => {
    const { post, signals } = receiving(settings);
    await post(
      '{"BundleCode":"1-01","Complete":true,"FinalMachineNumber":2,"OrdId":9007199254740993,"GoodIn":0.10000000000000000001}',
    );
    expect(signals()[0]).toMatchObject({
      machine: 'rf-02',
      value: { OrdId: '9007199254740993', GoodIn: '0.10000000000000000001' },
    });
  });

  it.each<[string, object, string]>([
    ['no code', { BundleCode: undefined }, 'BundleCode'],
    ['an empty code', { BundleCode: '' }, 'BundleCode'],
    ['a code that is a number', { BundleCode: 7 }, 'BundleCode'],
    ['a machine that is not mapped', { FinalMachineNumber: 9 }, 'FinalMachineNumber'],
    ['no machine', { FinalMachineNumber: undefined }, 'FinalMachineNumber'],
    ['the name of a prototype for a machine', { FinalMachineNumber: 'constructor' }, 'FinalMachineNumber'],
  ])('with %s is refused, and quarantined once however often it is sent', async (_, wrong, said) => {
    const { post, signals, quarantined } = receiving(settings);
    const body = JSON.stringify({ ...example, ...wrong });
    for (let n = 0; n < 3; n++)
      expect(await post(body)).toMatchObject({
        kind: 'problem',
        problem: { status: 422, detail: expect.stringContaining(said) },
      });
    expect(signals()).toEqual([]);
    expect(quarantined()).toHaveLength(1);
    expect(quarantined()[0]).toMatchObject({
      rejection: { code: 'invalid_request', tenant: 'acme' },
      value: Buffer.from(body),
    });
  });

  it('that comes late is history, and no sign of a wrong clock', async () => {
    const { post, signals } = receiving(settings, Date.parse('2026-02-19T06:00:00Z'));
    await post(example);
    expect(signals()[0]).toMatchObject({ sourceTs: '2026-02-17T15:30:00Z', flags: ['historical'] });
  });

  it('goes to the default machine where its number says nothing', async () => {
    const { post, signals } = receiving({ ...settings, machine: 'line' });
    await post({ ...example, FinalMachineNumber: null });
    expect(signals()[0]!.machine).toBe('line');
  });

  it('that does not fit the schema otherwise is taken, and told', async () => {
    const { post, told } = receiving(settings);
    expect(await post({ ...example, TotalQty: 'fifty' })).toMatchObject({
      kind: 'received',
      body: { accepted: 1, warnings: [{ path: 'data.TotalQty' }] },
    });
    expect(told).toContain('unfit peer data.TotalQty');
  });

  it.each([
    '2026-02-17T25:30:00',
    '17.2.2026',
    // an hour that Chicago never had
    '2026-03-08T02:30:00',
  ])('that ended at %s is taken with the time of receipt, and told', async (EndTime) => {
    const { post, signals } = receiving(settings);
    const answer = await post({ ...example, EndTime });
    expect(answer).toMatchObject({ kind: 'received', body: { accepted: 1 } });
    expect(signals()[0]!.sourceTs).toBeNull();
    expect(answer.kind === 'received' && answer.body.warnings).toContainEqual({
      path: 'data.EndTime',
      detail: `is "${EndTime}", which is no time of America/Chicago such as 2026-02-17T09:30:00; the time of receipt is taken`,
    });
  });

  it('that says nothing of its end is no reason for a warning of it', async () => {
    const { post } = receiving(settings);
    const { EndTime: _, ...without } = example;
    for (const body of [without, { ...example, EndTime: null }]) {
      const answer = await post(body);
      expect(JSON.stringify(answer)).not.toContain('time of receipt');
    }
  });

  it('is not answered with success while Kafka is away', async () => {
    const { post, signals, quarantined, kafka } = receiving(settings);
    kafka.up = false;
    for (const body of [example, {}])
      expect(await post(body)).toMatchObject({ problem: { status: 503 }, retryAfterSeconds: 2 });
    kafka.up = true;
    await post(example);
    await post({});
    expect([signals().length, quarantined().length]).toEqual([1, 1]);
  });
});

describe('the end of a bundle', () => {
  const zone = 'America/Chicago';
  const at = (text: string) => Date.parse(text);
  const minutes = { RunMinutes: 30, DelayMinutes: 10 };

  it.each<[string, object, string, string | null]>([
    ['in winter', { EndTime: '2026-02-17T09:30:00' }, '2026-02-17T15:31:00Z', '2026-02-17T15:30:00Z'],
    ['in summer', { EndTime: '2026-07-17T09:30:00.1234567' }, '2026-07-17T14:31:00Z', '2026-07-17T14:30:00.1234567Z'],
    [
      'with a zone of its own',
      { EndTime: '2026-02-17T09:30:00-05:00' },
      '2026-02-17T15:31:00Z',
      '2026-02-17T09:30:00-05:00',
    ],
    ['missing', {}, '2026-02-17T15:31:00Z', null],
    ['nonsense', { EndTime: '17.2.2026' }, '2026-02-17T15:31:00Z', null],
    ['in the hour that never was', { EndTime: '2026-03-08T02:30:00' }, '2026-03-08T09:00:00Z', null],
    // clocks go back from 2:00 to 1:00 on 1 November
    ['first time, sent at once', { EndTime: '2026-11-01T01:50:00' }, '2026-11-01T06:50:05Z', '2026-11-01T06:50:00Z'],
    ['second time, sent at once', { EndTime: '2026-11-01T01:10:00' }, '2026-11-01T07:10:05Z', '2026-11-01T07:10:00Z'],
    [
      'first time, sent hours later',
      { StartTime: '2026-11-01T00:50:00', EndTime: '2026-11-01T01:30:00', ...minutes },
      '2026-11-01T12:00:00Z',
      '2026-11-01T06:30:00Z',
    ],
    [
      'second time, begun before the first, sent hours later',
      { StartTime: '2026-11-01T00:50:00', EndTime: '2026-11-01T01:30:00', RunMinutes: 90, DelayMinutes: 10 },
      '2026-11-01T12:00:00Z',
      '2026-11-01T07:30:00Z',
    ],
    [
      'begun in the first, ended in the second',
      { StartTime: '2026-11-01T01:40:00', EndTime: '2026-11-01T01:20:00', ...minutes },
      '2026-11-01T12:00:00Z',
      '2026-11-01T07:20:00Z',
    ],
    [
      'begun and ended in one of them',
      { StartTime: '2026-11-01T01:10:00', EndTime: '2026-11-01T01:50:00', ...minutes },
      '2026-11-01T06:50:30Z',
      '2026-11-01T06:50:00Z',
    ],
  ])('%s', (_, bundle, received, expected) => {
    expect(bundleEndedAt(bundle as { [name: string]: unknown }, zone, at(received))).toBe(expected);
  });
});
