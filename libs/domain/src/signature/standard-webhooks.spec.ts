import { createPublicKey, verify } from 'node:crypto';
import fc from 'fast-check';
import {
  formatSecret,
  importSigningKey,
  secretBytes,
  signStandard,
  standardSignatureHeader,
} from './standard-webhooks';

/** Published by https://github.com/standard-webhooks/standard-webhooks */
const FIRST = {
  secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
  id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
  timestamp: 1_614_265_330,
  body: Buffer.from('{"test": 2432232314}'),
  signature: 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
};
const SECOND = {
  secret: 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD',
  id: 'msg_27UH4WbU6Z5A5EzD8u03UvzRbpk',
  timestamp: 1_649_367_553,
  body: Buffer.from('{"email":"test@example.com","username":"test_user"}'),
  signature: 'v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=',
};
const ASYMMETRIC = {
  ...FIRST,
  secret: 'whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg==',
  signature: 'v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg==',
};

describe('signatures of Standard Webhooks', () => {
  it.each([
    ['first', FIRST],
    ['second', SECOND],
    ['asymmetric', ASYMMETRIC],
  ])('match the %s published vector', (_name, vector) => {
    const key = importSigningKey(vector.secret);
    expect(signStandard(key, vector.id, vector.timestamp, vector.body)).toBe(vector.signature);
  });

  it('stand in the header newest first, separated by spaces', () => {
    const keys = [SECOND.secret, FIRST.secret, ASYMMETRIC.secret].map(importSigningKey);
    const header = standardSignatureHeader(keys, FIRST.id, FIRST.timestamp, FIRST.body);
    const [newest, oldest, asymmetric] = header.split(' ');
    expect(newest).toMatch(/^v1,[A-Za-z0-9+/]{43}=$/);
    expect([oldest, asymmetric]).toEqual([FIRST.signature, ASYMMETRIC.signature]);
    expect(standardSignatureHeader([], FIRST.id, FIRST.timestamp, FIRST.body)).toBe('');
  });

  it('of Ed25519 verify with the public half of the key', () => {
    const raw = Buffer.from(ASYMMETRIC.secret.slice(5), 'base64').subarray(32);
    const spki = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), raw]);
    const key = createPublicKey({ key: spki, format: 'der', type: 'spki' });
    const signed = Buffer.from(`${FIRST.id}.${FIRST.timestamp}.${FIRST.body}`);
    expect(verify(null, signed, key, Buffer.from(ASYMMETRIC.signature.slice(4), 'base64'))).toBe(true);
  });

  it('cover every byte of the body as it is, not as text', () => {
    const key = importSigningKey(FIRST.secret);
    const one = signStandard(key, 'a', 1, Buffer.from([0xff]));
    expect(one).not.toBe(signStandard(key, 'a', 1, Buffer.from([0xfe])));
    expect(one).not.toBe(signStandard(key, 'a', 1, Buffer.from('\ufffd')));
  });
});

describe('secrets', () => {
  it('go from bytes to text and back', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 64 }), (bytes) => {
        expect(secretBytes(formatSecret(Buffer.from(bytes)))).toEqual(Buffer.from(bytes));
      }),
    );
  });

  it.each([
    '',
    'whsec_',
    'whsec_***',
    'whsec_a b',
    'MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
    'whsk_',
    'whsk_AAAA',
    'WHSEC_AAAA',
    'whsec_-_-_',
  ])('are not made of %j', (text) => {
    expect(() => importSigningKey(text)).toThrow(TypeError);
  });
});
