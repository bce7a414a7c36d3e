import { randomBytes } from 'node:crypto';
import { openHeaders } from '@millrace/domain';
import type { Refused } from '@millrace/service-runtime';
import { headersToStore } from './endpoint-headers';

const KEY = randomBytes(32);
const OWNER = { tenant: 'acme', endpointId: 'ep_1' };
const stored = (given: { [name: string]: string }, held: { readonly [name: string]: string } = {}) =>
  headersToStore(KEY, randomBytes, OWNER, given, held);

test('values are sealed, and open for their endpoint', () => {
  const headers = stored({ Authorization: 'Bearer secret-of-the-plant' });
  expect(JSON.stringify(headers)).not.toContain('secret-of-the-plant');
  expect(openHeaders(KEY, OWNER, headers)).toEqual({ Authorization: 'Bearer secret-of-the-plant' });
});

test('*** keeps the value that is there, whatever the case of its name; what is not named is gone', () => {
  const held = stored({ Authorization: 'Bearer one', 'X-Plant': 'north' });
  const changed = stored({ authorization: '***', 'X-Line': '4' }, held);
  expect(openHeaders(KEY, OWNER, changed)).toEqual({ authorization: 'Bearer one', 'X-Line': '4' });
});

test('*** for a header that has no value is refused, and says where', () => {
  const attempt = () => stored({ 'X-New': '***' }, stored({ 'X-Old': 'a' }));
  expect(attempt).toThrow();
  try {
    attempt();
  } catch (error) {
    expect((error as Refused).problem.errors).toMatchObject([{ path: 'headers.X-New' }]);
  }
});
