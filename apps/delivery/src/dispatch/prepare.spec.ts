import { contractNamed, importEndpointKey } from '@millrace/domain';
import { endpoint, NOW, task } from './dispatcher.fixture';
import { headersForHistory, prepare } from './prepare';

const SECRET = 'test-secret-0123456789';

const prepared = (
  contract: string,
  more: Partial<Parameters<typeof endpoint>[0]> = {},
  replay: string | null = null,
) => {
  const to = endpoint({ contract, headers: { 'X-Plant': 'sealed' }, ...more });
  const request = prepare({
    task: task({ contract: { name: contract, version: 1 }, replay }),
    body: Buffer.from('{"a":1}'),
    contract: contractNamed(contract)!,
    endpoint: to,
    keys: [importEndpointKey(SECRET)],
    customHeaders: { 'X-Plant': 'north' },
    requestId: 'req_1',
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    now: NOW,
  });
  return { request, names: request.headers.map(([name]) => name.toLowerCase()), to };
};

const STANDARD = ['webhook-id', 'webhook-timestamp', 'webhook-signature'];

describe('the request of an attempt', () => {
  it.each(['standard', 'eclipse', 'eclips', 'proign', 'mes', 'nentropy'])(
    'under %s has the headers of Standard Webhooks once, the endpoint’s own, the trace and its id',
    (contract) => {
      const { names } = prepared(contract);
      for (const name of [...STANDARD, 'x-plant', 'traceparent', 'millrace-request-id', 'content-type', 'user-agent'])
        expect(names.filter((each) => each === name)).toEqual([name]);
    },
  );

  it('leaves out what the endpoint turned off', () => {
    const { options } = endpoint();
    const { names } = prepared('proign', { options: { ...options, standardHeaders: false, traceContext: false } });
    expect(names.filter((name) => [...STANDARD, 'traceparent'].includes(name))).toEqual([]);
    expect(names).toContain('x-proign-signature');
  });

  it.each(['standard', 'eclipse'])('marks a replay under %s', (contract) => {
    expect(prepared(contract, {}, 'rec_1').request.headers).toContainEqual(['millrace-replay', 'rec_1']);
    expect(prepared(contract).names).not.toContain('millrace-replay');
  });

  it('goes out with the values of the endpoint’s headers, and into the history without them', () => {
    const { request, to } = prepared('standard');
    expect(request.headers).toContainEqual(['X-Plant', 'north']);
    expect(headersForHistory(request, to)).toMatchObject({ 'X-Plant': '***' });
  });
});
