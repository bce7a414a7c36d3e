import { eventually, ScriptedReceiver } from '@millrace/test-environment';
import { Constellation, type Reconciled } from './constellation';

/** Per endpoint, and there are four: 10,000 deliveries in all. */
const EACH = Number(process.env['STORY_EACH'] ?? 2_500);

jest.setTimeout(300_000);

describe('the counts add up, whatever is done to endpoints with deliveries pending', () => {
  let site: Constellation;
  let receiver: ScriptedReceiver;

  beforeAll(async () => {
    receiver = await ScriptedReceiver.start();
    site = await Constellation.start({ timeScale: 0.01 });
  });
  afterAll(async () => {
    await site.close();
    await receiver.close();
  });

  const adds = async (): Promise<Reconciled['totals']> => {
    const { exitCode, result } = await site.reconcile();
    expect(result.findings).toEqual([]);
    expect([exitCode, result.addsUp]).toEqual([0, true]);
    return result.totals;
  };

  it('pause, down, disable, enable, delete and create again', async () => {
    const dark = await ScriptedReceiver.start();
    const darkUrl = dark.url;
    const darkPort = dark.port;
    await dark.close();
    receiver.respond((request) => (request.path.startsWith('/gone') && !recovered ? 410 : 200));
    let recovered = false;
    const paused = await site.createEndpoint(`${receiver.url}paused`, { eventTypes: ['a.*'] });
    const down = await site.createEndpoint(darkUrl, {
      eventTypes: ['b.*'],
      retry: { delaysSeconds: Array(30).fill(60) },
    });
    const disabled = await site.createEndpoint(`${receiver.url}gone`, { eventTypes: ['c.*'] });
    const deleted = await site.createEndpoint(`${receiver.url}deleted`, { eventTypes: ['d.*'] });
    for (const { id } of [paused, deleted]) await site.call('PATCH', `/v1/endpoints/${id}`, { status: 'paused' });

    for (let from = 0; from < EACH; from += 100)
      await site.publish(
        ['a', 'b', 'c', 'd'].flatMap((module) =>
          Array.from({ length: 100 }, (_each, n) => ({ type: `${module}.thing`, data: { n: from + n } })),
        ),
      );
    const total = EACH * 4;
    await eventually(
      async () => {
        const { status, body } = await site.call<{ status: string }>('GET', `/v1/endpoints/${down.id}`);
        return status === 200 && body.status === 'down';
      },
      'the endpoint whose receiver is away to be down',
      60_000,
    );
    const inTheMiddle = await adds();
    expect(inTheMiddle['accepted']).toBeLessThanOrEqual(total);

    await site.call('DELETE', `/v1/endpoints/${deleted.id}`);
    await site.createEndpoint(`${receiver.url}again`, { eventTypes: ['d.*'] });
    await site.call('PATCH', `/v1/endpoints/${paused.id}`, { status: 'active' });
    await site.service('delivery').kill('SIGKILL');
    await site.service('delivery').startAgain();
    recovered = true;
    const back = await ScriptedReceiver.start(200, darkPort);
    await site.call('PATCH', `/v1/endpoints/${disabled.id}`, { status: 'active' });
    await site.publish(Array.from({ length: 100 }, (_each, n) => ({ type: 'd.thing', data: { n } })));

    const open = async (): Promise<number> => {
      const totals = (await site.reconcile()).result.totals;
      return totals['pending']! + totals['retrying']! + totals['parked']!;
    };
    await eventually(async () => (await open()) === 0, 'everything to end', 120_000);
    const atTheEnd = await adds();
    process.stdout.write(`${JSON.stringify(atTheEnd)}\n`);
    const { accepted, succeeded, failed, cancelled, expired } = atTheEnd as Record<string, number>;
    expect(accepted).toBe(total + 100);
    expect(succeeded! + failed! + cancelled! + expired!).toBe(accepted);
    expect(cancelled).toBe(EACH);
    await back.close();
  });
});
