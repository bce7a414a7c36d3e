import { openSecret, sealSecret } from '@millrace/domain';
import { CONNECTION_LIMITS, type ConnectionChanges, type ConnectionView, type NewConnection } from '@millrace/protocol';
import { type ConfigurationWriter, Refused, sortableId, type WriteRequest } from '@millrace/service-runtime';
import { endpointChanged } from '@millrace/telemetry';
import { headersToStore } from '../../endpoints/endpoint-headers';
import type { EndpointTools, EndpointTransaction } from '../../endpoints/endpoints.ports';
import { recordOfEndpoint, type StoredEndpoint } from '../../endpoints/stored-endpoint';
import { namedUrl } from '../field-names';
import type { StoredConnection } from './connections.ports';

export const noSuchConnection = (): Refused => new Refused('not_found', 'There is no connection with this id.');

const bindingOf = (connection: Pick<StoredConnection, 'tenant' | 'id'>) => ({
  tenant: connection.tenant,
  owner: connection.id,
  secretId: 'bearer token',
});

export const viewOfConnection = (connection: StoredConnection): ConnectionView => ({
  id: connection.id,
  name: connection.name,
  connectionType: 'API Connection',
  baseUrl: connection.baseUrl,
  hasBearerToken: connection.token !== null,
  createdAt: connection.createdAt.toISOString(),
  updatedAt: connection.updatedAt.toISOString(),
});

/** What an endpoint sends because of its connection: nothing, or the bearer token. Sealed for the endpoint. */
export const headersOfConnection = (
  tools: Pick<EndpointTools, 'encryptionKey' | 'random'>,
  connection: StoredConnection,
  endpointId: string,
): StoredEndpoint['headers'] => {
  if (connection.token === null) return {};
  const token = openSecret(tools.encryptionKey, bindingOf(connection), connection.token);
  const owner = { tenant: connection.tenant, endpointId };
  return headersToStore(tools.encryptionKey, tools.random, owner, { Authorization: `Bearer ${token}` }, {});
};

/** API connections: where export configurations send to. */
export class Connections {
  constructor(
    private readonly writer: ConfigurationWriter<EndpointTransaction>,
    private readonly tools: EndpointTools,
  ) {}

  async create(request: WriteRequest, asked: NewConnection): Promise<ConnectionView> {
    const { tools } = this;
    const baseUrl = namedUrl('baseUrl', () => tools.checkUrl(asked.baseUrl));
    return this.writer.write(request, async (tx) => {
      if ((await tx.connections.count()) >= CONNECTION_LIMITS.perTenant)
        throw new Refused(
          'conflict',
          `A tenant has at most ${CONNECTION_LIMITS.perTenant} connections; delete one first.`,
        );
      const now = new Date(tools.now());
      const id = sortableId('cn', now.getTime(), tools.random(10));
      const connection: StoredConnection = {
        tenant: request.tenant,
        id,
        name: asked.name,
        baseUrl,
        token: this.sealed({ tenant: request.tenant, id }, asked.bearerToken),
        createdAt: now,
        updatedAt: now,
      };
      await tx.connections.insert(connection);
      return { answer: viewOfConnection(connection), records: [], whenUnacknowledged: '' };
    });
  }

  /** Its exports send to the new place, and show the new token there, with the same change. */
  async change(request: WriteRequest, id: string, asked: ConnectionChanges): Promise<ConnectionView> {
    const { tools } = this;
    const { baseUrl: url } = asked;
    const baseUrl = url === undefined ? undefined : namedUrl('baseUrl', () => tools.checkUrl(url));
    return this.writer.write(request, async (tx) => {
      const held = await tx.connections.lock(id);
      if (!held) throw noSuchConnection();
      const now = new Date(tools.now());
      const changed: StoredConnection = {
        ...held,
        name: asked.name ?? held.name,
        baseUrl: baseUrl ?? held.baseUrl,
        token: asked.bearerToken === undefined ? held.token : this.sealed(held, asked.bearerToken),
        updatedAt: now,
      };
      await tx.connections.update(changed);
      const moves = changed.baseUrl !== held.baseUrl || changed.token !== held.token;
      const endpoints = moves ? await tx.lockOfConnection(id) : [];
      const moved = endpoints.map((endpoint) => ({
        ...endpoint,
        url: changed.baseUrl,
        headers: headersOfConnection(tools, changed, endpoint.id),
        version: endpoint.version + 1,
        updatedAt: now.toISOString(),
      }));
      for (const endpoint of moved) await tx.update(endpoint);
      return {
        answer: viewOfConnection(changed),
        records: moved.map((endpoint) => recordOfEndpoint(tools.topics.endpoints, endpoint)),
        whenUnacknowledged: `The change of ${id} is stored and takes effect as soon as Kafka acknowledges it.`,
        tell: () => {
          for (const { tenant, id: endpointId, version } of moved)
            endpointChanged(tools.logger, { tenant, endpointId, change: 'updated', version, actor: request.actor });
        },
      };
    });
  }

  /** Throws Refused while an export configuration sends to it. */
  async delete(request: WriteRequest, id: string): Promise<void> {
    await this.writer.write(request, async (tx) => {
      if (!(await tx.connections.lock(id))) throw noSuchConnection();
      if ((await tx.lockOfConnection(id)).length > 0)
        throw new Refused('conflict', 'An export configuration sends to this connection; delete that first.');
      await tx.connections.delete(id);
      return { answer: null, records: [], whenUnacknowledged: '' };
    });
  }

  private sealed(owner: Pick<StoredConnection, 'tenant' | 'id'>, token: string | null): string | null {
    const { encryptionKey, random } = this.tools;
    return token === null ? null : sealSecret(encryptionKey, random(12), bindingOf(owner), token);
  }
}
