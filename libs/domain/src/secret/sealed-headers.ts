import { type EncryptionKey, openSecret, sealSecret } from './sealed-secret';

/** Whose headers they are; a sealed value opens for that endpoint and that name alone. */
export interface HeaderOwner {
  readonly tenant: string;
  readonly endpointId: string;
}

export type HeaderValues = { readonly [name: string]: string };

/** A value as it is shown: that it is there, and nothing of it. Given back in a change it keeps the value that is there. */
export const HIDDEN_VALUE = '***';

const SEALED = /^v1\.[A-Za-z0-9_-]{16}\.[A-Za-z0-9_-]{22,}$/;

const bindingOf = (owner: HeaderOwner, name: string) => ({
  tenant: owner.tenant,
  owner: owner.endpointId,
  secretId: `header ${name.toLowerCase()}`,
});

/** Those that are sealed already stay as they are. `random` gives that many random bytes. */
export const sealHeldHeaders = (
  key: EncryptionKey,
  random: (bytes: number) => Buffer,
  owner: HeaderOwner,
  headers: HeaderValues,
): HeaderValues =>
  mapped(headers, (value, name) =>
    SEALED.test(value) ? value : sealSecret(key, random(12), bindingOf(owner, name), value),
  );

/** `random` gives that many random bytes. */
export const sealHeaders = (
  key: EncryptionKey,
  random: (bytes: number) => Buffer,
  owner: HeaderOwner,
  headers: HeaderValues,
): HeaderValues => mapped(headers, (value, name) => sealSecret(key, random(12), bindingOf(owner, name), value));

/**
 * The values in the clear. One that was stored before values were sealed is used as it is. Throws when a sealed one does not
 * open.
 */
export const openHeaders = (key: EncryptionKey, owner: HeaderOwner, headers: HeaderValues): HeaderValues =>
  mapped(headers, (value, name) => (SEALED.test(value) ? openSecret(key, bindingOf(owner, name), value) : value));

export const hiddenHeaders = (headers: HeaderValues): HeaderValues => mapped(headers, () => HIDDEN_VALUE);

/** Own properties only, so that a header named `__proto__` stays one. */
const mapped = (headers: HeaderValues, change: (value: string, name: string) => string): HeaderValues =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, change(value, name)]));
