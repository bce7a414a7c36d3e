import {
  type EncryptionKey,
  type Endpoint,
  importSigningKey,
  openSecret,
  type SealedEndpointSecret,
  type SigningKey,
} from '@millrace/domain';

/**
 * Opens an endpoint's sealed secrets and keeps the imported keys: importing a secret costs five times a signature.
 * Only this class sees secrets in the clear, and it never hands them out.
 */
export class SigningKeys {
  private readonly opened = new WeakMap<SealedEndpointSecret, SigningKey>();

  constructor(private readonly encryptionKey: EncryptionKey) {}

  /**
   * Keys that sign at `now` (Unix ms), newest first. Throws when a secret does not open, because the encryption key is
   * another, and when there is none: nothing leaves unsigned.
   */
  activeFor(endpoint: Pick<Endpoint, 'id' | 'tenant' | 'secrets'>, now: number): SigningKey[] {
    const active = endpoint.secrets.filter((secret) => secret.expiresAt === null || secret.expiresAt > now);
    if (active.length === 0) throw new Error('the endpoint has no secret that signs now');
    return active.map((secret) => {
      const held = this.opened.get(secret);
      if (held) return held;
      const binding = { tenant: endpoint.tenant, owner: endpoint.id, secretId: secret.id };
      const key = importSigningKey(openSecret(this.encryptionKey, binding, secret.sealed));
      this.opened.set(secret, key);
      return key;
    });
  }
}
