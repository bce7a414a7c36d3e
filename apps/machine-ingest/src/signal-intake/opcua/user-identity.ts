import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { crypto_utils, type UserIdentityInfo, UserTokenType } from 'node-opcua-client';
import { SourceProblem } from '../source-kind';
import type { OpcuaSettings } from './opcua-settings';

/** The server takes the line and not the certificate of the user: the same words that it has for the line's own. */
export class RefusedUser extends Error {
  constructor(cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

/**
 * The user as the library takes it.
 * @throws SourceProblem for a certificate or a key that no server could take
 */
export const userOf = ({ user }: OpcuaSettings): UserIdentityInfo => {
  if (user === 'anonymous') return { type: UserTokenType.Anonymous };
  if ('username' in user) return { type: UserTokenType.UserName, userName: user.username, password: user.password };
  const key = readKey(user.key);
  if (!readCertificate(user.certificate).checkPrivateKey(key))
    throw new SourceProblem(
      'invalid_settings',
      'user.key does not belong to user.certificate: it is the key of another one. Give the two that were made together.',
      'user.key',
    );
  return {
    type: UserTokenType.Certificate,
    certificateData: crypto_utils.convertPEMtoDER(user.certificate),
    privateKey: key.export({ type: 'pkcs8', format: 'pem' }) as string,
  };
};

/** What to do about a user whom the server rejects. `now`: Unix ms. */
export const userAdvice = ({ user }: OpcuaSettings, now: number): string => {
  if (user === 'anonymous') return 'It takes no anonymous user: give {username, password} or {certificate, key}.';
  if ('username' in user) return `Check username "${user.username}" and its password.`;
  const end = Date.parse(readCertificate(user.certificate).validTo);
  return end < now
    ? `The user's certificate ran out on ${dayOf(end)}: give one that is in date, which the server trusts.`
    : "Check that the server trusts the user's certificate, and that the user may sign in with it.";
};

export const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

const readCertificate = (pem: string): X509Certificate => {
  try {
    return new X509Certificate(pem);
  } catch {
    throw new SourceProblem(
      'invalid_settings',
      'user.certificate cannot be read as an X.509 certificate in PEM. Copy the whole file, with its first and last line.',
      'user.certificate',
    );
  }
};

const readKey = (pem: string): KeyObject => {
  try {
    return createPrivateKey(pem);
  } catch {
    throw new SourceProblem(
      'invalid_settings',
      /-----BEGIN ENCRYPTED |^Proc-Type: .*ENCRYPTED/m.test(pem)
        ? 'user.key is encrypted with a passphrase. Give it without one ("openssl pkey -in key.pem"): it is sealed here and never shown.'
        : 'user.key cannot be read as a private key in PEM. Copy the whole file, with its first and last line.',
      'user.key',
    );
  }
};
