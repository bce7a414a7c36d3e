import { readFile } from 'node:fs/promises';
import { CONTRACT_NAMES } from '../../verify/contract-name';
import { fromBase64, utf8 } from '../../verify/encoding';
import { WebhookVerificationError } from '../../verify/verification-error';
import type { VerifyWebhookInput } from '../../verify/verify-input';
import { verifyWebhook } from '../../verify/verify-webhook';
import type { Command, Context, Given } from '../command';
import { green, red } from '../output';
import { instant } from '../time';
import { CommandFailed, UsageError } from '../usage-error';
import { headersFrom } from './endpoints';

const bytesOfFile = async (option: string, file: string): Promise<Uint8Array> => {
  try {
    return await readFile(file);
  } catch (error) {
    throw new CommandFailed(`${option}: ${file} cannot be read: ${(error as Error).message}`);
  }
};

/** Headers as `name: value` lines (of curl -v, or of an access log), or as one object of JSON. */
export const readHeaders = (text: string): { [name: string]: string | string[] } => {
  const trimmed = text.trim();
  if (trimmed.startsWith('{')) {
    try {
      return JSON.parse(trimmed) as { [name: string]: string };
    } catch (error) {
      throw new UsageError(`--headers: is not JSON: ${(error as Error).message}`);
    }
  }
  const headers: { [name: string]: string[] } = {};
  for (const line of trimmed.split(/\r?\n/)) {
    const found = /^[<>]?\s*([A-Za-z0-9-]+):\s*(.*?)\s*$/.exec(line);
    if (found === null) continue;
    const name = (found[1] as string).toLowerCase();
    headers[name] = [...(headers[name] ?? []), found[2] as string];
  }
  return headers;
};

/** What people do to a body on its way, one at a time, and what it is called. */
const USUAL_CHANGES: readonly (readonly [string, (body: Uint8Array) => Uint8Array | null])[] = [
  [
    'the line break at its end was added later',
    (body) => (body.at(-1) === 10 ? body.subarray(0, body.at(-2) === 13 ? -2 : -1) : null),
  ],
  ['the line break at its end was cut off', (body) => new Uint8Array([...body, 10])],
  ['a byte order mark was put in front', (body) => (body[0] === 0xef && body[1] === 0xbb ? body.subarray(3) : null)],
  ['it was parsed and written with spaces', (body) => rewritten(body, 0)],
  ['line breaks were changed to CR LF', (body) => utf8(new TextDecoder().decode(body).replaceAll('\r\n', '\n'))],
];

const rewritten = (body: Uint8Array, indent: number): Uint8Array | null => {
  try {
    return utf8(JSON.stringify(JSON.parse(new TextDecoder().decode(body)), null, indent));
  } catch {
    return null;
  }
};

/** Which change of the body, undone, makes the webhook valid; null when none does. */
export const explain = (input: VerifyWebhookInput): string | null => {
  const body = typeof input.body === 'string' ? utf8(input.body) : input.body;
  for (const [what, undo] of USUAL_CHANGES) {
    const changed = undo(body);
    if (changed === null) continue;
    try {
      verifyWebhook({ ...input, body: changed });
      return what;
    } catch {
      // It was not that.
    }
  }
  return null;
};

const inputFrom = async (given: Given, now: number, secret: string | undefined): Promise<VerifyWebhookInput> => {
  const contract = given.oneOf('contract', CONTRACT_NAMES) ?? 'standard';
  const file = given.text('body');
  if (file === undefined) throw new UsageError('--body is missing: the file with the body as it came.');
  const headersFile = given.text('headers');
  const headers = {
    ...(headersFile === undefined
      ? {}
      : readHeaders(new TextDecoder().decode(await bytesOfFile('--headers', headersFile)))),
    ...headersFrom(given.each('header')),
  };
  if (Object.keys(headers).length === 0)
    throw new UsageError('There are no headers: give --headers <file> or --header "name: value".');
  const secrets = given.each('secret').length > 0 ? given.each('secret') : secret === undefined ? undefined : [secret];
  const token = given.text('token');
  if (token === '') throw new UsageError('--token is empty; is the variable that holds it set?');
  if (secrets === undefined && token === undefined && contract === 'eclipse')
    throw new UsageError(
      'There is nothing to judge it by: give --token, the bearer token of the endpoint, --secret, or both.',
    );
  if (secrets === undefined && token === undefined)
    throw new UsageError('There is no secret: give --secret, or set MILLRACE_WEBHOOK_SECRET.');
  const at = given.text('at');
  const tolerance = given.wholeNumber('tolerance', 0, 1_000_000_000);
  const format = given.oneOf('signature-format', ['hex', 'prefixed', 'sha256_hex', 'base64']);
  return {
    contract,
    body: await bytesOfFile('--body', file),
    headers,
    now: at === undefined ? now : Date.parse(instant('--at', at, now)),
    ...(secrets === undefined ? {} : { secret: secrets }),
    ...(token === undefined ? {} : { bearerToken: token }),
    ...(tolerance === undefined ? {} : { toleranceSeconds: tolerance }),
    ...(format === undefined ? {} : { signatureFormat: format }),
    ...(given.flag('replay-protection') ? { replayProtection: true } : {}),
  } as VerifyWebhookInput;
};

/** Standard Webhooks 1.0: between 24 and 64 bytes. */
const SECRET_BYTES = { least: 24, most: 64 } as const;

/** What is wrong with a secret by which nothing fitted: a part of one has another length. Null where nothing is. */
const wrongLength = ({ contract, secret }: VerifyWebhookInput): string | null => {
  if (contract !== 'standard') return null;
  for (const each of [secret].flat()) {
    const bytes = each.startsWith('whpk_') ? null : fromBase64(each.replace(/^whsec_/, ''))?.length;
    if (bytes !== null && bytes !== undefined && (bytes < SECRET_BYTES.least || bytes > SECRET_BYTES.most))
      return `The secret has ${bytes} bytes, and a secret has ${SECRET_BYTES.least} to ${SECRET_BYTES.most}.`;
  }
  return null;
};

const LOOKS_STANDARD =
  'It looks like whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw: whsec_ and the base64 of 24 to 64 bytes (whpk_ for a public key), as it was shown when the endpoint was made.';
const LOOKS_OLDER = 'It is the text of the secret as the endpoint has it, at least one character, whsec_ included.';

/** Not the webhook is at fault but what it was to be judged by. */
const cannotBeJudged = (why: string, { contract }: VerifyWebhookInput, { out, err, json }: Context): number => {
  const message = `${why} ${contract === 'standard' ? LOOKS_STANDARD : LOOKS_OLDER}`;
  if (json) out.json({ error: { code: 'invalid_secret', message } });
  else err.line(red('Cannot be judged: '), message);
  return 2;
};

export const verify: Command = {
  name: 'verify',
  summary: 'Say whether a webhook is genuine, and if not, what is wrong',
  options: {
    body: { type: 'string', value: '<file>', help: 'the body as it came, byte for byte (needed)' },
    headers: { type: 'string', value: '<file>', help: 'its headers: lines "name: value", or a JSON object' },
    header: { type: 'string', multiple: true, value: '<name: value>', help: 'one header; may be repeated' },
    secret: {
      type: 'string',
      multiple: true,
      value: '<secret>',
      help: 'of the endpoint; else MILLRACE_WEBHOOK_SECRET. May be repeated',
    },
    token: { type: 'string', value: '<token>', help: 'bearer token, contract eclipse' },
    contract: { type: 'string', value: '<contract>', help: `${CONTRACT_NAMES.join(', ')}; standard unless told` },
    'signature-format': {
      type: 'string',
      value: '<format>',
      help: 'of nentropy: hex (unless told), prefixed or base64',
    },
    'replay-protection': { type: 'boolean', help: 'the Standard Webhooks headers must be there and fit, too' },
    tolerance: { type: 'string', value: '<seconds>', help: 'how far the time may lie from now; 300 unless told' },
    at: { type: 'string', value: '<time>', help: 'judge it as of then: RFC 3339, or how long ago' },
  },
  about:
    'Exit code 0 for a genuine one, 1 for one that is not, 2 where it cannot be judged, because the secret or the token is none.',
  examples: ['millrace verify --body body.json --headers headers.txt --secret whsec_… --at 2026-01-31T06:00:00Z'],
  run: async (given, context) => {
    const { io, out, json } = context;
    const input = await inputFrom(given, io.now(), io.env['MILLRACE_WEBHOOK_SECRET']);
    try {
      const verified = verifyWebhook(input);
      if (json) out.json(verified);
      else {
        out.line(green('Genuine'), verified.id === null ? '' : `, ${verified.id}`);
        if (verified.timestamp === null)
          out.line('Its time was not judged: the signature of this contract covers none (see --replay-protection).');
      }
      return 0;
    } catch (error) {
      if (error instanceof TypeError) throw new UsageError(error.message);
      if (!(error instanceof WebhookVerificationError)) throw error;
      if (error.code === 'invalid_secret') return cannotBeJudged(error.message, input, context);
      const unfit = error.code === 'no_matching_signature';
      const length = unfit ? wrongLength(input) : null;
      if (length !== null) return cannotBeJudged(length, input, context);
      const hint = unfit ? explain(input) : null;
      if (json) out.json({ valid: false, code: error.code, message: error.message, hint });
      else {
        out.line(red('Not genuine'), ': ', error.message, ' (', error.code, ')');
        if (hint !== null) out.line('It fits if the body is put right: ', hint, '.');
      }
      return 1;
    }
  },
};
