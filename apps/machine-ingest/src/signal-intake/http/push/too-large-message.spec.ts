import { builtInEventType } from '@millrace/protocol';
import { receiving } from './push.fixture';

const bundle = builtInEventType('bundle.completed')!.example as object;
const settings = { format: 'eclipse-bundle', machine: 'rf-01', timeZone: 'UTC' };
const large = { ...bundle, Remark: 'x'.repeat(2_200_000) };
const answer413 = { kind: 'problem', problem: { status: 413, code: 'too_large' } };

describe('a message of which no record can hold a value', () => {
  it('is answered 413, and its beginning is kept', async () => {
    const { post, signals, quarantined } = receiving(settings);
    const answer = await post(large);
    expect(answer).toMatchObject(answer413);
    expect(answer).not.toHaveProperty('retryAfterSeconds');
    expect(signals()).toEqual([]);
    expect(
      quarantined().map(({ rejection, value }) => [rejection.code, value.length, rejection.originalBytes]),
    ).toEqual([['too_large', 64 * 1024, JSON.stringify(large).length]]);
  });

  it('is so where the broker takes less than it should', async () => {
    const { post, kafka, quarantined } = receiving(settings);
    kafka.takes = 100_000;
    expect(await post({ ...bundle, Remark: 'x'.repeat(150_000) })).toMatchObject(answer413);
    expect(quarantined()).toHaveLength(1);
    expect(await post(bundle)).toMatchObject({ kind: 'received' });
  });

  it('costs the rest of a batch nothing', async () => {
    const { post, signals } = receiving({ format: 'signals', machine: 'rf-01' });
    const list = [
      { path: 'a', value: 1 },
      { path: 'b', value: { image: 'x'.repeat(2_200_000) } },
      { path: 'c', value: 2 },
    ];
    expect(await post(list)).toMatchObject({
      kind: 'received',
      body: { accepted: 2, rejected: [{ index: 1, path: 'value', code: 'too_large' }] },
    });
    expect(signals().map(({ path }) => path)).toEqual(['a', 'c']);
  });
});
