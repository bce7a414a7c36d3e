import { eventually } from '@millrace/test-environment';
import { Constellation } from './constellation';

jest.setTimeout(90_000);

const PUBLISHED = ['machine.alarm', 'machine.status_changed', 'production.run_completed'];

/** Names of the members of one event's data. */
const namesOf = (data: unknown): string[] => Object.keys(data as object).sort();

it('what the catalogue shows of a machine event is what machine-ingest publishes', async () => {
  const site = await Constellation.start({ services: ['machine-ingest', 'subscription', 'audit-projector'] });
  try {
    const catalogue = await site.call<{ data: { name: string; builtIn: boolean; example: unknown }[] }>(
      'GET',
      '/v1/event-types?limit=100',
    );
    const examples = new Map(
      catalogue.body.data
        .filter((type) => type.builtIn && PUBLISHED.includes(type.name))
        .map((type) => [type.name, namesOf(type.example)]),
    );
    expect([...examples.keys()].sort()).toEqual(PUBLISHED);

    // Beginning a minute ago, a second apart: inside the skew that a device's stamp may have.
    const began = Date.now() - 66_000;
    let seconds = 0;
    const signal = (path: string, value: unknown, more: object = {}) => ({
      machine: 'RF-1',
      path,
      value,
      timestamp: new Date(began + 1_000 * seconds++).toISOString(),
      ...more,
    });
    const condition = { level: 'WARNING', nativeCode: 'HYD-TEMP', text: 'too hot' };
    const answer = await site.call('POST', '/v1/signals', [
      signal('execution', 'READY'),
      signal('part_count', 10),
      signal('execution', 'ACTIVE'),
      signal('hydraulic', condition, { kind: 'condition', type: 'condition' }),
      signal('part_count', 11),
      signal('execution', 'PROGRAM_COMPLETED'),
      ...Array.from({ length: 60 }, (_each, n) => signal('part_count', 12 + n)),
    ]);
    expect([answer.status, answer.body]).toMatchObject([202, { rejected: [] }]);
    for (const [type, names] of examples) {
      const found = await eventually(
        async () =>
          (await site.call<{ data: { data: unknown }[] }>('GET', `/v1/event-log?type=${type}`)).body.data.at(-1),
        `an event of type ${type}`,
        30_000,
      );
      expect([type, namesOf(found!.data)]).toEqual([type, names]);
    }
  } finally {
    await site.close();
  }
});
