import { randomBytes } from 'node:crypto';
import { formatSecret, type SealedEndpointSecret, sealSecret, signStandard } from '@millrace/domain';
import { SigningKeys } from './signing-keys';

const KEY = randomBytes(32);
const NOW = 1_760_000_000_000;

const sealed = (id: string, secret: string, expiresAt: number | null, key = KEY): SealedEndpointSecret => ({
  id,
  sealed: sealSecret(key, randomBytes(12), { tenant: 'default', owner: 'ep_1', secretId: id }, secret),
  expiresAt,
});
const endpoint = (...secrets: SealedEndpointSecret[]) => ({ id: 'ep_1', tenant: 'default', secrets });
const signatures = (keys: ReturnType<SigningKeys['activeFor']>) =>
  keys.map((key) => signStandard(key.standard, 'evt_1', 1, Buffer.from('{}')));

describe('signing keys', () => {
  const [newest, older] = [formatSecret(Buffer.alloc(32, 1)), formatSecret(Buffer.alloc(32, 2))];

  it('sign with the new and the old secret until the overlap is over, newest first', () => {
    const keys = new SigningKeys(KEY);
    const rotated = endpoint(sealed('s2', newest, null), sealed('s1', older, NOW + 1));
    const both = signatures(keys.activeFor(rotated, NOW));
    expect(new Set(both).size).toBe(2);
    expect(signatures(keys.activeFor(rotated, NOW + 1))).toEqual([both[0]]);
  });

  it('are refused where the endpoint has none, so that nothing leaves unsigned', () => {
    const keys = new SigningKeys(KEY);
    expect(() => keys.activeFor(endpoint(), NOW)).toThrow('no secret');
    expect(() => keys.activeFor(endpoint(sealed('s1', older, NOW)), NOW)).toThrow('no secret');
  });

  it('are refused where a secret was sealed with another key, or for another endpoint', () => {
    const keys = new SigningKeys(KEY);
    expect(() => keys.activeFor(endpoint(sealed('s1', older, null, randomBytes(32))), NOW)).toThrow();
    expect(() => keys.activeFor({ ...endpoint(sealed('s1', older, null)), id: 'ep_2' }, NOW)).toThrow();
  });
});
