import { eclipseExportId } from '@millrace/domain';
import type { CreatedExportView, ExportView, NewExport } from '@millrace/protocol';
import { isSortableId, Refused, type WriteRequest } from '@millrace/service-runtime';
import type { CreateEndpoint } from '../../endpoints/create-endpoint.handler';
import type { EndpointCondition } from '../../endpoints/endpoint-condition';
import { statusOf } from '../../endpoints/endpoint-view';
import type { EndpointTools } from '../../endpoints/endpoints.ports';
import type { StoredEndpoint } from '../../endpoints/stored-endpoint';
import { newEndpoint } from '../new-endpoint';
import { headersOfConnection, noSuchConnection } from './connections.handler';

export const noSuchExport = (): Refused => new Refused('not_found', 'There is no export configuration with this id.');

export const viewOfExport = (endpoint: StoredEndpoint, condition: EndpointCondition | null): ExportView => {
  const { status, statusSince, nextProbeAt } = statusOf(endpoint, condition);
  return {
    id: eclipseExportId(endpoint.id),
    implementation: 'Bundle Complete Webhook',
    connectionId: endpoint.connectionId ?? '',
    endpointId: endpoint.id,
    active: endpoint.status === 'active',
    status,
    statusSince,
    nextProbeAt,
    queued: condition?.parked ?? 0,
    createdAt: endpoint.createdAt,
  };
};

/** Makes the endpoint that sends bundles to a connection. */
export class CreateExport {
  constructor(
    private readonly createEndpoint: CreateEndpoint,
    private readonly tools: EndpointTools,
  ) {}

  async handle(request: WriteRequest, { connectionId }: NewExport): Promise<CreatedExportView> {
    const { tools } = this;
    return this.createEndpoint.handleWith(
      request,
      async (tx, id) => {
        const connection = isSortableId('cn', connectionId) ? await tx.connections.lock(connectionId) : null;
        if (!connection) {
          const detail = noSuchConnection().detail;
          throw new Refused('invalid_request', `The body is not valid, connectionId: ${detail}`, [
            { path: 'connectionId', detail },
          ]);
        }
        if ((await tx.lockOfConnection(connectionId)).length > 0)
          throw new Refused(
            'conflict',
            'There is an export configuration that sends bundles to this connection already.',
          );
        return {
          settings: newEndpoint({
            contract: 'eclipse',
            url: connection.baseUrl,
            eventTypes: ['bundle.completed'],
            description: connection.name,
          }),
          more: { connectionId, headers: headersOfConnection(tools, connection, id) },
        };
      },
      (endpoint, secret) => ({ ...viewOfExport(endpoint, null), secret }),
    );
  }
}
