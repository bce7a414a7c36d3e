import fc from 'fast-check';
import { jsonLeaves } from '../../json-leaves';
import { httpSourceKind } from './http-source.kind';
import { httpSourceSettings } from './http-source-settings';
import { receiving } from './push.fixture';

describe('a JSON document', () => {
  const settings = { format: 'json', machineMember: 'meta.machine', timestampMember: 'meta.time' };
  const meta = { machine: 'press-1', time: '2026-02-17T15:30:00.1234567Z' };

  it('is a signal for each of its scalars', async () => {
    const { post, signals } = receiving(settings);
    const answer = await post(
      `{"meta":${JSON.stringify(meta)},"state":"RUN","hot":false,"count":9223372036854775807,"axes":[{"load":0.5},{"load":null}],"long":0.1000000000000000055}`,
    );
    expect(answer).toMatchObject({ kind: 'received', body: { accepted: 6 } });
    expect(signals().map(({ path, value, type, quality }) => [path, value, type, quality])).toEqual([
      ['state', 'RUN', 'string', 'good'],
      ['hot', false, 'bool', 'good'],
      ['count', '9223372036854775807', 'int64', 'good'],
      ['axes.0.load', 0.5, 'double', 'good'],
      ['axes.1.load', null, 'string', 'bad'],
      ['long', '0.1000000000000000055', 'double', 'good'],
    ]);
    expect(signals()[0]).toMatchObject({ machine: 'press-1', sourceTs: meta.time, seq: null });
  });

  it('has one effect under one Idempotency-Key, and no other body may use it', async () => {
    const { post, signals } = receiving({ format: 'json', machine: 'm' });
    for (let n = 0; n < 2; n++) await post({ a: 1, b: 2 }, { idempotencyKey: 'k' });
    const places = signals().map(({ session, seq }) => `${session}/${seq}`);
    expect(places.slice(2)).toEqual(places.slice(0, 2));
    expect(new Set(places).size).toBe(2);
    expect(await post({ a: 2 }, { idempotencyKey: 'k' })).toMatchObject({ problem: { status: 409 } });
  });

  it.each<[string, object | string, number]>([
    ['no machine', { state: 1 }, 422],
    ['a machine that is no name', { meta: { machine: 'a b' }, state: 1 }, 422],
    ['a time that is none', { meta: { ...meta, time: 'noon' }, state: 1 }, 422],
    ['no values', { meta }, 422],
    ['too many values', { meta, list: Array(2_001).fill(1) }, 413],
    ['no object', '[1]', 422],
    ['no JSON', '<html>', 400],
  ])('with %s is refused', async (_, body, status) => {
    const { post, quarantined } = receiving(settings);
    expect(await post(body)).toMatchObject({ problem: { status } });
    expect(quarantined()).toHaveLength(1);
  });

  it('names members that cannot be paths', async () => {
    const { post } = receiving({ format: 'json', machine: 'm' });
    expect(await post({ $tick: 1, a: 1, ['x'.repeat(300)]: 1, 'c\u0000': 1 })).toMatchObject({
      body: { accepted: 1, rejected: [{ path: '$tick' }, {}, {}] },
    });
  });

  it('gives every scalar its own path and value', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (document) => {
        const found = jsonLeaves(JSON.stringify(document));
        for (const { path, value } of found?.leaves ?? []) {
          if (typeof value !== 'string' && value !== null)
            expect(JSON.stringify(document)).toContain(JSON.stringify(value));
          expect(path).not.toMatch(/^\$|^$/);
        }
      }),
    );
  });
});

describe('signals that come to a source', () => {
  it('belong to it, on its machine, also as NDJSON', async () => {
    const { post, signals } = receiving({ format: 'signals', machine: 'rf-01' });
    const answer = await post('{"path":"execution","value":"ACTIVE"}\n{"machine":"x y"}\n', {
      contentType: 'application/x-ndjson',
    });
    expect(answer).toMatchObject({ kind: 'received', body: { accepted: 1, rejected: [{ index: 1 }, {}, {}] } });
    expect(signals()[0]).toMatchObject({ machine: 'rf-01', source: 'peer', path: 'execution' });
  });
});

describe('the settings of a source that is called', () => {
  const schema = httpSourceSettings(() => 'made-token-made-token');

  it('make a token where there is none', () => {
    expect(schema.parse({ format: 'json', machine: 'm' })).toMatchObject({ token: 'made-token-made-token' });
  });

  it.each<[object, string]>([
    [{ format: 'json' }, 'machine'],
    [{ format: 'json', machine: 'a b' }, 'machine'],
    [{ format: 'json', machine: 'm', token: 'short' }, 'token'],
    [{ format: 'json', machine: 'm', colour: 1 }, ''],
    [{ format: 'eclipse-bundle', timeZone: 'UTC' }, 'machine'],
    [{ format: 'eclipse-bundle', machine: 'm', timeZone: 'Mars/Olympus' }, 'timeZone'],
    [{ format: 'eclipse-bundle', machine: 'm' }, 'timeZone'],
    [{ format: 'eclipse-bundle', machines: { one: 'm' }, timeZone: 'UTC' }, 'machines.one'],
    [{ format: 'mes-events' }, 'machine'],
    [{ format: 'mes-events', machine: 'm', secret: 'short' }, 'secret'],
    [{ format: 'soap' }, 'format'],
    [{}, 'format'],
  ])('%j are refused at %j', (settings, path) => {
    expect(schema.safeParse(settings).error!.issues[0]!.path.join('.')).toBe(path);
  });

  it('say where the peer sends to, and nothing of it has to answer', async () => {
    const kind = httpSourceKind(() => 'made-token-made-token');
    expect(kind.url!({ tenant: 'acme', name: 'eclipse' })).toBe('/v1/sources/in/acme/eclipse');
    const settings = kind.settings.parse({ format: 'mes-events', machine: 'm' });
    expect((await kind.tryOnce(settings, {} as never)).summary).toMatch(/answered 401, since the source has no secret/);
  });
});
