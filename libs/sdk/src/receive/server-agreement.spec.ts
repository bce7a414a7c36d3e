import {
  CONTRACT_NAMES as CONTRACTS_OF_THE_SERVER,
  type Contract,
  contractNamed,
  DEFAULT_OPTIONS,
  type Event,
  formatSecret,
  importEndpointKey,
  requestHeaders,
  type SignatureFormat,
} from '@millrace/domain';
import fc from 'fast-check';
import { CONTRACT_NAMES, type ContractName } from '../verify/contract-name';
import { webWebhook } from './web';
import type { WebhookBodies } from './webhook-bodies';
import type { WebhookInfo } from './webhook-info';

/** What a receiver under this contract gets, as the server makes it. */
const AT = Date.parse('2026-01-01T00:00:00Z');
const sent = (
  contract: Contract,
  secrets: readonly string[],
  data: unknown,
  signatureFormat: SignatureFormat = 'hex',
): { readonly body: Buffer; readonly headers: { [name: string]: string } } => {
  const event: Event = {
    id: 'evt_1',
    key: 'a'.repeat(32),
    sourceId: 'evt_1',
    tenant: 'acme',
    type: 'machine.alarm',
    source: '/plant-1',
    subject: null,
    time: '2025-12-31T23:59:59Z',
    data: JSON.stringify(data),
    traceparent: null,
  };
  const options = { ...DEFAULT_OPTIONS, signatureFormat, integrationId: 'int_1' };
  const rendering = contract.render(event, contract.variantOf(options));
  if (rendering.kind !== 'body') throw new Error(rendering.detail);
  const { body } = rendering;
  const request = {
    eventId: event.id,
    eventType: event.type,
    eventTime: event.time,
    endpointId: 'ep_1',
    requestId: 'req_1',
    attempt: 1,
    attemptAt: AT,
    chain: { sequence: 3, previousId: 'evt_0' },
    body,
    keys: secrets.map(importEndpointKey),
    options,
  };
  const beside = { replay: null, custom: { authorization: 'Bearer token-1' }, traceparent: '00-1-1-01' };
  return { body, headers: Object.fromEntries(requestHeaders(contract, request, beside)) };
};

/** What is received with these settings: the status, and what the function was given. */
const received = async (
  contract: ContractName,
  options: object,
  { body, headers }: { readonly body: Uint8Array; readonly headers: { [name: string]: string } },
) => {
  const seen: { event: unknown; info: WebhookInfo }[] = [];
  const receive = webWebhook({ contract, now: () => AT, ...options } as never, (event, info) => {
    seen.push({ event, info });
  });
  const { status } = await receive(new Request('http://a/', { method: 'POST', body: Uint8Array.from(body), headers }));
  return { status, ...seen[0] };
};

/** Each member of the bodies that the types name, checked against the types by the compiler. */
const MEMBERS: { readonly [name in ContractName]: readonly (keyof WebhookBodies[name])[] } = {
  standard: ['id', 'type', 'timestamp', 'data'],
  eclipse: ['JobId', 'OrderCode'],
  eclips: ['event', 'run_id', 'agent_type', 'organization_id', 'timestamp', 'data'],
  proign: ['id', 'type', 'timestamp', 'tenant_id', 'data'],
  mes: ['id', 'type', 'timestamp', 'data'],
  nentropy: ['event', 'timestamp', 'integrationId', 'data'],
};
const secret = fc.oneof(
  fc.uint8Array({ minLength: 24, maxLength: 64 }).map((bytes) => formatSecret(Buffer.from(bytes))),
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 80 }),
);
const standardSecret = fc.uint8Array({ minLength: 24, maxLength: 64 }).map((bytes) => formatSecret(Buffer.from(bytes)));
const data = fc.record({ JobId: fc.string(), OrderCode: fc.string(), run_id: fc.string(), n: fc.integer() });

it('the server and the SDK have the same contracts', () => {
  expect([...CONTRACTS_OF_THE_SERVER].sort()).toEqual([...CONTRACT_NAMES].sort());
});

describe.each(CONTRACT_NAMES)('what the server sends under %s', (name) => {
  const contract = contractNamed(name) as Contract;
  const secrets = contract.secrets === 'text' ? secret : standardSecret;

  it('is accepted, with its id and time where these are proved', async () => {
    await fc.assert(
      fc.asyncProperty(secrets, data, async (one, content) => {
        const webhook = sent(contract, [one], content);
        const legacy = name !== 'standard' && name !== 'eclipse';
        const plain = await received(name, { secret: one }, webhook);
        expect([plain.status, plain.info?.id]).toEqual([200, legacy ? null : 'evt_1']);
        expect(Object.keys(plain.event as object)).toEqual(expect.arrayContaining([...MEMBERS[name]] as string[]));
        if (!legacy) return;
        const protectedToo = await received(name, { secret: one, replayProtection: true }, webhook);
        expect(protectedToo).toMatchObject({ status: 200, info: { id: 'evt_1', timestamp: AT / 1000 } });
        const later = { secret: one, replayProtection: true, now: () => AT + 301_000 };
        expect((await received(name, later, webhook)).status).toBe(401);
      }),
      { numRuns: 40 },
    );
  });

  it('is refused with another secret, and when a bit of it changes', async () => {
    await fc.assert(
      fc.asyncProperty(secrets, secrets, data, fc.nat(), fc.nat(7), async (one, other, content, at, bit) => {
        const webhook = sent(contract, [one], content);
        const body = Uint8Array.from(webhook.body);
        body[at % body.length] = (body[at % body.length] as number) ^ (1 << bit);
        expect((await received(name, { secret: one }, { ...webhook, body })).status).toBe(401);
        fc.pre(one !== other);
        expect((await received(name, { secret: other }, webhook)).status).toBe(401);
      }),
      { numRuns: 40 },
    );
  });

  it('is accepted while its secret is rotated, by who has both', async () => {
    const [older, newer] = [formatSecret(Buffer.alloc(32, 1)), formatSecret(Buffer.alloc(32, 2))];
    const both = { secret: [older, newer] };
    expect((await received(name, both, sent(contract, [older], { n: 1 }))).status).toBe(200);
    expect((await received(name, both, sent(contract, [newer, older], { n: 1 }))).status).toBe(200);
  });
});

it.each(['hex', 'sha256_hex', 'base64'] as const)(
  'N’entropy’s signature as %s is accepted',
  async (signatureFormat) => {
    const webhook = sent(contractNamed('nentropy') as Contract, ['s'], { n: 1 }, signatureFormat);
    expect((await received('nentropy', { secret: 's', signatureFormat }, webhook)).status).toBe(200);
  },
);

it('the bearer token of an Eclipse connection is accepted, alone and beside the secret', async () => {
  const own = formatSecret(Buffer.alloc(32, 1));
  const webhook = sent(contractNamed('eclipse') as Contract, [own], { JobId: 'Jobs/1' });
  expect((await received('eclipse', { bearerToken: 'token-1' }, webhook)).status).toBe(200);
  expect((await received('eclipse', { bearerToken: 'token-1', secret: own }, webhook)).status).toBe(200);
  expect((await received('eclipse', { bearerToken: 'token-2', secret: own }, webhook)).status).toBe(401);
});
