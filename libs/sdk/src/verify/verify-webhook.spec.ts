import { formatSecret, importSigningKey, standardSignatureHeader } from '@millrace/domain';
import fc from 'fast-check';
import { WebhookVerificationError } from './verification-error';
import type { VerifyWebhookInput } from './verify-input';
import { verifyWebhook } from './verify-webhook';

/** The vectors that Standard Webhooks publishes. */
const FIRST = {
  secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
  body: '{"test": 2432232314}',
  headers: {
    'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
    'webhook-timestamp': '1614265330',
    'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  },
  now: 1_614_265_330_000,
};
const SECOND = {
  secret: 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD',
  body: '{"email":"test@example.com","username":"test_user"}',
  headers: {
    'webhook-id': 'msg_27UH4WbU6Z5A5EzD8u03UvzRbpk',
    'webhook-timestamp': '1649367553',
    'webhook-signature': 'v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=',
  },
  now: 1_649_367_553_000,
};
const PRIVATE_KEY = 'whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg==';
const PUBLIC_KEY = `whpk_${Buffer.from(PRIVATE_KEY.slice(5), 'base64').subarray(32).toString('base64')}`;
const ASYMMETRIC = {
  ...FIRST,
  secret: PUBLIC_KEY,
  headers: {
    ...FIRST.headers,
    'webhook-signature': 'v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg==',
  },
};

const codeOf = (input: VerifyWebhookInput): string => {
  try {
    verifyWebhook(input);
    return 'valid';
  } catch (error) {
    if (error instanceof WebhookVerificationError) return error.code;
    throw error;
  }
};

describe('verifyWebhook', () => {
  it.each([
    ['the first HMAC vector', FIRST],
    ['the second HMAC vector', SECOND],
    ['the Ed25519 vector', ASYMMETRIC],
  ])('accepts %s', (_what, vector) => {
    expect(verifyWebhook(vector)).toEqual({
      valid: true,
      id: vector.headers['webhook-id'],
      timestamp: Number(vector.headers['webhook-timestamp']),
    });
  });

  it.each([
    ['a Buffer', Buffer.from(FIRST.body)],
    ['a Uint8Array', new TextEncoder().encode(FIRST.body)],
    ['a view into a larger buffer', Buffer.from(`xx${FIRST.body}yy`).subarray(2, 2 + FIRST.body.length)],
  ])('takes the body as %s', (_what, body) => {
    expect(codeOf({ ...FIRST, body })).toBe('valid');
  });

  it.each([
    ['a Headers object', new Headers(FIRST.headers)],
    [
      'names in capitals',
      Object.fromEntries(Object.entries(FIRST.headers).map(([name, value]) => [name.toUpperCase(), value])),
    ],
    ['arrays of one', Object.fromEntries(Object.entries(FIRST.headers).map(([name, value]) => [name, [value]]))],
    ['an object without prototype', Object.assign(Object.create(null), FIRST.headers)],
  ])('takes the headers as %s', (_what, headers) => {
    expect(codeOf({ ...FIRST, headers })).toBe('valid');
  });

  it('takes a secret without its prefix, and a short one', () => {
    expect(codeOf({ ...FIRST, secret: FIRST.secret.slice(6) })).toBe('valid');
    const secret = formatSecret(Buffer.from('x'));
    const signature = standardSignatureHeader([importSigningKey(secret)], 'evt_1', 1_700_000_000, Buffer.from('{}'));
    expect(
      codeOf({
        body: '{}',
        secret,
        headers: { 'webhook-id': 'evt_1', 'webhook-timestamp': '1700000000', 'webhook-signature': signature },
        now: 1_700_000_000_000,
      }),
    ).toBe('valid');
  });

  it.each([
    ['no id', { 'webhook-id': undefined }, 'missing_header'],
    ['an empty id', { 'webhook-id': '' }, 'missing_header'],
    ['no timestamp', { 'webhook-timestamp': undefined }, 'missing_header'],
    ['no signature', { 'webhook-signature': undefined }, 'missing_header'],
    ['two ids', { 'webhook-id': ['a', 'b'] }, 'invalid_header'],
    ['an id in two spellings', { 'Webhook-Id': 'msg_other' }, 'invalid_header'],
    ['a timestamp that is no number', { 'webhook-timestamp': '16142653e2' }, 'invalid_header'],
    ['a timestamp with a sign', { 'webhook-timestamp': '-1614265330' }, 'invalid_header'],
    ['a timestamp with a fraction', { 'webhook-timestamp': '1614265330.0' }, 'invalid_header'],
    ['another id', { 'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJel' }, 'no_matching_signature'],
    ['another timestamp', { 'webhook-timestamp': '1614265331' }, 'no_matching_signature'],
    ['a leading zero in the timestamp', { 'webhook-timestamp': '01614265330' }, 'no_matching_signature'],
    ['no version', { 'webhook-signature': 'g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=' }, 'no_matching_signature'],
    [
      'another version',
      { 'webhook-signature': 'v2,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=' },
      'no_matching_signature',
    ],
    [
      'an HMAC under the name of Ed25519',
      { 'webhook-signature': 'v1a,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=' },
      'no_matching_signature',
    ],
    ['half a signature', { 'webhook-signature': 'v1,g0hM9SsE+OTPJTGt' }, 'no_matching_signature'],
    ['an empty signature', { 'webhook-signature': 'v1,' }, 'no_matching_signature'],
    ['a comma alone', { 'webhook-signature': ',' }, 'no_matching_signature'],
  ])('refuses %s', (_what, change, code) => {
    expect(codeOf({ ...FIRST, headers: { ...FIRST.headers, ...change } })).toBe(code);
  });

  it('refuses no headers at all, inherited ones too', () => {
    expect(codeOf({ ...FIRST, headers: {} })).toBe('missing_header');
    expect(codeOf({ ...FIRST, headers: Object.create(FIRST.headers) })).toBe('missing_header');
  });

  it.each([
    ['a re-serialised body', { body: '{"test":2432232314}' }, 'no_matching_signature'],
    ['an empty body', { body: '' }, 'no_matching_signature'],
    ['a parsed body', { body: { test: 2_432_232_314 } as unknown as string }, 'invalid_body'],
    ['no body', { body: undefined as unknown as string }, 'invalid_body'],
    ['another secret', { secret: SECOND.secret }, 'no_matching_signature'],
    ['no secret', { secret: [] }, 'invalid_secret'],
    ['an empty secret', { secret: '' }, 'invalid_secret'],
    ['an empty secret in a list', { secret: [FIRST.secret, 'whsec_'] }, 'invalid_secret'],
    ['an undefined secret', { secret: undefined as unknown as string }, 'invalid_secret'],
    ['a secret that is no base64', { secret: 'whsec_***' }, 'invalid_secret'],
    ['a private key', { secret: PRIVATE_KEY }, 'invalid_secret'],
    ['half a public key', { secret: PUBLIC_KEY.slice(0, 25) }, 'invalid_secret'],
    ['the public key for an HMAC', { secret: PUBLIC_KEY }, 'no_matching_signature'],
  ])('refuses %s', (_what, change, code) => {
    expect(codeOf({ ...FIRST, ...change })).toBe(code);
  });

  it.each([
    [0, 'valid'],
    [300, 'valid'],
    [300.9, 'valid'],
    [301, 'timestamp_too_old'],
    [-300, 'valid'],
    [-301, 'timestamp_too_new'],
    [86_400, 'timestamp_too_old'],
  ])('judges a timestamp that is %d s old: %s', (age, code) => {
    expect(codeOf({ ...FIRST, now: FIRST.now + age * 1000 })).toBe(code);
  });

  it('takes another tolerance, and refuses one that would accept everything', () => {
    expect(codeOf({ ...FIRST, now: FIRST.now + 11_000, toleranceSeconds: 10 })).toBe('timestamp_too_old');
    for (const toleranceSeconds of [Number.NaN, Number.POSITIVE_INFINITY, -1])
      expect(() => verifyWebhook({ ...FIRST, toleranceSeconds })).toThrow(TypeError);
    expect(() => verifyWebhook({ ...FIRST, now: Number.NaN })).toThrow(TypeError);
  });

  it('uses the clock of the machine where no time is given', () => {
    expect(codeOf({ ...FIRST, now: undefined })).toBe('timestamp_too_old');
  });

  describe('while a secret is rotated', () => {
    const sign = (...secrets: string[]) => ({
      ...FIRST.headers,
      'webhook-signature': standardSignatureHeader(
        secrets.map(importSigningKey),
        FIRST.headers['webhook-id'],
        1_614_265_330,
        Buffer.from(FIRST.body),
      ),
    });

    it.each([
      ['the new one', SECOND.secret],
      ['the old one', FIRST.secret],
      ['both', [SECOND.secret, FIRST.secret]],
      ['the public key', PUBLIC_KEY],
    ])('accepts with %s', (_what, secret) => {
      expect(codeOf({ ...FIRST, headers: sign(SECOND.secret, FIRST.secret, PRIVATE_KEY), secret })).toBe('valid');
    });

    it('accepts one signature with either of two secrets', () => {
      expect(codeOf({ ...FIRST, secret: [SECOND.secret, FIRST.secret] })).toBe('valid');
      expect(codeOf({ ...FIRST, secret: [SECOND.secret, PUBLIC_KEY] })).toBe('no_matching_signature');
    });

    it('finds the one that fits among unknown versions and double spaces', () => {
      const signature = `v9,abc  v1,AAAA ${FIRST.headers['webhook-signature']} v1a,zzz`;
      expect(codeOf({ ...FIRST, headers: { ...FIRST.headers, 'webhook-signature': signature } })).toBe('valid');
    });
  });

  it('accepts what the server signs, and nothing with one bit changed', () => {
    const bytes = fc.uint8Array({ minLength: 24, maxLength: 64 });
    fc.assert(
      fc.property(
        bytes,
        fc.uint8Array({ minLength: 1, maxLength: 300 }),
        fc.nat(),
        fc.nat(7),
        (key, content, at, bit) => {
          const secret = formatSecret(Buffer.from(key));
          const body = Buffer.from(content);
          const header = standardSignatureHeader([importSigningKey(secret)], 'evt_1', 1_700_000_000, body);
          const headers = { 'webhook-id': 'evt_1', 'webhook-timestamp': '1700000000', 'webhook-signature': header };
          const input = { body, secret, headers, now: 1_700_000_000_000 };
          expect(codeOf(input)).toBe('valid');

          const changed = Buffer.from(body);
          changed[at % body.length] = changed[at % body.length]! ^ (1 << bit);
          expect(codeOf({ ...input, body: changed })).toBe('no_matching_signature');
        },
      ),
    );
  });
});
