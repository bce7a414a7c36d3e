import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';

/** X.509 certificates made on the spot, so that the tests need neither a tool nor a committed key. */
export interface MadeCertificate {
  readonly cert: string;
  readonly key: string;
}

export interface CertificateWishes {
  /** DNS names of the subject. */
  readonly names: readonly string[];
  readonly notBefore?: Date;
  readonly notAfter?: Date;
}

const der = (tag: number, ...parts: Buffer[]): Buffer => {
  const content = Buffer.concat(parts);
  const { length } = content;
  const size =
    length < 128
      ? Buffer.from([length])
      : length < 256
        ? Buffer.from([0x81, length])
        : Buffer.from([0x82, length >> 8, length & 255]);
  return Buffer.concat([Buffer.from([tag]), size, content]);
};
const sequence = (...parts: Buffer[]) => der(0x30, ...parts);
const oid = (hex: string) => der(0x06, Buffer.from(hex, 'hex'));
const octets = (content: Buffer) => der(0x04, content);
const bits = (content: Buffer) => der(0x03, Buffer.from([0]), content);
const text = (value: string) => der(0x0c, Buffer.from(value));
const time = (at: Date) => der(0x18, Buffer.from(`${at.toISOString().replace(/[-:T]/g, '').slice(0, 14)}Z`));
const TRUE = der(0x01, Buffer.from([0xff]));

const ECDSA_WITH_SHA256 = sequence(oid('2a8648ce3d040302'));
const COMMON_NAME = '550403';
const SUBJECT_ALT_NAME = '551d11';
const BASIC_CONSTRAINTS = '551d13';

const nameOf = (value: string) => sequence(der(0x31, sequence(oid(COMMON_NAME), text(value))));
const pem = (label: string, bytes: Buffer) =>
  `-----BEGIN ${label}-----\n${bytes.toString('base64').replace(/(.{64})/g, '$1\n')}\n-----END ${label}-----\n`;

const YEAR_MS = 365 * 86_400_000;

/** Self-signed, and its own authority: a client that is given it as a trusted certificate accepts it. */
export const selfSigned = ({ names, notBefore, notAfter }: CertificateWishes): MadeCertificate => {
  const { publicKey, privateKey }: { publicKey: KeyObject; privateKey: KeyObject } = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
  });
  const subject = nameOf(names[0]!);
  const alternatives = sequence(...names.map((name) => der(0x82, Buffer.from(name))));
  const toBeSigned = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.from([1, 2, 3, 4])),
    ECDSA_WITH_SHA256,
    subject,
    sequence(time(notBefore ?? new Date(Date.now() - YEAR_MS)), time(notAfter ?? new Date(Date.now() + YEAR_MS))),
    subject,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(
      0xa3,
      sequence(
        sequence(oid(BASIC_CONSTRAINTS), TRUE, octets(sequence(TRUE))),
        sequence(oid(SUBJECT_ALT_NAME), octets(alternatives)),
      ),
    ),
  );
  const certificate = sequence(toBeSigned, ECDSA_WITH_SHA256, bits(sign('sha256', toBeSigned, privateKey)));
  return {
    cert: pem('CERTIFICATE', certificate),
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
  };
};
