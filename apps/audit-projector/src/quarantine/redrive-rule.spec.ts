import { type IncomingMessage, topicNames } from '@millrace/protocol';
import { quarantineId, readQuarantineId } from './quarantine-id';
import { AS_IT_CAME, type Correction, decideRedrive, type Quarantined, whyNotRedrivable } from './redrive-rule';

const names = topicNames('t.');
const topics = { names, modules: ['mes', 'order', 'custom'] };
const item = (over: Partial<Quarantined> = {}): Quarantined => ({
  id: 'events-0-7',
  code: 'not_json',
  originTopic: names.events('mes'),
  tenant: null,
  ...over,
});
const record = (over: Partial<IncomingMessage> = {}): IncomingMessage => ({
  topic: names.events('mes'),
  partition: 1,
  offset: 4n,
  timestamp: 1_768_000_000_000,
  key: Buffer.from('RF-1'),
  value: Buffer.from('{"good":1}'),
  headers: {
    ce_specversion: Buffer.from('1.0'),
    ce_id: Buffer.from('e1'),
    ce_type: Buffer.from('machine.alarm'),
    ce_source: Buffer.from('/machines/RF-1'),
    'content-type': Buffer.from('application/json'),
  },
  ...over,
});
const corrected = (over: Partial<Correction>): Correction => ({ ...AS_IT_CAME, ...over });

const SIGNAL = {
  v: 1,
  tenant: 'default',
  machine: 'RF-1',
  source: 's',
  session: 'x',
  seq: 1,
  path: 'execution',
  kind: 'event',
  value: 'ACTIVE',
  type: 'string',
  unit: null,
  quality: 'good',
  qualityCode: null,
  sourceTs: null,
  serverTs: null,
  receiveTs: '2026-02-17T14:00:00.000Z',
  at: '2026-02-17T14:00:00.000Z',
  clock: 'device',
  flags: [],
  raw: { proto: 'http', ref: '' },
};

describe('what of the quarantine can be driven again', () => {
  it.each([
    [item(), null],
    [item({ originTopic: names.signals }), null],
    [item({ code: 'schema_warning' }), /delivered all the same/],
    [item({ code: 'unrepresentable' }), /recovery `missing`/],
    [item({ code: 'run_url_refused' }), /recovery `missing`/],
    [item({ originTopic: 'shdr:mazak/2026' }), /POST \/v1\/signals/],
    [item({ originTopic: names.deliveries }), /Find the program/],
    [item({ originTopic: names.retry('5s') }), /Find the program/],
  ])('%j', (one, expected) => {
    const why = whyNotRedrivable(one, topics);
    if (expected === null) expect(why).toBeNull();
    else expect(why).toMatch(expected);
  });

  it('sends the bytes with their key and headers, and says where they come from', () => {
    const decision = decideRedrive(item({ code: 'schema_violation' }), record(), true, AS_IT_CAME, topics);
    expect(decision).toMatchObject({
      kind: 'send',
      message: { topic: 't.events.mes', key: 'RF-1', headers: { ce_id: 'e1', 'millrace-redriven': 'events-0-7' } },
    });
    expect(decision.kind === 'send' && decision.message.value).toEqual(Buffer.from('{"good":1}'));
  });

  it('refuses what would only come back, with the reason', () => {
    const decision = decideRedrive(item(), record({ value: Buffer.from('{"good":') }), true, AS_IT_CAME, topics);
    expect(decision).toMatchObject({ kind: 'refuse', code: 'still_refused' });
    expect(decision.kind === 'refuse' && decision.detail).toMatch(/not_json|JSON/);
  });

  it('sends a correction in the place of what came', () => {
    const decision = decideRedrive(
      item(),
      record({ value: Buffer.from('{"good":') }),
      true,
      corrected({ value: '{"good":2}' }),
      topics,
    );
    expect(decision.kind === 'send' && decision.message.value?.toString()).toBe('{"good":2}');
  });

  it('takes a correction of the headers, where the attributes of an event may stand', () => {
    const old = record({
      headers: { ...record().headers, ce_specversion: Buffer.from('0.3'), ce_Odd: Buffer.from('x') },
    });
    const sent = (correction: Partial<Correction>) => decideRedrive(item(), old, true, corrected(correction), topics);
    expect(sent({})).toMatchObject({
      code: 'still_refused',
      detail: expect.stringMatching(/0\.3.*an attribute as `headers`, such as {"ce_specversion": "…"}/),
    });
    expect(sent({ headers: { ce_specversion: '1.0', ce_Odd: null } })).toMatchObject({
      kind: 'send',
      message: {
        key: 'RF-1',
        value: Buffer.from('{"good":1}'),
        headers: {
          ce_specversion: '1.0',
          ce_id: 'e1',
          ce_type: 'machine.alarm',
          ce_source: '/machines/RF-1',
          'content-type': 'application/json',
          'millrace-redriven': 'events-0-7',
        },
      },
    });
  });

  it('takes a whole event as the value, where the type of the content says that it is one', () => {
    const old = record({ headers: { ...record().headers, ce_specversion: Buffer.from('0.3') } });
    const value = '{"specversion":"1.0","id":"e1","type":"order.created","source":"/s","data":{"good":1}}';
    const headers = { 'content-type': 'application/cloudevents+json' };
    expect(decideRedrive(item(), old, true, corrected({ value, headers }), topics)).toMatchObject({
      kind: 'send',
      message: { topic: 't.events.order', headers: { 'content-type': 'application/cloudevents+json' } },
    });
  });

  it('asks for the whole of a record of which only the beginning is left', () => {
    expect(decideRedrive(item(), record(), false, AS_IT_CAME, topics)).toMatchObject({ code: 'not_redrivable' });
    expect(decideRedrive(item(), record(), false, corrected({ value: '{}' }), topics)).toMatchObject({ kind: 'send' });
  });

  it('gives a signal the key that it should have had', () => {
    const value = Buffer.from(JSON.stringify(SIGNAL));
    const wrong = record({ topic: names.signals, key: Buffer.from('nonsense'), value, headers: {} });
    expect(
      decideRedrive(item({ originTopic: names.signals, code: 'wrong_key' }), wrong, true, AS_IT_CAME, topics),
    ).toMatchObject({
      kind: 'send',
      message: { topic: 't.signals', key: 'default/RF-1' },
    });
  });

  it('refuses a signal that is still none', () => {
    const value = Buffer.from(JSON.stringify({ ...SIGNAL, quality: 'splendid' }));
    const wrong = record({ topic: names.signals, value, headers: {} });
    expect(
      decideRedrive(item({ originTopic: names.signals, code: 'invalid_signal' }), wrong, true, AS_IT_CAME, topics),
    ).toMatchObject({ kind: 'refuse', code: 'still_refused', detail: expect.stringContaining("'quality'") });
  });
});

describe('a record of a tenant', () => {
  const own = (over: Partial<Quarantined>) => item({ tenant: 'acme', ...over });
  const event = (tenant: string) => record({ headers: { ...record().headers, ce_tenantid: Buffer.from(tenant) } });
  const sent = (signal: object, over: Partial<Quarantined> = {}) =>
    decideRedrive(
      own({ originTopic: names.signals, code: 'invalid_signal', ...over }),
      record({ topic: names.signals, headers: {} }),
      true,
      corrected({ value: JSON.stringify({ ...SIGNAL, ...signal }) }),
      topics,
    );

  it('stays its own, by event or by signal', () => {
    expect(decideRedrive(own({}), event('acme'), true, AS_IT_CAME, topics)).toMatchObject({ kind: 'send' });
    expect(decideRedrive(own({}), event('victim'), true, AS_IT_CAME, topics)).toMatchObject({ code: 'not_redrivable' });
    expect(sent({ tenant: 'acme' })).toMatchObject({ kind: 'send', message: { key: 'acme/RF-1' } });
    expect(sent({ tenant: 'victim' })).toMatchObject({ code: 'not_redrivable' });
    expect(sent({ tenant: 'victim' }, { tenant: null })).toMatchObject({ kind: 'send' });
  });

  it('is not corrected into a word of Millrace itself, by nobody', () => {
    const config = { path: '$config', kind: 'lifecycle', value: { name: 'm', version: 1, hash: '0' } };
    expect(sent({ tenant: 'acme', ...config })).toMatchObject({ code: 'not_redrivable' });
    expect(sent(config, { tenant: null })).toMatchObject({ code: 'not_redrivable' });
  });
});

describe('the id of a record in the quarantine', () => {
  it('is its place', () => {
    const place = { list: 'signals', partition: 0, offset: '4711' } as const;
    expect(readQuarantineId(quarantineId(place))).toEqual(place);
  });
  it.each(['', 'signals-0', 'signals-0-01', 'x-0-1', 'events-0--1', "events-0-1'; DROP TABLE", 'events-0-1e3'])(
    '%s is none',
    (id) => {
      expect(readQuarantineId(id)).toBeNull();
    },
  );
});
