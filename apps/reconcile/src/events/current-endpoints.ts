import {
  compileFilter,
  contractNamed,
  type Endpoint,
  type Event,
  type FilterTest,
  isOperationalEvent,
  patternsFor,
  runReceiverId,
  runUrlOf,
  secretOwnerOf,
} from '@millrace/domain';
import { decodeEndpoint, decodeRecoveryOrder, type IncomingMessage } from '@millrace/protocol';

interface Entry {
  readonly endpoint: Endpoint;
  readonly wants: FilterTest | null;
  /** Unix ms at which its latest version was written. */
  readonly since: number;
}

/**
 * The endpoints as they are now, each with the time since which it has been so. For an event that came later it is certain
 * which of them want it: fan-out brings its directory up to its end before it matches what it has fetched.
 */
export class CurrentEndpoints {
  private readonly entries = new Map<string, Entry>();
  /** Endpoints for which a recovery may have made deliveries in fan-out's place. */
  readonly recovered = new Set<string>();
  private byPattern: Map<string, Entry[]> | null = null;

  /** @param only the id of the one endpoint that is looked at; null for all */
  constructor(private readonly only: string | null) {}

  apply(message: IncomingMessage): void {
    const change = decodeEndpoint(message);
    this.byPattern = null;
    if (change.kind === 'deleted') this.entries.delete(change.id);
    if (change.kind !== 'put') return;
    const { endpoint } = change;
    if (this.only !== null && endpoint.id !== this.only && endpoint.id !== secretOwnerOf(this.only)) return;
    const hasFilter = endpoint.filter !== null && Object.keys(endpoint.filter).length > 0;
    this.entries.set(endpoint.id, {
      endpoint,
      wants: hasFilter ? compileFilter(endpoint.filter!) : null,
      since: message.timestamp,
    });
  }

  applyRecovery(message: IncomingMessage): void {
    const order = decodeRecoveryOrder(message);
    if (order?.only === 'missing') this.recovered.add(order.endpointId);
  }

  /**
   * Endpoints that want the event as they are now, and since when they have been so; with `runUrl` also the receiver that an eClips
   * run brings itself.
   */
  wanting(event: Event, runUrl: boolean): { readonly endpoint: Endpoint; readonly since: number }[] {
    this.byPattern ??= this.indexed();
    const about = isOperationalEvent(event) ? event.subject : null;
    const found = new Set<Entry>();
    let data: { readonly parsed: unknown } | null = null;
    const input = {
      attributes: event,
      get data() {
        data ??= { parsed: JSON.parse(event.data) };
        return data.parsed;
      },
    };
    for (const pattern of patternsFor(event.type))
      for (const entry of this.byPattern.get(`${event.tenant}\n${pattern}`) ?? [])
        if (
          entry.endpoint.id !== about &&
          contractNamed(entry.endpoint.contract) !== undefined &&
          (entry.wants === null || entry.wants(input))
        )
          found.add(entry);
    const receiver = runUrl ? this.runReceiver(event) : null;
    return receiver === null ? [...found] : [...found, receiver];
  }

  private runReceiver(event: Event): { readonly endpoint: Endpoint; readonly since: number } | null {
    const url = runUrlOf(event);
    if (typeof url !== 'string' || !URL.canParse(url)) return null;
    for (const { endpoint, since } of this.entries.values()) {
      if (!endpoint.runUrls || endpoint.tenant !== event.tenant) continue;
      const id = runReceiverId(endpoint.id, new URL(url).origin);
      if (this.only === null || this.only === id) return { endpoint: { ...endpoint, id }, since };
    }
    return null;
  }

  private indexed(): Map<string, Entry[]> {
    const byPattern = new Map<string, Entry[]>();
    for (const entry of this.entries.values())
      for (const pattern of entry.endpoint.eventTypes) {
        const key = `${entry.endpoint.tenant}\n${pattern}`;
        const entries = byPattern.get(key);
        if (entries) entries.push(entry);
        else byPattern.set(key, [entry]);
      }
    return byPattern;
  }
}
