import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { decodeRejection, type OutgoingMessage } from '@millrace/protocol';
import { eventually, ScriptedReceiver } from '@millrace/test-environment';
import { Constellation } from './constellation';

jest.setTimeout(120_000);

interface Refusal {
  readonly code: string;
  readonly errors: readonly { readonly path: string; readonly code?: string; readonly detail: string }[];
}

describe('events are held to the schema of their type, as the tenant wants it', () => {
  let site: Constellation;
  let receiver: ScriptedReceiver;
  beforeAll(async () => {
    receiver = await ScriptedReceiver.start();
    site = await Constellation.start();
    await site.createEndpoint(receiver.url);
  });
  afterAll(async () => {
    await site.close();
    await receiver.close();
  });

  const module = (id: string, type: string, data: unknown): OutgoingMessage => ({
    topic: site.topics.events('order'),
    key: id,
    value: Buffer.from(JSON.stringify(data)),
    headers: { ce_specversion: '1.0', ce_id: id, ce_source: '/order', ce_type: type },
  });
  const arrived = (): string[] =>
    receiver.requests.map(({ body }) => (JSON.parse(body.toString()) as { id: string }).id);
  const quarantined = async (): Promise<{ id: string; code: string; detail: string }[]> => {
    const found: { id: string; code: string; detail: string }[] = [];
    await site.kafka.readRange({
      topic: site.topics.eventsRejected,
      partition: 0,
      from: 0n,
      onMessage: (message) => {
        const { rejection } = decodeRejection(message)!;
        const id = Buffer.from(rejection.originalKey ?? '', 'base64').toString();
        found.push({ id, code: rejection.code, detail: rejection.detail });
      },
    });
    return found;
  };
  const change = async (name: string, validation: string): Promise<void> => {
    const answer = await site.call('PATCH', `/v1/event-types/${name}`, { validation });
    expect([answer.status, answer.body]).toMatchObject([200, { name, validation }]);
  };

  it('a rule holds for what a module publishes after the answer to it, also for a type of one’s own', async () => {
    const schema = { type: 'object', required: ['mm'], properties: { mm: { type: 'number' } } };
    for (let n = 0; n < 10; n++) {
      const name = `weighing.measured_${n}`;
      const answer = await site.call('POST', '/v1/event-types', {
        name,
        module: 'weighing',
        description: 'A measurement.',
        schema,
        example: { mm: 1.5 },
        validation: 'reject',
      });
      expect(answer.status).toBe(201);
      await site.produce([module(`bad-${n}`, name, { mm: 'wide' }), module(`good-${n}`, name, { mm: 1 })]);
      // An event is held to the rule of the time at which it is fanned out, so the first wait for that.
      await eventually(async () => (await quarantined()).some(({ id }) => id === `bad-${n}`), 'the quarantine');
      await change(name, 'off');
      await site.produce([module(`after-${n}`, name, { mm: 'wide' })]);
    }
    const ids = (what: string) => Array.from({ length: 10 }, (_, n) => `${what}-${n}`);
    await eventually(() => arrived().length >= 20, 'what fits, and what nobody looks at', 30_000);
    expect(arrived().sort()).toEqual([...ids('good'), ...ids('after')].sort());
    expect(await quarantined()).toEqual(
      ids('bad').map((id, n) => ({
        id,
        code: 'schema_violation',
        detail: `data.mm must be number, by version 1 of the schema of weighing.measured_${n}.`,
      })),
    );
  });

  it('whoever publishes by HTTP is told at once, of a built-in type too', async () => {
    await change('order.shipped', 'reject');
    const refused = await eventually(async () => {
      const answer = await site.call<Refusal>('POST', '/v1/events', [
        { type: 'order.picked', data: {}, id: 'picked' },
        { type: 'order.shipped', data: { carrier: 'UPS' }, id: 'shipped' },
      ]);
      return answer.status === 422 ? answer.body : null;
    }, 'the rule to be known');
    expect(refused).toMatchObject({
      code: 'invalid_event',
      errors: [{ path: '[1].data', code: 'schema_violation', detail: expect.stringContaining('lacks "order_id"') }],
    });
    // The next passes at once when the rule is taken back.
    await change('order.shipped', 'off');
    await site.publish([{ type: 'order.shipped', data: { carrier: 'UPS' }, id: 'shipped-2' }]);
    await eventually(() => arrived().includes('shipped-2'), 'the event');
  });

  it('a warning goes beside the delivery, and is seen', async () => {
    await change('order.packed', 'warn');
    const answer = await eventually(async () => {
      const { body } = await site.call<{ events: { id: string; warnings?: object[] }[] }>('POST', '/v1/events', {
        type: 'order.packed',
        data: { packages: -1 },
        id: 'packed',
      });
      return body.events[0]?.warnings === undefined ? null : body;
    }, 'the rule to be known');
    expect(answer!.events).toEqual([{ id: 'packed', warnings: [{ path: 'data', detail: 'lacks "order_id"' }] }]);
    await eventually(() => arrived().includes('packed'), 'the event');
    expect((await quarantined()).filter(({ code }) => code === 'schema_warning')).not.toEqual([]);
    const metrics = await (await fetch(`${site.service('delivery').url}/metrics`)).text();
    expect(metrics).toMatch(/^webhook_events_unfit_total\{validation="warn"\} [1-9]/m);
    expect(metrics).toMatch(/^webhook_events_unfit_total\{validation="reject"\} 10$/m);
  });

  it('an incompatible version is refused, with what is wrong where', async () => {
    const schema = { type: 'object', properties: { mm: { type: 'string' } }, required: ['by'] };
    const type = { name: 'weighing.measured_0', module: 'weighing', description: 'A measurement.', schema };
    const refused = await site.call<Refusal>('POST', '/v1/event-types', type);
    expect([refused.status, refused.body.code]).toEqual([409, 'incompatible_schema']);
    expect(refused.body.errors.map(({ path }) => path)).toEqual(['schema.required', 'schema.properties.mm.type']);
    const example = { mm: '1.5', by: 'ana' };
    const taken = await site.call('POST', '/v1/event-types', { ...type, example, breaking: true });
    expect([taken.status, taken.body]).toMatchObject([201, { version: 2, versions: [{}, { breaking: true }] }]);
    const one = await site.call('GET', '/v1/event-types/weighing.measured_0');
    expect(one.body).toMatchObject({ version: 2, versions: [{ schema: { required: ['mm'] } }, { schema }] });
  });

  it('the books add up: what was rejected is not missing', async () => {
    const result = await new Promise<{ addsUp: boolean; findings: unknown[] }>((resolve, reject) => {
      const main = join(process.cwd(), 'dist/apps/reconcile/src/main.js');
      execFile(
        join(process.cwd(), 'node_modules/node/bin/node'),
        [main, '--json', '--settle', '500ms'],
        { env: { PATH: process.env['PATH'], ...site.variables }, maxBuffer: 64 * 1024 * 1024 },
        (error, stdout, stderr) => {
          try {
            resolve(JSON.parse(stdout));
          } catch {
            reject(new Error(`reconcile said: ${String(error)} ${stderr.slice(0, 2_000)}`));
          }
        },
      );
    });
    expect(result).toMatchObject({ addsUp: true, findings: [] });
  });
});
