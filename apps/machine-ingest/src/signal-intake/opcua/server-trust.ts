import { createHash, X509Certificate } from 'node:crypto';
import type { OpcuaSettings } from './opcua-settings';

/** SHA-256 of the certificate, upper-case hexadecimal digits. */
export const thumbprintOf = (der: Uint8Array): string => createHash('sha256').update(der).digest('hex').toUpperCase();

/** The SHA-1 that other OPC UA tools show; to compare by eye only, nothing is trusted by it. */
export const legacyThumbprintOf = (der: Uint8Array): string =>
  createHash('sha1').update(der).digest('hex').toUpperCase();

export type Trust =
  | { readonly kind: 'trusted'; readonly thumbprint: string }
  | { readonly kind: 'refused'; readonly thumbprint: string; readonly detail: string };

const spoken = (der: Uint8Array): string =>
  `SHA-256 ${thumbprintOf(der)}, SHA-1 ${legacyThumbprintOf(der)}, ${subjectOf(der)}`;

const subjectOf = (der: Uint8Array): string => {
  try {
    const { subject, validTo } = new X509Certificate(der);
    return `"${subject.replaceAll('\n', ', ')}", valid until ${new Date(validTo).toISOString().slice(0, 10)}`;
  } catch {
    return 'not readable as X.509';
  }
};

/**
 * Whether a server's certificate is the one that is meant. A machine's certificate is signed by itself or by nobody we know,
 * and often out of date, so trust is by identity: what the settings name, or what was seen first (`remembered`).
 */
export const judgeCertificate = (
  named: OpcuaSettings['serverCertificate'],
  remembered: string | null,
  der: Uint8Array,
): Trust => {
  const thumbprint = thumbprintOf(der);
  if (named === null)
    return {
      kind: 'refused',
      thumbprint,
      detail:
        `The server shows a certificate that nobody has trusted yet: ${spoken(der)}. Compare it with what the server says of ` +
        `itself; if it is the same, set serverCertificate to {"thumbprint": "${thumbprint}"}.`,
    };
  if ('trust' in named) {
    if (remembered === null || remembered === thumbprint) return { kind: 'trusted', thumbprint };
    return {
      kind: 'refused',
      thumbprint,
      detail:
        `The server shows another certificate than at first use: ${spoken(der)}; the first had SHA-256 ${remembered}. If the ` +
        `server was given a new one, set serverCertificate to {"thumbprint": "${thumbprint}"}; if not, someone stands in between.`,
    };
  }
  const wanted =
    'thumbprint' in named
      ? named.thumbprint.replaceAll(/[: ]/g, '').toUpperCase()
      : thumbprintOf(new X509Certificate(named.pem).raw);
  if (wanted === thumbprint) return { kind: 'trusted', thumbprint };
  return {
    kind: 'refused',
    thumbprint,
    detail:
      `The server shows another certificate than the one named: ${spoken(der)}; serverCertificate names SHA-256 ${wanted}. If the ` +
      `server was given a new one, set serverCertificate to {"thumbprint": "${thumbprint}"}; if not, someone stands in between.`,
  };
};
