import { builtInEventType } from '@millrace/protocol';
import { Refused } from '@millrace/service-runtime';
import { isEndpointId } from '../endpoints/endpoint-id';
import type { EndpointReads } from '../endpoints/endpoints.ports';
import type { StoredEndpoint } from '../endpoints/stored-endpoint';
import type { EventTypeReads } from '../event-types/event-types.ports';

/** What the APIs of the older systems share: each sees the endpoints of its own contract and no others. */
export class CompatibleEndpoints {
  constructor(
    private readonly endpoints: EndpointReads,
    private readonly eventTypes: Pick<EventTypeReads, 'find'>,
  ) {}

  /** Throws Refused `not_found` for an endpoint of another contract or tenant. */
  async find(tenant: string, contract: string, id: string, what: string): Promise<StoredEndpoint> {
    const endpoint = isEndpointId(id) ? await this.endpoints.find(tenant, id) : null;
    if (endpoint?.contract !== contract || endpoint.runUrls)
      throw new Refused('not_found', `There is no ${what} with this id.`);
    return endpoint;
  }

  /**
   * Event types that the tenant's catalogue has; a name with a slip would wait for events that never come. Throws Refused.
   * @param field `events` for a list of names, else of one
   */
  async requireKnownTypes(tenant: string, names: readonly string[], field: string): Promise<void> {
    const errors: { path: string; detail: string }[] = [];
    for (const [index, name] of names.entries()) {
      if (builtInEventType(name) || (await this.eventTypes.find(tenant, name))) continue;
      errors.push({
        path: field === 'events' ? `${field}[${index}]` : field,
        detail: `${name} is not in the catalogue; GET /v1/event-types lists what is, POST /v1/event-types adds a type`,
      });
    }
    const [first] = errors;
    if (first) throw new Refused('invalid_request', `The body is not valid, ${first.path}: ${first.detail}`, errors);
  }
}
