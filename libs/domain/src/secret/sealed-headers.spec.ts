import { randomBytes } from 'node:crypto';
import { hiddenHeaders, openHeaders, sealHeaders } from './sealed-headers';

const KEY = randomBytes(32);
const OWNER = { tenant: 'default', endpointId: 'ep_1' };
const HEADERS = { Authorization: 'Bearer of the customer', 'X-Plant': 'north' };

describe('sealed headers', () => {
  it('open for their endpoint, and show nothing of their values', () => {
    const sealed = sealHeaders(KEY, randomBytes, OWNER, HEADERS);
    expect(JSON.stringify(sealed)).not.toMatch(/customer|north/);
    expect(openHeaders(KEY, OWNER, sealed)).toEqual(HEADERS);
    expect(hiddenHeaders(sealed)).toEqual({ Authorization: '***', 'X-Plant': '***' });
  });

  it('open for no other endpoint, tenant, name or key', () => {
    const sealed = sealHeaders(KEY, randomBytes, OWNER, HEADERS);
    expect(() => openHeaders(KEY, { ...OWNER, endpointId: 'ep_2' }, sealed)).toThrow();
    expect(() => openHeaders(KEY, { ...OWNER, tenant: 'other' }, sealed)).toThrow();
    expect(() => openHeaders(KEY, OWNER, { 'X-Plant': sealed['Authorization']! })).toThrow();
    expect(() => openHeaders(randomBytes(32), OWNER, sealed)).toThrow();
  });

  it('use a value that was stored in the clear as it is', () => {
    expect(openHeaders(KEY, OWNER, HEADERS)).toEqual(HEADERS);
  });
});
