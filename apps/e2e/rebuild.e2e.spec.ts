import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { eventually, ScriptedReceiver } from '@millrace/test-environment';
import { Client } from 'pg';
import { Constellation } from './constellation';

jest.setTimeout(120_000);

const command = async (site: Constellation, name: 'rebuild' | 'compare', ...args: string[]) => {
  const script = join(process.cwd(), `dist/apps/audit-projector/src/${name}.js`);
  const env = { PATH: process.env['PATH'], ...site.variables };
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [script, ...args], { env });
    return { code: 0, stdout };
  } catch (error) {
    const failed = error as { code: number; stdout: string };
    return { code: failed.code, stdout: failed.stdout };
  }
};

it('the history, dropped and rebuilt from the log, does not differ in a row; one changed row is found', async () => {
  const receiver = await ScriptedReceiver.start();
  const site = await Constellation.start({ timeScale: 0.0005 });
  try {
    // Every third event succeeds at once, every third at the second, every third at the third attempt.
    const tried = new Map<string, number>();
    receiver.respond(({ headers, body }) => {
      const id = String(headers['webhook-id']);
      const attempt = (tried.get(id) ?? 0) + 1;
      tried.set(id, attempt);
      const { n } = JSON.parse(body.toString()).data as { n: number };
      if (attempt <= n % 3) return attempt === 1 ? 503 : 404;
      return n % 2 === 0 ? 200 : { status: 200, body: Buffer.from([0, 0xff, 0x41]) };
    });
    await site.createEndpoint(receiver.url);
    const gone = await site.createEndpoint(`${receiver.url}paused`, { eventTypes: ['order.held'] });
    await site.call('PATCH', `/v1/endpoints/${gone.id}`, { status: 'paused' });
    const ids = await site.publish(
      Array.from({ length: 150 }, (_each, n) => ({ type: n % 30 === 0 ? 'order.held' : 'order.created', data: { n } })),
    );
    await eventually(
      async () => (await site.deliveries({ status: 'succeeded' })).length === ids.length,
      'all deliveries to the active endpoint to succeed',
      60_000,
    );
    await site.call('DELETE', `/v1/endpoints/${gone.id}`);
    await eventually(
      async () => (await site.deliveries({ status: 'cancelled' })).length === 5,
      'the held ones to be cancelled',
      60_000,
    );

    const rebuilt = await command(site, 'rebuild');
    expect(rebuilt).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/history_rebuild: \d+ facts of \d+ records/),
    });
    const compared = await command(site, 'compare');
    expect(compared).toMatchObject({ code: 0, stdout: expect.stringContaining('No row differs') });

    const sql = async (...statements: string[]) => {
      const client = new Client({ connectionString: site.databaseUrl });
      await client.connect();
      for (const statement of statements) await client.query(statement);
      await client.end();
    };
    await sql(
      'DELETE FROM history.deliveries WHERE delivery_id = (SELECT min(delivery_id::text)::uuid FROM history.deliveries)',
    );
    expect((await command(site, 'compare')).code).toBe(1);

    // As the runbook says: the rebuilt history is taken into use, and goes on from its own checkpoint.
    await site.service('audit-projector').stop();
    await sql('ALTER SCHEMA history RENAME TO history_old', 'ALTER SCHEMA history_rebuild RENAME TO history');
    await site.service('audit-projector').startAgain();
    await site.service('audit-projector').waitReady();
    const [later] = await site.publish([{ type: 'order.created', data: { n: 0 } }]);
    await site.settled(later!, 'succeeded');
    expect(await site.deliveries({ status: 'succeeded' })).toHaveLength(ids.length + 1);
  } finally {
    await site.close();
    await receiver.close();
  }
});
