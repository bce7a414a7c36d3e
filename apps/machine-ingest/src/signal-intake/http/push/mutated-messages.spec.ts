import { createHmac } from 'node:crypto';
import { builtInEventType } from '@millrace/protocol';
import { randomFrom } from '@millrace/test-environment';
import { mutate } from '../../../test-support/mutate';
import { receiving } from './push.fixture';

const secret = 'test-secret-0123456789';
const now = Date.parse('2026-02-17T15:30:04Z');
const bundle = JSON.stringify(builtInEventType('bundle.completed')!.example);
const mes = JSON.stringify({ id: 'e', type: 'operation.started', timestamp: '2026-02-17T15:30:00Z', data: { a: 1 } });
const values = JSON.stringify({ m: 'press-1', a: { b: [1, 2.5, 'x', null, true] }, n: 1 });
const list = JSON.stringify([
  { path: 'execution', value: 'ACTIVE', timestamp: '2026-02-17T15:30:00Z' },
  { v: 1, machine: 'm2', path: 'c', type: 'condition', value: { level: 'FAULT', nativeCode: '007' }, seq: 4, idx: 1 },
  { path: 'order', value: { n: 12_345, nested: [1, { a: 'x' }] }, unit: 'mm', flags: ['snapshot'], session: 's' },
]);
const lines = `${JSON.stringify({ path: 'execution', value: 'ACTIVE' })}\n`.repeat(5);

const type = { json: 'application/json', lines: 'application/x-ndjson' };
const others = [bundle, mes, values, lines].map((text) => Buffer.from(text));
const MUTATIONS = 10_000;

it.each<[string, object, string, string]>([
  ['bundles', { format: 'eclipse-bundle', machine: 'm', timeZone: 'America/Chicago' }, bundle, type.json],
  ['messages of the MES', { format: 'mes-events', machine: 'm', secret }, mes, type.json],
  ['documents', { format: 'json', machine: 'm', machineMember: 'm' }, values, type.json],
  ['lists of signals', { format: 'signals', machine: 'm' }, list, type.json],
  ['lines of signals', { format: 'signals', machine: 'm' }, lines, type.lines],
])(
  '%s that are broken in 10,000 ways are refused or read, and harm none between them',
  async (_, settings, whole, contentType) => {
    const random = randomFrom(17);
    const { post, signals, quarantined } = receiving(settings, now);
    const send = (body: Buffer) =>
      post(body, { contentType, signature: createHmac('sha256', secret).update(body).digest('hex') });
    const right = await send(Buffer.from(whole));
    const of = signals();
    expect(right).toMatchObject({ kind: 'received', body: { accepted: of.length, rejected: [] } });
    const sent = new Set<string>();
    const outcomes = { received: 0, refused: 0, signals: of.length, otherwise: 0, harmed: 0, between: 0 };
    for (let n = 0; n < MUTATIONS; n++) {
      const body = mutate(Buffer.from(whole), random, others);
      // what was refused a moment ago is not quarantined again
      if (sent.has(body.toString('latin1'))) continue;
      sent.add(body.toString('latin1'));
      const answer = await send(body);
      if (answer.kind === 'received') {
        outcomes.received++;
        outcomes.signals += answer.body.accepted;
      } else if (answer.kind === 'problem' && [400, 413, 422].includes(answer.problem.status)) outcomes.refused++;
      else outcomes.otherwise++;
      if (n % 4 !== 0) continue;
      if (JSON.stringify(await send(Buffer.from(whole))) !== JSON.stringify(right)) outcomes.harmed++;
      else outcomes.signals += of.length;
      outcomes.between++;
    }
    expect(outcomes).toMatchObject({ otherwise: 0, harmed: 0 });
    expect(outcomes.refused).toBeGreaterThan(1_000);
    expect(outcomes.received).toBeGreaterThan(100);
    // reading them back is what the translation does: none may be one that it refuses
    const stored = signals();
    expect(stored).toHaveLength(outcomes.signals);
    const intact = new Set(of.map((signal) => JSON.stringify(signal)));
    expect(stored.filter((signal) => intact.has(JSON.stringify(signal))).length).toBeGreaterThanOrEqual(
      outcomes.between * of.length,
    );
    expect(outcomes.between).toBeGreaterThan(2_000);
    expect(quarantined()).toHaveLength(outcomes.refused);
    expect(Object.keys(Object.prototype)).toEqual([]);
  },
);
