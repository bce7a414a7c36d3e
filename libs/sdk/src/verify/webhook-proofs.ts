import { CONTRACT_NAMES } from './contract-name';
import { joinBytes, utf8 } from './encoding';
import { WebhookVerificationError } from './verification-error';
import { keyBesideContract, secretsOf, standardKey, textKey, type VerificationKey } from './verification-key';
import type {
  EclipseWebhookInput,
  SignatureFormat,
  VerifiedLegacyWebhook,
  VerifiedWebhook,
  VerifyWebhookInput,
} from './verify-input';
import { optionalHeader, requiredHeader, type WebhookHeaders } from './webhook-headers';

/** One of `keys` must have made one of the signatures over `message`. */
export interface Proof {
  readonly message: Uint8Array<ArrayBuffer>;
  readonly tries: readonly Try[];
}

export interface Try {
  readonly key: VerificationKey;
  /** How the signatures of an HMAC are written; they are compared as text. */
  readonly encoding: 'hex' | 'base64';
  readonly given: readonly string[];
}

/** The token that came must be one of those that are expected. */
export interface TokenProof {
  readonly given: Uint8Array<ArrayBuffer>;
  readonly expected: ReadonlyArray<Uint8Array<ArrayBuffer>>;
}

/** Everything that must hold of one webhook; what needs no cryptography has been judged already. */
export interface WebhookProofs {
  readonly token: TokenProof | null;
  readonly signatures: readonly Proof[];
  readonly verified: VerifiedWebhook | VerifiedLegacyWebhook;
}

/** Signatures looked at in one header; a sender adds one for each secret that is still valid. */
const SIGNATURES_READ = 32;
const DEFAULT_TOLERANCE_SECONDS = 300;

export const noSignatureFits = () =>
  new WebhookVerificationError(
    'no_matching_signature',
    'No signature fits: the secret is another, or the body is not the bytes that were sent.',
  );

export const wrongToken = () =>
  new WebhookVerificationError('wrong_token', 'The bearer token of the request is not the one that was expected.');

const bytesOf = (body: unknown): Uint8Array<ArrayBuffer> => {
  if (typeof body === 'string') return utf8(body);
  // A view into shared memory is no input for WebCrypto; what comes from a socket never is one.
  if (body instanceof Uint8Array) return body as Uint8Array<ArrayBuffer>;
  throw new WebhookVerificationError(
    'invalid_body',
    'The body must be the bytes as they came (Buffer, Uint8Array or string), not a parsed object.',
  );
};

interface StandardHeaders {
  readonly proof: Proof;
  readonly id: string;
  readonly timestamp: number;
}

const standardHeaders = (
  headers: WebhookHeaders,
  body: Uint8Array,
  keys: readonly VerificationKey[],
  toleranceSeconds: number,
  now: number,
): StandardHeaders => {
  const id = requiredHeader(headers, 'webhook-id');
  const stamp = requiredHeader(headers, 'webhook-timestamp');
  const signatures = requiredHeader(headers, 'webhook-signature');
  if (!/^\d{1,15}$/.test(stamp))
    throw new WebhookVerificationError('invalid_header', 'webhook-timestamp is not a number of Unix seconds.');
  const timestamp = Number(stamp);
  const age = Math.floor(now / 1000) - timestamp;
  if (age > toleranceSeconds)
    throw new WebhookVerificationError('timestamp_too_old', `The webhook was signed ${age} s ago.`);
  if (age < -toleranceSeconds)
    throw new WebhookVerificationError('timestamp_too_new', `The webhook was signed ${-age} s in the future.`);

  const entries = signatures
    .split(' ')
    .slice(0, SIGNATURES_READ)
    .map((entry) => {
      const comma = entry.indexOf(',');
      return { version: entry.slice(0, comma), signature: entry.slice(comma + 1) };
    });
  const given = (version: string) =>
    entries.filter((entry) => entry.version === version).map((entry) => entry.signature);
  return {
    proof: {
      message: joinBytes([utf8(`${id}.${stamp}.`), body]),
      tries: keys.map((key) => ({ key, encoding: 'base64', given: given(key.kind === 'hmac' ? 'v1' : 'v1a') })),
    },
    id,
    timestamp,
  };
};

interface LegacyHeader {
  readonly name: string;
  readonly prefix: '' | 'sha256=';
  readonly encoding: 'hex' | 'base64';
}

const HEX = /^[0-9a-f]{64}$/;
const BASE64 = /^[A-Za-z0-9+/]{43}=$/;

const signatureIn = (headers: WebhookHeaders, { name, prefix, encoding }: LegacyHeader): string => {
  const value = requiredHeader(headers, name);
  const signature = value.startsWith(prefix) ? value.slice(prefix.length) : '';
  if (!(encoding === 'hex' ? HEX : BASE64).test(signature)) {
    const form = encoding === 'hex' ? '64 lower-case hex digits' : 'the base64 of 32 bytes';
    throw new WebhookVerificationError('invalid_header', `${name} is not ${prefix && `${prefix} and `}${form}.`);
  }
  return signature;
};

const NENTROPY_FORMATS: { readonly [format in SignatureFormat]: Omit<LegacyHeader, 'name'> } = {
  hex: { prefix: '', encoding: 'hex' },
  prefixed: { prefix: 'sha256=', encoding: 'hex' },
  sha256_hex: { prefix: 'sha256=', encoding: 'hex' },
  base64: { prefix: '', encoding: 'base64' },
};

const legacyHeader = (
  contract: 'eclips' | 'proign' | 'mes' | 'nentropy',
  format: SignatureFormat = 'hex',
): LegacyHeader => {
  switch (contract) {
    case 'eclips':
      return { name: 'x-eclips-signature', prefix: 'sha256=', encoding: 'hex' };
    case 'proign':
      return { name: 'x-proign-signature', prefix: 'sha256=', encoding: 'hex' };
    case 'mes':
      return { name: 'x-mes-signature', prefix: '', encoding: 'hex' };
    case 'nentropy': {
      const form = Object.hasOwn(NENTROPY_FORMATS, format) ? NENTROPY_FORMATS[format] : undefined;
      if (form === undefined)
        throw new TypeError(`signatureFormat must be one of ${Object.keys(NENTROPY_FORMATS).join(', ')}.`);
      return { name: 'x-webhook-signature', ...form };
    }
  }
};

const expectedTokens = (bearerToken: EclipseWebhookInput['bearerToken']): string[] => {
  const tokens = Array.isArray(bearerToken) ? bearerToken : [bearerToken];
  if (tokens.length === 0 || tokens.some((token) => typeof token !== 'string' || token === ''))
    throw new WebhookVerificationError('invalid_secret', 'bearerToken is empty or not text.');
  return tokens;
};

const tokenProof = (input: EclipseWebhookInput): TokenProof | null => {
  if (input.bearerToken === undefined) return null;
  const expected = expectedTokens(input.bearerToken);
  const given = /^bearer +(.+)$/i.exec(optionalHeader(input.headers, 'authorization') ?? '')?.[1];
  if (given === undefined)
    throw new WebhookVerificationError('wrong_token', 'The request has no header Authorization with a bearer token.');
  return { given: utf8(given), expected: expected.map(utf8) };
};

/** Whether the Standard Webhooks headers must hold as well. */
const wantsStandardHeaders = (input: VerifyWebhookInput): boolean => {
  switch (input.contract) {
    case undefined:
    case 'standard':
      return true;
    case 'eclipse':
      if (input.secret === undefined && input.bearerToken === undefined)
        throw new WebhookVerificationError(
          'invalid_secret',
          'The contract eclipse has no signature of its own: give bearerToken, the secret of the endpoint, or both.',
        );
      return input.secret !== undefined;
    default:
      return input.replayProtection === true;
  }
};

/**
 * What has to be proved of a webhook. Pure.
 *
 * @throws WebhookVerificationError for what needs no cryptography to be refused.
 * @throws TypeError when an option is not what it must be.
 */
export const webhookProofs = (input: VerifyWebhookInput): WebhookProofs => {
  const { contract = 'standard', toleranceSeconds = DEFAULT_TOLERANCE_SECONDS, now = Date.now() } = input;
  if (!CONTRACT_NAMES.includes(contract))
    throw new TypeError(`contract must be one of ${CONTRACT_NAMES.join(', ')}, not ${String(contract)}.`);
  if (!Number.isFinite(toleranceSeconds) || toleranceSeconds < 0 || !Number.isFinite(now))
    throw new TypeError('toleranceSeconds must be a number of seconds, and now a time in Unix milliseconds.');
  const body = bytesOf(input.body);
  const standard = wantsStandardHeaders(input);
  if (!standard && input.toleranceSeconds !== undefined)
    throw new TypeError(
      contract === 'eclipse'
        ? 'toleranceSeconds needs the secret of the endpoint: a bearer token has no time.'
        : `toleranceSeconds needs replayProtection: the signature of ${contract} covers no time.`,
    );
  const secrets = contract === 'eclipse' && input.secret === undefined ? [] : secretsOf(input.secret);
  // Before anything of the request: what is wrong with the settings is wrong with every request.
  const keys = standard ? secrets.map(contract === 'standard' ? standardKey : keyBesideContract) : [];
  const token = input.contract === 'eclipse' ? tokenProof(input) : null;
  const signatures: Proof[] = [];
  if (contract !== 'standard' && contract !== 'eclipse') {
    const header = legacyHeader(contract, input.contract === 'nentropy' ? input.signatureFormat : undefined);
    const given = [signatureIn(input.headers, header)];
    signatures.push({
      message: body,
      tries: secrets.map((secret) => ({ key: textKey(secret), encoding: header.encoding, given })),
    });
  }
  if (!standard) return { token, signatures, verified: { valid: true, id: null, timestamp: null } };
  const { proof, id, timestamp } = standardHeaders(input.headers, body, keys, toleranceSeconds, now);
  return { token, signatures: [...signatures, proof], verified: { valid: true, id, timestamp } };
};
