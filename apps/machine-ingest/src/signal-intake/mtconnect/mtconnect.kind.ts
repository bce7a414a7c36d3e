import { type SourceKind, SourceProblem, type TriedSource } from '../source-kind';
import { AgentClient, AgentFault } from './agent-client';
import { observedIn } from './live-signals';
import { MtconnectSource } from './mtconnect.source';
import { type MtconnectSettings, mtconnectSettings, namesOf, routesOf } from './mtconnect-settings';
import { ucumOf } from './mtconnect-units';
import { agentErrorIn, readModel, readStreams } from './read-answer';

/** Values that a person is shown. */
const SHOWN = 50;

export const mtconnectSourceKind: SourceKind<MtconnectSettings> = {
  type: 'mtconnect',
  says: 'An MTConnect agent: its devices are read over HTTP, as a stream or by polling, without loss as far as its buffer goes.',
  settings: mtconnectSettings,
  secrets: ['bearer', 'header.value'],
  machines: ({ devices }) => devices?.map(({ machine }) => machine) ?? null,
  reaches: ({ url }) => {
    const { hostname, port, protocol } = new URL(url);
    const host = hostname.replace(/^\[|\]$/g, '');
    return [{ kind: 'peer', host, port: port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port), path: 'url' }];
  },
  tryOnce: async (settings, { signal, lookup }) => {
    const client = new AgentClient(settings, lookup);
    try {
      return await look(client, settings, signal);
    } catch (error) {
      throw problemOf(error as Error, settings);
    } finally {
      client.close();
    }
  },
  open: (settings, context) => new MtconnectSource(settings, context),
};

const look = async (client: AgentClient, settings: MtconnectSettings, signal: AbortSignal): Promise<TriedSource> => {
  const waits = { patience: settings.timeoutMs, silence: settings.timeoutMs };
  const model = await readModel(await client.get(null, 'probe', {}, waits, signal));
  const { routes, problems } = routesOf(model, settings);
  if (routes.length === 0 || (settings.devices !== undefined && problems.length > 0))
    throw new SourceProblem('not_found', problems.join(' ') || 'The agent has no devices.', 'devices');
  const { answer } = await readStreams(await client.get(null, 'current', { path: settings.path }, waits, signal));
  const count = model.devices.filter(({ isAgent }) => !isAgent).length;
  const seen = observedIn(answer, routes).map(({ machine, item, observation }) => ({
    machine,
    path: observation.path,
    value: observation.kind === 'condition' ? { ...observation.value } : observation.value,
    unit: item === undefined || item.units === '' ? null : ucumOf(item.units),
  }));
  const told = [
    `MTConnect agent ${model.version || 'of an unknown version'} with ${count} device${count === 1 ? '' : 's'} (${namesOf(model)}),`,
    `${routes.length} of them read, ${seen.length} data items.`,
    ...problems,
  ];
  return { summary: told.join(' '), seen: seen.slice(0, SHOWN) };
};

const CERTIFICATE = /CERT|PEM|OSSL|SELF_SIGNED|ALTNAME|UNABLE_TO_VERIFY|EPROTO|ERR_TLS|ERR_SSL/;

/** What OpenSSL makes of an answer that is no TLS. */
const WITHOUT_TLS = /WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|wrong version number|packet length too long/;

/** What Node's parser makes of an answer that is no HTTP. */
const NOT_HTTP = /^HPE_/;

const problemOf = (error: Error, { url }: MtconnectSettings): SourceProblem => {
  if (error instanceof SourceProblem) return error;
  const fault = error instanceof AgentFault ? error : null;
  const said = (fault?.bytes && agentErrorIn(fault.bytes)) || error;
  const code = fault?.code ?? (error as NodeJS.ErrnoException).code ?? error.name;
  if (code === 'http_401' || code === 'http_403') return new SourceProblem('unauthorized', said.message, 'bearer');
  if (WITHOUT_TLS.test(`${code} ${error.message}`))
    return new SourceProblem(
      'not_this_protocol',
      `The port of ${url} speaks without TLS, as an agent mostly does: write http:// in the place of https://.`,
      'url',
    );
  if (NOT_HTTP.test(code))
    return new SourceProblem(
      'not_this_protocol',
      `What answers at ${url} does not speak HTTP. If it is the port of an adapter, that is a source of the type shdr; if it speaks TLS, write https://.`,
      'url',
    );
  if (CERTIFICATE.test(code))
    return new SourceProblem(
      'certificate',
      `${said.message} If the agent's certificate is signed by an authority of your own, give that one in 'ca'.`,
      'ca',
    );
  if (said instanceof AgentFault && said.agentCode !== null)
    return new SourceProblem(said.agentCode === 'NO_DEVICE' ? 'not_found' : 'refused', said.message, 'url');
  if (fault?.bytes)
    return new SourceProblem(
      'not_this_protocol',
      `${said.message} Is ${url} the address of an MTConnect agent? ${url.replace(/\/+$/, '')}/probe must show a document that begins with <MTConnectDevices.`,
      'url',
    );
  return new SourceProblem('unreachable', `${said.message} Check host, port and the way to ${url}.`, 'url');
};
