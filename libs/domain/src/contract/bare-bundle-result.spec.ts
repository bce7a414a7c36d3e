import { bareBundleResult } from './bare-bundle-result';
import { eclipse } from './eclipse';

const folded = { type: 'bundle.completed', source: '/machines/RF-1' };

describe('the BundleResult alone', () => {
  it.each([
    [
      'what Millrace knows beside it is left out',
      folded,
      '{"GoodIn":14400.0,"integrity":{"revision":1}}',
      '{"GoodIn":14400.0}',
    ],
    ['a corrected one too', { ...folded, type: 'bundle.corrected' }, '{"A":[1],"integrity":{}}', '{"A":[1]}'],
    ['and what follows it', folded, '{"A":1,"integrity":{},"clockSuspect":true}', '{"A":1}'],
    ['but nothing that a machine itself sends', { ...folded, type: 'bundle.corrected' }, '{"A":1,"revision":2}', null],
    ['nor all that there is', folded, '{"integrity":{}}', null],
    ['a bundle without it is as it came', folded, '{ "GoodIn" : 14400.0 }', '{ "GoodIn" : 14400.0 }'],
    ["a producer's own member of that name stays", { ...folded, source: 'erp' }, '{"A":1,"integrity":{}}', null],
    ['so does one of another type', { ...folded, type: 'run.completed' }, '{"A":1,"integrity":{}}', null],
    ['so does one that does not stand last', folded, '{"integrity":{},"A":1}', null],
    ['a text of that word is no member', folded, '{"A":"integrity"}', null],
    ['data that is no object is as it came', folded, '[1]', null],
  ])('%s', (_, event, data, expected) => {
    expect(bareBundleResult({ ...event, data })).toBe(expected ?? data);
  });

  it('is the body under the contract eclipse', () => {
    const event = {
      ...folded,
      id: 'evt_1',
      key: 'k',
      sourceId: 's',
      tenant: 'default',
      subject: 'RF-1',
      time: '2026-02-17T15:30:00Z',
      data: '{"GoodIn":1,"integrity":{"violations":[]}}',
      traceparent: null,
    };
    expect(eclipse.render(event, null)).toEqual({ kind: 'body', body: Buffer.from('{"GoodIn":1}') });
  });
});
