import { type EncryptionKey, type HeaderValues, HIDDEN_VALUE, sealHeaders, sealHeldHeaders } from '@millrace/domain';
import { Refused } from '@millrace/service-runtime';
import type { Randomness } from './endpoint-secrets';

/**
 * Headers as they are stored: sealed, for they may be credentials. A value `***`, which is how the API shows one, keeps the
 * value that is there under that name. Throws Refused where there is none.
 */
export const headersToStore = (
  key: EncryptionKey,
  random: Randomness,
  owner: { readonly tenant: string; readonly endpointId: string },
  given: HeaderValues,
  held: HeaderValues,
): HeaderValues => {
  const sealed = sealHeldHeaders(key, random, owner, held);
  const heldByName = new Map(Object.entries(sealed).map(([name, value]) => [name.toLowerCase(), { name, value }]));
  const stored = Object.entries(given).map(([name, value]): [string, string] => {
    if (value !== HIDDEN_VALUE) return [name, sealHeaders(key, random, owner, { [name]: value })[name]!];
    const kept = heldByName.get(name.toLowerCase());
    if (kept !== undefined) return [name, kept.value];
    const path = `headers.${name}`;
    const detail = `${HIDDEN_VALUE} keeps a value that is there, and this header has none; give its value`;
    throw new Refused('invalid_request', `The body is not valid, ${path}: ${detail}`, [{ path, detail }]);
  });
  return Object.fromEntries(stored);
};
