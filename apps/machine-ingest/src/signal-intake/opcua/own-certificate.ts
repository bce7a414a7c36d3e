import { createPrivateKey, generateKeyPair, randomUUID, X509Certificate } from 'node:crypto';
import { link, mkdir, readFile, unlink, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { crypto_utils } from 'node-opcua-client';
import { thumbprintOf } from './server-trust';

/** What Millrace shows of itself to a server: an application instance certificate (OPC 10000-6, 6.2.2), signed by itself. */
export interface OwnCertificate {
  readonly der: Buffer;
  readonly pem: string;
  /** PEM, PKCS #8. Stays in the folder and in this process. */
  readonly key: string;
  readonly thumbprint: string;
  /** Unix ms. */
  readonly validTo: number;
}

/** Stands in the certificate as well, and a server compares the two: it must be the same wherever the folder is used. */
export const APPLICATION_URI = 'urn:millrace:machine-ingest';
export const APPLICATION_NAME = 'Millrace';

export const OWN_CERTIFICATE_FILE = 'opcua-own-certificate.pem';
const YEARS = 10;
const DAY_MS = 86_400_000;

/**
 * The certificate of this folder, made when it has none. Key and certificate are one file, which appears whole or not at
 * all: of several processes that make it at once, one's stands and all use it.
 */
export const ownCertificate = async (folder: string, now: number): Promise<OwnCertificate> => {
  const file = join(folder, OWN_CERTIFICATE_FILE);
  const kept = await read(file);
  if (kept !== null) return kept;
  await mkdir(folder, { recursive: true });
  const draft = join(folder, `${OWN_CERTIFICATE_FILE}.${randomUUID()}`);
  await writeFile(draft, await make(now), { mode: 0o600 });
  try {
    await link(draft, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    await unlink(draft);
  }
  const made = await read(file);
  if (made === null) throw new Error(`${file} holds no key and certificate; take it away and a new one is made`);
  return made;
};

const read = async (file: string): Promise<OwnCertificate | null> => {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  const key = /-----BEGIN PRIVATE KEY-----[\s\S]+?-----END PRIVATE KEY-----/.exec(text)?.[0];
  const pem = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/.exec(text)?.[0];
  if (key === undefined || pem === undefined) return null;
  const der = crypto_utils.convertPEMtoDER(pem);
  return { key, pem, der, thumbprint: thumbprintOf(der), validTo: Date.parse(new X509Certificate(der).validTo) };
};

const make = async (now: number): Promise<string> => {
  const pair = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 });
  const key = pair.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
  const { cert } = await crypto_utils.createSelfSignedCertificate({
    privateKey: await crypto_utils.pemToPrivateKey(key),
    subject: `/CN=${APPLICATION_NAME}/O=Millrace`,
    dns: [hostname()],
    applicationUri: APPLICATION_URI,
    // A server whose clock is behind would find a certificate of this moment not yet valid.
    notBefore: new Date(now - DAY_MS),
    validity: YEARS * 365,
    purpose: crypto_utils.CertificatePurpose.ForApplication,
  });
  return `${key}${cert}\n`;
};

/** The pair as the library takes it. */
export const asKeyPair = (own: OwnCertificate) => {
  const hidden = createPrivateKey(own.key);
  return { getCertificate: () => own.der, getCertificateChain: () => [own.der], getPrivateKey: () => ({ hidden }) };
};
