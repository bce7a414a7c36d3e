import { hostname } from 'node:os';
import { MillraceError } from '../../client/errors';
import { type Millrace, withProtocol } from '../../client/millrace';
import type { CreatedEndpoint, NewEndpoint } from '../../client/types/endpoint';
import type { Filter } from '../../client/types/filter';
import { CONTRACT_NAMES, type ContractName } from '../../verify/contract-name';
import type { VerifyWebhookInput } from '../../verify/verify-input';
import { verifyWebhook } from '../../verify/verify-webhook';
import type { Command, Context, Given } from '../command';
import { type Forwarded, forward, whyNot } from '../listen/forward';
import { type Arrived, type Listener, startListener } from '../listen/listener';
import { inUrl, localAddressTowards } from '../listen/local-address';
import { bold, dim, green, red } from '../output';
import { readSettings } from '../settings';
import { CommandFailed, UsageError } from '../usage-error';

/** The longest that any contract waits for an answer. */
const FORWARD_MS = 30_000;

const urlFrom = (option: string, text: string): URL => {
  const meant = withProtocol(text);
  if (meant !== null) throw new UsageError(`${option}: must begin with http:// or https://: ${meant}?`);
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw new UsageError(`${option}: ${text} is not an address; it is like http://localhost:3000/hook.`);
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw new UsageError(`${option}: must begin with http:// or https://, not ${url.protocol}//.`);
  return url;
};

interface Place {
  /** What is bound. */
  readonly address: string;
  readonly port: number;
  /** Where the site sends to, below which the path is put; with `port` where it is not a public one. */
  readonly publicUrl: string | null;
}

const placeFrom = async (given: Given, site: URL): Promise<Place> => {
  const port = given.wholeNumber('port', 1, 65_535) ?? 0;
  const publicUrl = given.text('public-url');
  const asked = given.text('address');
  if (publicUrl !== undefined) {
    const url = urlFrom('--public-url', publicUrl);
    if (port === 0) throw new UsageError('--public-url needs --port: the one that the tunnel leads to.');
    return { address: asked ?? '127.0.0.1', port, publicUrl: `${url.origin}${url.pathname.replace(/\/+$/, '')}` };
  }
  if (asked !== undefined) return { address: asked, port, publicUrl: null };
  try {
    return { address: await localAddressTowards(site), port, publicUrl: null };
  } catch (error) {
    throw new CommandFailed(`${site.host} cannot be reached: ${(error as Error).message}`);
  }
};

/** How the deliveries of the new endpoint are verified. */
const verification = (contract: ContractName, proof: Proof, { headers, body }: Arrived, now: number) =>
  ({
    contract,
    secret: proof.secret,
    ...(proof.token === undefined ? {} : { bearerToken: proof.token }),
    headers,
    body,
    now,
  }) as VerifyWebhookInput;

/** By what the deliveries can be known to be genuine. */
interface Proof {
  readonly secret: string;
  readonly token: string | undefined;
}

/** What the app has already; what is left out Millrace makes, or is not there. */
const proofFrom = (given: Given, contract: ContractName, { io }: Context): Partial<Proof> => {
  const secret = given.text('secret');
  const token = given.text('token');
  if (secret === '') throw new UsageError('--secret is empty; leave it out, and Millrace makes one.');
  if (token !== undefined && contract !== 'eclipse')
    throw new UsageError('--token is for the contract eclipse: give --contract eclipse, or --secret.');
  if (token === '') throw new UsageError('--token is empty; leave it out for none.');
  return {
    secret: secret ?? (io.env['WEBHOOK_SECRET'] || undefined),
    token: contract === 'eclipse' ? (token ?? (io.env['WEBHOOK_TOKEN'] || undefined)) : undefined,
  };
};

const remove = async (millrace: Millrace, endpoint: CreatedEndpoint, { err }: Context): Promise<boolean> => {
  try {
    await millrace.endpoints.delete(endpoint.id, { timeoutMs: 10_000, maxRetries: 1 });
    return true;
  } catch (error) {
    err.line(red('The endpoint is still there: '), (error as Error).message);
    err.line('Remove it with: millrace endpoints delete ', endpoint.id);
    return false;
  }
};

const register = async (
  millrace: Millrace,
  wish: NewEndpoint,
  local: boolean,
  { err }: Context,
): Promise<CreatedEndpoint> => {
  try {
    return await millrace.endpoints.create(wish);
  } catch (error) {
    const code = error instanceof MillraceError && 'code' in error ? error.code : null;
    if (local && (code === 'destination_not_allowed' || code === 'invalid_url'))
      err.line(
        'The site does not send to ',
        wish.url,
        '. Open a tunnel to this machine, and give its address as --public-url.',
      );
    throw error;
  }
};

const wishFrom = (
  given: Given,
  url: string,
  contract: ContractName,
  { secret, token }: Partial<Proof>,
): NewEndpoint => {
  const filter = given.json('filter') as Filter | undefined;
  return {
    url,
    eventTypes: given.list('types') ?? ['*'],
    contract,
    description: `millrace listen on ${hostname()}; temporary`,
    ...(filter === undefined ? {} : { filter }),
    ...(secret === undefined ? {} : { secret }),
    ...(token === undefined ? {} : { headers: { Authorization: `Bearer ${token}` } }),
  };
};

/** Shows one forwarded delivery, and answers what Millrace is told. */
const passOn = async (target: URL, arrived: Arrived, context: Context): Promise<Forwarded> => {
  const { io, out, json } = context;
  const began = io.now();
  const type = typeIn(arrived.body);
  const id = String(arrived.headers['webhook-id'] ?? '');
  let answer: Forwarded;
  let problem: string | null = null;
  try {
    answer = await forward(target, arrived.rawHeaders, arrived.body, FORWARD_MS);
  } catch (error) {
    problem = whyNot(error, target, FORWARD_MS);
    answer = { status: 502, headers: {}, body: new TextEncoder().encode(`millrace listen: ${problem}`) };
  }
  const ms = io.now() - began;
  const { status } = answer;
  if (json) out.json({ at: new Date(began).toISOString(), id, type, status, ms, error: problem });
  else {
    const paint = status >= 200 && status < 300 ? green : red;
    const time = new Date(began).toISOString().slice(11, 19);
    out.line(
      dim(time),
      '  ',
      paint(status),
      '  ',
      `${ms} ms`.padStart(8),
      '  ',
      type,
      '  ',
      dim(id),
      problem === null ? '' : `  ${problem}`,
    );
  }
  return answer;
};

const typeIn = (body: Uint8Array): string => {
  try {
    const { type, event } = JSON.parse(new TextDecoder().decode(body)) as { type?: unknown; event?: unknown };
    return typeof type === 'string' ? type : typeof event === 'string' ? event : '';
  } catch {
    return '';
  }
};

const interruption = (signal: AbortSignal): Promise<void> =>
  signal.aborted
    ? Promise.resolve()
    : new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));

export const listen: Command = {
  name: 'listen',
  summary: 'Forward the deliveries of a temporary endpoint to an app on this machine, until Ctrl-C',
  options: {
    'forward-to': { type: 'string', value: '<url>', help: 'the app, http://localhost:3000/hook (needed)' },
    types: { type: 'string', multiple: true, value: '<types>', help: 'event types with commas between; * unless told' },
    filter: { type: 'string', value: '<json>', help: 'which events of these types, as JSON' },
    contract: { type: 'string', value: '<contract>', help: `${CONTRACT_NAMES.join(', ')}; standard unless told` },
    secret: {
      type: 'string',
      value: '<secret>',
      help: 'the one that the app verifies with; else WEBHOOK_SECRET, else a new one, which is shown',
    },
    token: {
      type: 'string',
      value: '<token>',
      help: 'bearer token, contract eclipse: sent as Authorization; else WEBHOOK_TOKEN, else none',
    },
    address: {
      type: 'string',
      value: '<address>',
      help: 'where to listen, and where the site sends to; found out unless told',
    },
    port: { type: 'string', value: '<port>', help: 'any that is free unless told' },
    'public-url': { type: 'string', value: '<url>', help: 'address of a tunnel that leads to --port on this machine' },
  },
  about:
    'The first lines tell the secret of the endpoint: the app verifies with that one. Where WEBHOOK_SECRET is set here, it is that one\n(contract eclipse: WEBHOOK_TOKEN likewise).\n\nEach delivery is verified, forwarded with its bytes and headers, and answered with the status of the app, so that a failure\nis tried again as it would be later. Ctrl-C deletes the endpoint.',
  examples: [
    'millrace listen --forward-to http://localhost:3000/hook --types "machine.*"',
    'millrace listen --forward-to http://localhost:3000/hook --port 8085 --public-url https://abc.example.net',
  ],
  run: async (given, context) => {
    const { io, out, err, json } = context;
    const to = given.text('forward-to');
    if (to === undefined) throw new UsageError('--forward-to is missing: the address of the app.');
    const target = urlFrom('--forward-to', to);
    const contract = given.oneOf('contract', CONTRACT_NAMES) ?? 'standard';
    given.json('filter');
    const wished = proofFrom(given, contract, context);
    const stop = io.interrupted();
    const settings = await readSettings(io);
    const millrace = await context.millrace();
    const place = await placeFrom(given, new URL(settings.url));
    const path = `/${io.random()}`;
    let tellSecret: (secret: string) => void = () => {};
    const secretKnown = new Promise<string>((resolve) => {
      tellSecret = resolve;
    });
    let listener: Listener;
    try {
      listener = await startListener({
        address: place.address,
        port: place.port,
        path,
        // A delivery may be here before the answer that has the secret.
        verify: async (arrived) => {
          verifyWebhook(verification(contract, { secret: await secretKnown, token: wished.token }, arrived, io.now()));
        },
        forward: (arrived) => passOn(target, arrived, context),
        onRefused: (code, message) => err.line(red('refused  '), code, '  ', message),
      });
    } catch (error) {
      throw new CommandFailed(`${place.address} cannot be listened at: ${(error as Error).message}`);
    }
    let removed = true;
    try {
      const base = place.publicUrl ?? `http://${inUrl(place.address)}:${listener.port}`;
      const wish = wishFrom(given, `${base}${path}`, contract, wished);
      const endpoint = await register(millrace, wish, place.publicUrl === null, context);
      tellSecret(endpoint.secret);
      if (json) out.json({ listening: true, endpointId: endpoint.id, url: endpoint.url, secret: endpoint.secret });
      else {
        out.line('Endpoint ', bold(endpoint.id), ' → ', target.href, dim('   Ctrl-C ends it and deletes the endpoint'));
        out.line('secret ', endpoint.secret);
      }
      await interruption(stop);
      removed = await remove(millrace, endpoint, context);
      if (removed && !json) out.line('Deleted ', endpoint.id);
    } finally {
      await listener.close();
    }
    return removed ? 0 : 1;
  },
};
