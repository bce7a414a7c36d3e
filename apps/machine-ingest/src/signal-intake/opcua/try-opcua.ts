import { AttributeIds, VariableIds } from 'node-opcua-client';
import { SourceProblem, type TriedSource, type TryContext } from '../source-kind';
import { inCalls } from './bounded-calls';
import {
  dropClient,
  openSession,
  type ReachedServer,
  reachServer,
  type ServerSession,
  spokenEndpoint,
  within,
} from './connect-server';
import { connectionProblem } from './connection-problem';
import { type FoundItem, findItems, readLimits, readUnits } from './find-items';
import type { OpcuaSettings } from './opcua-settings';
import { ownCertificate } from './own-certificate';
import { type ReadValue, readDataValue } from './read-value';
import { legacyThumbprintOf } from './server-trust';

const MOST_SHOWN = 50;
const MOST_NAMED = 10;
const UNKNOWN = new Set(['ua:0x80340000', 'ua:0x80330000']);

/** Connects as the source will, reads each node once, and leaves nothing with the server. */
export const tryOpcua = async (settings: OpcuaSettings, context: TryContext): Promise<TriedSource> => {
  const own = await ownCertificate(context.folder, Date.now());
  let reached: ReachedServer | null = null;
  try {
    const server = { settings, own, remembered: null, lookup: context.lookup, logger: context.logger };
    reached = await reachServer(server, context.signal);
    const { client, endpoint, thumbprint } = reached;
    return await within(client, context.signal, async () => {
      const session = await openSession(client, settings);
      try {
        const seen = await look(session, settings);
        const security = spokenSecurity(settings, endpoint, thumbprint);
        return { summary: [await introduce(session), ...security, spokenItems(seen)].join('; '), seen: shown(seen) };
      } finally {
        await session.close(true).catch(() => undefined);
      }
    });
  } catch (error) {
    throw context.signal.aborted && !(error instanceof SourceProblem)
      ? new SourceProblem('unreachable', `${settings.endpointUrl} gave no answer in time.`, 'endpointUrl')
      : connectionProblem(error, { settings, own, now: Date.now() });
  } finally {
    if (reached !== null) await dropClient(reached.client);
  }
};

interface Seen {
  readonly item: FoundItem;
  readonly unit: string | null;
  readonly read: ReadValue;
}

const look = async (session: ServerSession, settings: OpcuaSettings): Promise<Seen[]> => {
  const limits = await readLimits(session);
  const { items, notifiers, missingRoots } = await findItems(session, settings, limits, null);
  const missing = missingRoots[0];
  if (missing !== undefined)
    throw new SourceProblem(
      'not_found',
      `The server knows no node "${settings.browse[missing]?.root}", below which is to be browsed. Look its node id up in a browser of OPC UA servers.`,
      `browse[${missing}].root`,
    );
  const seen: Seen[] = [];
  const units = await readUnits(
    session,
    items.map(({ nodeId }) => nodeId),
    limits,
  );
  await inCalls(items, limits.read, async (chunk) => {
    const values = await session.read(chunk.map(({ nodeId }) => ({ nodeId, attributeId: AttributeIds.Value })));
    for (const [index, value] of values.entries()) {
      const item = chunk[index]!;
      seen.push({ item, unit: units.get(item.nodeId) ?? null, read: readDataValue(value) });
    }
  });
  const unknown = settings.nodes.filter((_, index) => UNKNOWN.has(seen[index]?.read.qualityCode ?? ''));
  if (unknown.length > 0)
    throw new SourceProblem(
      'not_found',
      `The server does not know ${unknown.length} of the ${settings.nodes.length} nodes: ${named(unknown.map(({ nodeId }) => nodeId))}. Node ids are case-sensitive, and the number after "ns=" may change when the server restarts: "nsu=" with the URI does not.`,
      `nodes[${settings.nodes.indexOf(unknown[0]!)}].nodeId`,
    );
  for (const [index, { nodeId }] of notifiers.entries()) {
    const { statusCode, value } = await session.read({ nodeId, attributeId: AttributeIds.EventNotifier });
    const given = settings.events[index]!.notifier;
    if (!statusCode.isGood())
      throw new SourceProblem('not_found', `The server knows no notifier "${given}".`, `events[${index}].notifier`);
    if ((Number(value?.value ?? 0) & 1) === 0)
      throw new SourceProblem(
        'not_found',
        `The node "${given}" tells of no events. The server's own, "i=2253", tells of all.`,
        `events[${index}].notifier`,
      );
  }
  return seen;
};

const named = (names: readonly string[]): string =>
  `${names
    .slice(0, MOST_NAMED)
    .map((name) => `"${name}"`)
    .join(', ')}${names.length > MOST_NAMED ? ` and ${names.length - MOST_NAMED} more` : ''}`;

const introduce = async (session: ServerSession): Promise<string> => {
  const { value } = await session.read({
    nodeId: `ns=0;i=${VariableIds.Server_ServerStatus_BuildInfo}`,
    attributeId: AttributeIds.Value,
  });
  const { productName, manufacturerName, softwareVersion } = (value?.value ?? {}) as { [member: string]: unknown };
  const name = [productName, softwareVersion].filter((part) => typeof part === 'string' && part !== '').join(' ');
  const maker = typeof manufacturerName === 'string' && manufacturerName !== '' ? ` by ${manufacturerName}` : '';
  return `${name === '' ? 'OPC UA server' : name}${maker}`;
};

const spokenSecurity = (
  settings: OpcuaSettings,
  endpoint: ReachedServer['endpoint'],
  thumbprint: string | null,
): string[] => {
  const user =
    settings.user === 'anonymous'
      ? 'anonymous'
      : 'username' in settings.user
        ? `user "${settings.user.username}"`
        : 'user by certificate';
  const secured = `${settings.securityMode === 'None' ? 'no security' : spokenEndpoint(endpoint)}, ${user}`;
  if (thumbprint === null) return [secured];
  const legacy = legacyThumbprintOf(endpoint.serverCertificate);
  const firstUse = settings.serverCertificate !== null && 'trust' in settings.serverCertificate;
  return [
    secured,
    `server certificate SHA-256 ${thumbprint} (SHA-1 ${legacy})${
      firstUse ? ', trusted because it is seen for the first time: compare it, and name it in serverCertificate' : ''
    }`,
  ];
};

const spokenItems = (seen: readonly Seen[]): string => {
  const good = seen.filter(({ read }) => read.quality === 'good').length;
  return `${seen.length} node${seen.length === 1 ? '' : 's'}, ${good} with a good value`;
};

const shown = (seen: readonly Seen[]): TriedSource['seen'] =>
  seen
    .slice(0, MOST_SHOWN)
    .map(({ item, unit, read }) => ({ machine: item.machine, path: item.path, value: read.value, unit }));
