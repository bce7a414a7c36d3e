import {
  type EncryptionKey,
  type Endpoint,
  type EndpointKey,
  type HeaderValues,
  importEndpointKey,
  openHeaders,
  openSecret,
  type SealedEndpointSecret,
  secretOwnerOf,
} from '@millrace/domain';

/**
 * Opens an endpoint's sealed secrets and headers, and keeps the imported keys: importing costs five times a signature.
 * Only this class sees secrets in the clear, and it never hands them out.
 */
export class SigningKeys {
  private readonly opened = new WeakMap<SealedEndpointSecret, EndpointKey>();
  private readonly headers = new WeakMap<HeaderValues, HeaderValues>();

  constructor(private readonly encryptionKey: EncryptionKey) {}

  /**
   * Keys that sign at `now` (Unix ms), newest first. Throws when a secret does not open, because the encryption key is
   * another, and when there is none: nothing leaves unsigned.
   */
  activeFor(endpoint: Pick<Endpoint, 'id' | 'tenant' | 'secrets'>, now: number): EndpointKey[] {
    const active = endpoint.secrets.filter((secret) => secret.expiresAt === null || secret.expiresAt > now);
    if (active.length === 0) throw new Error('the endpoint has no secret that signs now');
    return active.map((secret) => {
      const held = this.opened.get(secret);
      if (held) return held;
      const binding = { tenant: endpoint.tenant, owner: secretOwnerOf(endpoint.id), secretId: secret.id };
      const key = importEndpointKey(openSecret(this.encryptionKey, binding, secret.sealed));
      this.opened.set(secret, key);
      return key;
    });
  }

  /** Its own headers in the clear. Throws when one does not open. */
  headersOf({ id, tenant, headers }: Pick<Endpoint, 'id' | 'tenant' | 'headers'>): HeaderValues {
    let opened = this.headers.get(headers);
    if (!opened) {
      opened = openHeaders(this.encryptionKey, { tenant, endpointId: secretOwnerOf(id) }, headers);
      this.headers.set(headers, opened);
    }
    return opened;
  }
}
