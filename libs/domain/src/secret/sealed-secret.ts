import { createCipheriv, createDecipheriv } from 'node:crypto';

/**
 * A secret at rest: AES-256-GCM, bound by its additional data to the tenant, the endpoint and its own id, so that a
 * ciphertext moved to another row does not open. Text form: `v1.<base64url iv>.<base64url ciphertext and tag>`.
 */
export interface SecretBinding {
  readonly tenant: string;
  readonly owner: string;
  readonly secretId: string;
}

/** The key of `MILLRACE_ENCRYPTION_KEY`: 32 bytes. */
export type EncryptionKey = Buffer & { readonly __encryptionKey?: true };

/** Reads 32 bytes in base64, base64url or hex; null when the text is none of them. */
export const readEncryptionKey = (text: string): EncryptionKey | null => {
  const bytes = /^[0-9a-f]{64}$/i.test(text) ? Buffer.from(text, 'hex') : Buffer.from(text, 'base64');
  return bytes.length === 32 ? bytes : null;
};

const boundTo = (binding: SecretBinding): Buffer =>
  Buffer.from(JSON.stringify([binding.tenant, binding.owner, binding.secretId]));

/** `iv` is 12 random bytes, never used twice with one key. */
export const sealSecret = (key: EncryptionKey, iv: Buffer, binding: SecretBinding, secret: string): string => {
  const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(boundTo(binding));
  const sealed = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final(), cipher.getAuthTag()]);
  return `v1.${iv.toString('base64url')}.${sealed.toString('base64url')}`;
};

/** Throws when the key is another, the binding does not fit, or a bit was changed. */
export const openSecret = (key: EncryptionKey, binding: SecretBinding, sealed: string): string => {
  const [version, iv, bytes] = sealed.split('.');
  if (version !== 'v1' || !iv || !bytes) throw new Error('A sealed secret has the form v1.<iv>.<bytes>.');
  const all = Buffer.from(bytes, 'base64url');
  const decipher = createDecipheriv('aes-256-gcm', key, Buffer.from(iv, 'base64url')).setAAD(boundTo(binding));
  decipher.setAuthTag(all.subarray(all.length - 16));
  return Buffer.concat([decipher.update(all.subarray(0, all.length - 16)), decipher.final()]).toString('utf8');
};
