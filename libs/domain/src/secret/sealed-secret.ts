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
  if (/^[0-9a-f]{64}$/i.test(text)) return Buffer.from(text, 'hex');
  // Checked before decoding: the decoder skips what is not base64, and would take many a pass phrase for a key.
  return /^[A-Za-z0-9+/_-]{43}=?$/.test(text) ? Buffer.from(text, 'base64') : null;
};

/** The whole tag is always demanded: GCM takes shorter ones, and those can be guessed. */
const TAG_BYTES = 16;

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
  const form = /^v1\.([A-Za-z0-9_-]{16})\.([A-Za-z0-9_-]+)$/.exec(sealed);
  const all = Buffer.from(form?.[2] ?? '', 'base64url');
  if (!form || all.length < TAG_BYTES) throw new Error('A sealed secret has the form v1.<iv>.<bytes>.');
  const options = { authTagLength: TAG_BYTES };
  const decipher = createDecipheriv('aes-256-gcm', key, Buffer.from(form[1]!, 'base64url'), options);
  decipher.setAAD(boundTo(binding)).setAuthTag(all.subarray(all.length - TAG_BYTES));
  return Buffer.concat([decipher.update(all.subarray(0, all.length - TAG_BYTES)), decipher.final()]).toString('utf8');
};
