import { createHmac } from 'node:crypto';
import { formatSecret, importSigningKey, standardSignatureHeader } from '@millrace/domain';
import fc from 'fast-check';
import { WebhookVerificationError } from './verification-error';
import type { VerifyWebhookInput } from './verify-input';
import { verifyWebhook } from './verify-webhook';
import { verifyWebhookAsync } from './verify-webhook-async';

/** The vectors that each system's documentation leads to; see docs/delivery-semantics.md. */
const SECRET = 'test-secret-0123456789';
const PROIGN = {
  contract: 'proign',
  secret: SECRET,
  body: '{"id":"evt_abc123","type":"machine.alarm","timestamp":"2024-01-15T10:30:00Z","tenant_id":"tenant_xyz","data":{"machine_id":"M-1","code":17}}',
  headers: { 'X-Proign-Signature': 'sha256=ef63d09dcba167fd2e72928242c9b34dc6e0047ba0633226067e003c2573065b' },
} as const;
const MES = {
  contract: 'mes',
  secret: SECRET,
  body: '{"id":"evt-123","type":"work_order.completed","timestamp":"2024-01-15T14:30:00Z","data":{"workOrder":{"id":"wo-123","status":"COMPLETED"}}}',
  headers: { 'x-mes-signature': '2095ac2955f11b942962624d681b2ed77905ce6194f7c4fb8f198f5c815f20f1' },
} as const;
const NENTROPY = {
  contract: 'nentropy',
  secret: 'whsec_dGVzdC1zZWNyZXQ=',
  body: '{"event":"supplier.created","timestamp":"2024-01-15T10:30:00.000Z","integrationId":"int_abc123","data":{"externalId":"VENDOR-001","internalId":"clx1"}}',
  headers: {
    'X-Webhook-Signature': '2db1e647262e66c68e2516f7d5b167586f5435a26aa7c860e87ce54d26f1acd7',
    'X-Webhook-Timestamp': '2024-01-15T10:30:00.000Z',
  },
} as const;
const ECLIPS = {
  contract: 'eclips',
  secret: SECRET,
  body: '{"event":"run.completed","run_id":"a1b2c3d4-0000-4000-8000-000000000000","agent_type":"procurement_specialist","organization_id":"org_1","timestamp":"2026-06-06T09:00:42.000Z","data":{"output":{"recommended":"Dell"},"confidence_score":0.94,"requires_triage":false,"triage_item_id":null,"error":null}}',
  headers: {
    'X-eClips-Signature': 'sha256=aeeeb5362d3191f4f8dd106f1c1b7eb0acf1b8cbca4b77aac151eb04f11c1ef8',
    'X-eClips-Timestamp': '2026-06-06T09:00:42.000Z',
  },
} as const;
const VECTORS = { proign: PROIGN, mes: MES, nentropy: NENTROPY, eclips: ECLIPS };
const HEADER = {
  proign: 'X-Proign-Signature',
  mes: 'x-mes-signature',
  nentropy: 'X-Webhook-Signature',
  eclips: 'X-eClips-Signature',
};
const NAMES = Object.keys(VECTORS) as (keyof typeof VECTORS)[];

/** Both ways of verifying must say the same; answers what they say. */
const outcome = async (input: VerifyWebhookInput): Promise<unknown> => {
  const failure = (error: unknown) => {
    if (error instanceof WebhookVerificationError) return error.code;
    throw error;
  };
  let sync: unknown;
  try {
    sync = verifyWebhook(input);
  } catch (error) {
    sync = failure(error);
  }
  const async = await verifyWebhookAsync(input).catch(failure);
  expect(async).toEqual(sync);
  return sync;
};

const UNSIGNED = { valid: true, id: null, timestamp: null };
const AT = 1_700_000_000;

/** The three headers that go out beside every contract's own. */
const beside = (key: Buffer, body: string, at = AT) => {
  const signature = createHmac('sha256', key).update(`evt_1.${at}.${body}`).digest('base64');
  return { 'webhook-id': 'evt_1', 'webhook-timestamp': String(at), 'webhook-signature': `v1,${signature}` };
};

describe.each(NAMES)('the contract %s', (name) => {
  const vector = VECTORS[name];
  const header = HEADER[name];
  const signature = Object.values(vector.headers)[0] as string;

  it('accepts its vector, whose time is not judged', async () => {
    expect(await outcome(vector)).toEqual(UNSIGNED);
    expect(await outcome({ ...vector, body: Buffer.from(vector.body), now: 4e12 })).toEqual(UNSIGNED);
    expect(await outcome({ ...vector, headers: new Headers(vector.headers) })).toEqual(UNSIGNED);
  });

  it('accepts a secret among several, and a short one', async () => {
    expect(await outcome({ ...vector, secret: ['another', vector.secret] })).toEqual(UNSIGNED);
    const short = createHmac('sha256', 'x').update(vector.body).digest('hex');
    const headers = { [header]: signature.replace(/[0-9a-f]{64}$/, short) };
    expect(await outcome({ ...vector, headers, secret: 'x' })).toEqual(UNSIGNED);
  });

  it.each<[string, Partial<VerifyWebhookInput>, string]>([
    ['another secret', { secret: 'another' }, 'no_matching_signature'],
    ['another body', { body: `${vector.body}\n` }, 'no_matching_signature'],
    ['a parsed body', { body: JSON.parse(vector.body) }, 'invalid_body'],
    ['no signature', { headers: {} }, 'missing_header'],
    ['two signatures', { headers: { [header]: [signature, signature] } }, 'invalid_header'],
    ['capital digits', { headers: { [header]: signature.toUpperCase() } }, 'invalid_header'],
    ['a digit too few', { headers: { [header]: signature.slice(0, -1) } }, 'invalid_header'],
    ['another prefix', { headers: { [header]: `sha512=${signature}` } }, 'invalid_header'],
    ['no secret', { secret: [] }, 'invalid_secret'],
    ['an empty secret', { secret: ['', vector.secret] }, 'invalid_secret'],
  ])('refuses %s', async (_what, change, code) => {
    expect(await outcome({ ...vector, ...change } as VerifyWebhookInput)).toBe(code);
  });

  it('protects against replays by the Standard Webhooks headers, when asked to', async () => {
    const key = name === 'nentropy' ? Buffer.from('test-secret') : Buffer.from(vector.secret);
    const input = { ...vector, replayProtection: true, now: AT * 1000 };
    const headers = { ...vector.headers, ...beside(key, vector.body) };
    expect(await outcome({ ...input, headers })).toEqual({ valid: true, id: 'evt_1', timestamp: AT });
    expect(await outcome(input)).toBe('missing_header');
    expect(await outcome({ ...input, headers, now: (AT + 301) * 1000 })).toBe('timestamp_too_old');
    expect(await outcome({ ...input, headers, now: (AT - 301) * 1000 })).toBe('timestamp_too_new');
    expect(await outcome({ ...input, headers, now: (AT + 11) * 1000, toleranceSeconds: 10 })).toBe('timestamp_too_old');
    const { [header as keyof typeof headers]: _own, ...standardAlone } = headers;
    expect(await outcome({ ...input, headers: standardAlone })).toBe('missing_header');
    const changed = { ...headers, 'webhook-timestamp': String(AT + 1) };
    expect(await outcome({ ...input, headers: changed })).toBe('no_matching_signature');
  });

  it('refuses a tolerance that would have no effect', () => {
    expect(() => verifyWebhook({ ...vector, toleranceSeconds: 60 })).toThrow(
      `toleranceSeconds needs replayProtection: the signature of ${name} covers no time.`,
    );
  });

  it('accepts what is signed as its documentation says, and nothing with one bit changed', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.string({ unit: 'grapheme', minLength: 1 }),
        fc.uint8Array({ minLength: 1, maxLength: 200 }),
        fc.nat(),
        fc.nat(7),
        async (secret, body, at, bit) => {
          const digest = createHmac('sha256', secret).update(body).digest('hex');
          const headers = { [header]: signature.replace(/[0-9a-f]{64}$/, digest) };
          expect(await outcome({ ...vector, secret, body, headers })).toEqual(UNSIGNED);
          const changed = Uint8Array.from(body);
          changed[at % body.length] = (changed[at % body.length] as number) ^ (1 << bit);
          expect(await outcome({ ...vector, secret, body: changed, headers })).toBe('no_matching_signature');
        },
      ),
      { numRuns: 50 },
    );
  });
});

describe('the formats of N’entropy’s signature', () => {
  const hmac = createHmac('sha256', NENTROPY.secret).update(NENTROPY.body);
  const digest = hmac.digest();
  const written = {
    hex: digest.toString('hex'),
    prefixed: `sha256=${digest.toString('hex')}`,
    sha256_hex: `sha256=${digest.toString('hex')}`,
    base64: digest.toString('base64'),
  };
  const FORMATS = Object.keys(written) as (keyof typeof written)[];

  it.each(FORMATS.flatMap((sent) => FORMATS.map((read) => [sent, read] as const)))(
    'sent as %s, read as %s',
    async (sent, signatureFormat) => {
      const input = { ...NENTROPY, signatureFormat, headers: { 'x-webhook-signature': written[sent] } };
      expect(await outcome(input)).toEqual(written[sent] === written[signatureFormat] ? UNSIGNED : 'invalid_header');
    },
  );

  it('refuses a format that there is not', () => {
    for (const signatureFormat of ['HEX', 'toString'])
      expect(() => verifyWebhook({ ...NENTROPY, signatureFormat: signatureFormat as 'hex' })).toThrow(
        'signatureFormat must be one of hex, prefixed, sha256_hex, base64.',
      );
  });
});

describe('the bodies of proign and mes', () => {
  it.each([PROIGN, MES])('can be verified after a parser, over JSON.stringify: $contract', async (vector) => {
    expect(await outcome({ ...vector, body: JSON.stringify(JSON.parse(vector.body)) })).toEqual(UNSIGNED);
  });
});

describe('the contract eclipse', () => {
  const body = '{"JobId":"Jobs/12345","GoodIn":14400.0}';
  const secret = formatSecret(Buffer.alloc(32, 7));
  const signed = {
    'webhook-id': 'evt_1',
    'webhook-timestamp': String(AT),
    'webhook-signature': standardSignatureHeader([importSigningKey(secret)], 'evt_1', AT, Buffer.from(body)),
  };
  const now = AT * 1000;
  const eclipse = { contract: 'eclipse', body, now } as const;
  const VERIFIED = { valid: true, id: 'evt_1', timestamp: AT };

  it.each<[string, { [name: string]: string }, string | string[], unknown]>([
    ['the token', { Authorization: 'Bearer token-1' }, 'token-1', UNSIGNED],
    ['the scheme in small letters', { authorization: 'bearer token-1' }, 'token-1', UNSIGNED],
    ['one of two tokens', { authorization: 'Bearer token-1' }, ['token-2', 'token-1'], UNSIGNED],
    ['another token', { authorization: 'Bearer token-2' }, 'token-1', 'wrong_token'],
    ['a longer token', { authorization: 'Bearer token-1x' }, 'token-1', 'wrong_token'],
    ['the beginning of the token', { authorization: 'Bearer token' }, 'token-1', 'wrong_token'],
    ['no token', {}, 'token-1', 'wrong_token'],
    ['another scheme', { authorization: 'Basic token-1' }, 'token-1', 'wrong_token'],
    ['an empty expectation', { authorization: 'Bearer ' }, '', 'invalid_secret'],
    ['no expectation', { authorization: 'Bearer x' }, [], 'invalid_secret'],
  ])('by its bearer token: %s', async (_what, headers, bearerToken, expected) => {
    expect(await outcome({ ...eclipse, headers, bearerToken })).toEqual(expected);
  });

  it('by the Standard Webhooks headers, with the secret of the endpoint', async () => {
    expect(await outcome({ ...eclipse, headers: signed, secret })).toEqual(VERIFIED);
    expect(await outcome({ ...eclipse, headers: signed, secret, body: `${body} ` })).toBe('no_matching_signature');
    expect(await outcome({ ...eclipse, headers: signed, secret, now: now + 301_000 })).toBe('timestamp_too_old');
    expect(await outcome({ ...eclipse, headers: {}, secret })).toBe('missing_header');
  });

  it('by both, of which each must hold', async () => {
    const headers = { ...signed, authorization: 'Bearer token-1' };
    expect(await outcome({ ...eclipse, headers, secret, bearerToken: 'token-1' })).toEqual(VERIFIED);
    expect(await outcome({ ...eclipse, headers, secret, bearerToken: 'token-2' })).toBe('wrong_token');
    expect(await outcome({ ...eclipse, headers, secret: formatSecret(Buffer.alloc(32)), bearerToken: 'token-1' })).toBe(
      'no_matching_signature',
    );
  });

  it('accepts nothing where nothing was given to judge by', async () => {
    expect(await outcome({ ...eclipse, headers: signed })).toBe('invalid_secret');
  });

  it('refuses a tolerance beside a token alone', () => {
    expect(() => verifyWebhook({ ...eclipse, headers: {}, bearerToken: 'x', toleranceSeconds: 5 })).toThrow(TypeError);
  });
});

describe('the key of the Standard Webhooks headers beside another contract', () => {
  it.each([
    ['whsec_ and base64: what that encodes', 'whsec_dGVzdC1zZWNyZXQ=', Buffer.from('test-secret')],
    ['whsec_ and other text: the text', 'whsec_***', Buffer.from('whsec_***')],
    ['whsec_ alone: the text', 'whsec_', Buffer.from('whsec_')],
    ['base64 without whsec_: the text', 'dGVzdC1zZWNyZXQ=', Buffer.from('dGVzdC1zZWNyZXQ=')],
    ['any other text: the text', 'geheim-ü', Buffer.from('geheim-ü')],
  ])('%s', async (_what, secret, key) => {
    const own = createHmac('sha256', secret).update(MES.body).digest('hex');
    const headers = { 'x-mes-signature': own, ...beside(key, MES.body) };
    const input = { ...MES, secret, headers, replayProtection: true, now: AT * 1000 };
    expect(await outcome(input)).toEqual({ valid: true, id: 'evt_1', timestamp: AT });
  });
});

describe('the contract standard', () => {
  it('accepts secrets of every length, with and without padding and prefix', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ minLength: 1, maxLength: 70 }),
        fc.boolean(),
        fc.boolean(),
        async (bytes, prefix, padding) => {
          const secret = formatSecret(Buffer.from(bytes));
          const body = Buffer.from('{}');
          const headers = {
            'webhook-id': 'evt_1',
            'webhook-timestamp': String(AT),
            'webhook-signature': standardSignatureHeader([importSigningKey(secret)], 'evt_1', AT, body),
          };
          const cut = padding ? secret : secret.replace(/=+$/, '');
          const input = { body, headers, now: AT * 1000, secret: prefix ? cut : cut.slice('whsec_'.length) };
          expect(await outcome(input)).toEqual({ valid: true, id: 'evt_1', timestamp: AT });
        },
      ),
    );
  });

  it.each(['whsec_', 'whsec_A', 'whpk_AAAA'])('refuses the secret %s, which is none', async (secret) => {
    const headers = { 'webhook-id': 'a', 'webhook-timestamp': String(AT), 'webhook-signature': 'v1,a' };
    expect(await outcome({ body: '{}', headers, secret, now: AT * 1000 })).toBe('invalid_secret');
  });

  it('verifies Ed25519 both ways', async () => {
    const input = {
      secret: `whpk_${Buffer.from('6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg==', 'base64').subarray(32).toString('base64')}`,
      body: '{"test": 2432232314}',
      headers: {
        'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
        'webhook-timestamp': '1614265330',
        'webhook-signature':
          'v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg==',
      },
      now: 1_614_265_330_000,
    };
    expect(await outcome(input)).toMatchObject({ valid: true });
    expect(await outcome({ ...input, body: '{}' })).toBe('no_matching_signature');
  });
});

it('refuses a contract that there is not', () => {
  expect(() => verifyWebhook({ ...MES, contract: 'acme' as 'mes' })).toThrow(
    'contract must be one of standard, eclipse, eclips, proign, mes, nentropy, not acme.',
  );
});
