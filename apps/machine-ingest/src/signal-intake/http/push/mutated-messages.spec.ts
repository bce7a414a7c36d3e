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
const lines = `${JSON.stringify({ path: 'execution', value: 'ACTIVE' })}\n`.repeat(5);

it.each<[string, object, string, string]>([
  ['bundles', { format: 'eclipse-bundle', machine: 'm', timeZone: 'America/Chicago' }, bundle, 'application/json'],
  ['messages of the MES', { format: 'mes-events', machine: 'm', secret }, mes, 'application/json'],
  ['documents', { format: 'json', machine: 'm', machineMember: 'm' }, values, 'application/json'],
  ['lines of signals', { format: 'signals', machine: 'm' }, lines, 'application/x-ndjson'],
])(
  '%s that are broken in 250 ways are refused or read, and harm none between them',
  async (_, settings, whole, type) => {
    const random = randomFrom(17);
    const { post, signals, quarantined } = receiving(settings, now);
    const send = (body: Buffer) =>
      post(body, { contentType: type, signature: createHmac('sha256', secret).update(body).digest('hex') });
    let refused = 0;
    for (let n = 0; n < 250; n++) {
      const answer = await send(mutate(Buffer.from(whole), random));
      expect(['received', 'problem']).toContain(answer.kind);
      if (answer.kind === 'problem') {
        refused++;
        expect([400, 413, 422]).toContain(answer.problem.status);
      }
      if (n % 25 === 0) expect(await send(Buffer.from(whole))).toMatchObject({ kind: 'received' });
    }
    // reading them back is what the translation does: none may be one that it refuses
    expect(signals().length).toBeGreaterThanOrEqual(10);
    expect(refused).toBeGreaterThan(20);
    expect(quarantined().length).toBeLessThanOrEqual(refused);
    expect(quarantined().length).toBeGreaterThan(0);
    expect(Object.keys(Object.prototype)).toEqual([]);
  },
);
