import { randomBytes } from 'node:crypto';
import { hiddenHeaders, openHeaders, sealHeaders, sealHeldHeaders } from './sealed-headers';

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

  it('use a value that was stored in the clear as it is, until it is sealed too', () => {
    expect(openHeaders(KEY, OWNER, HEADERS)).toEqual(HEADERS);
    const half: { readonly [name: string]: string } = {
      ...HEADERS,
      ...sealHeaders(KEY, randomBytes, OWNER, { 'X-Line': '4' }),
    };
    const sealed: { readonly [name: string]: string } = sealHeldHeaders(KEY, randomBytes, OWNER, half);
    expect(JSON.stringify(sealed)).not.toMatch(/customer|north/);
    expect(sealed['X-Line']).toBe(half['X-Line']);
    expect(openHeaders(KEY, OWNER, sealed)).toEqual({ ...HEADERS, 'X-Line': '4' });
  });
});
