import { contractNamed, DEFAULT_TENANT, type Event, isOperationalEvent } from '@millrace/domain';
import { decodeEvent, type IncomingMessage, type RecoveryOrder } from '@millrace/protocol';
import { type DirectoryEntry, MatchIndex } from '../directory/match-index';
import { wantedTypes } from './wanted-types';

/** `foreign`: of another time or tenant, or no event at all · `unwanted`: looked at, and not for the endpoint. */
export type Selected =
  | { readonly kind: 'foreign' }
  | { readonly kind: 'unwanted' }
  | { readonly kind: 'wanted'; readonly event: Event };

const FOREIGN: Selected = { kind: 'foreign' };
const UNWANTED: Selected = { kind: 'unwanted' };
const TYPES_REMEMBERED = 10_000;

/**
 * Which records of the event topics a recovery is about: those that the endpoint, as it is configured now, would get from
 * fan-out. Most records of a long scan are for others, and binary mode says tenant and type in its headers, so those are
 * told without reading the event.
 */
export class EventSelection {
  private readonly index = new MatchIndex();
  private readonly types = new Map<string, boolean>();
  private readonly wantsType: (type: string) => boolean;
  private readonly subscribesTo: (type: string) => boolean;

  constructor(
    private readonly order: Pick<RecoveryOrder, 'tenant' | 'endpointId' | 'eventTypes' | 'since' | 'until'>,
    readonly entry: DirectoryEntry,
  ) {
    this.index.put(entry.endpoint);
    this.wantsType = wantedTypes(order.eventTypes);
    this.subscribesTo = wantedTypes(entry.endpoint.eventTypes);
  }

  select(message: IncomingMessage): Selected {
    if (message.timestamp < this.order.since || message.timestamp >= this.order.until) return FOREIGN;
    const early = this.fromHeaders(message);
    if (early !== null) return early;
    const reading = decodeEvent(message, DEFAULT_TENANT);
    if (reading.kind === 'refused' || reading.event.tenant !== this.order.tenant) return FOREIGN;
    const { event } = reading;
    const wanted = this.wants(event.type) && !isAbout(event, this.order.endpointId);
    return wanted && this.index.match(event).length > 0 && this.hasBody(event) ? { kind: 'wanted', event } : UNWANTED;
  }

  /** What the endpoint's contract cannot carry stands in the quarantine, and no recovery brings it. */
  private hasBody(event: Event): boolean {
    const { contract: name, options } = this.entry.endpoint;
    const contract = contractNamed(name);
    return !contract?.rewrites || contract.render(event, contract.variantOf(options)).kind === 'body';
  }

  /** The verdict where the headers suffice for one. In structured mode they say nothing (see decodeEvent). */
  private fromHeaders({ headers }: IncomingMessage): Selected | null {
    const type = headers['ce_type'];
    if (type === undefined || headers['content-type']?.toString('latin1').match(STRUCTURED)) return null;
    const tenant = headers['ce_tenantid']?.toString('utf8') ?? DEFAULT_TENANT;
    if (tenant !== this.order.tenant) return FOREIGN;
    return this.wants(type.toString('utf8')) ? null : UNWANTED;
  }

  private wants(type: string): boolean {
    const known = this.types.get(type);
    if (known !== undefined) return known;
    if (this.types.size >= TYPES_REMEMBERED) this.types.clear();
    const wanted = this.wantsType(type) && this.subscribesTo(type);
    this.types.set(type, wanted);
    return wanted;
  }
}

const STRUCTURED = /^application\/cloudevents/i;

/** An endpoint never gets the operational events about itself. */
const isAbout = (event: Event, endpointId: string): boolean =>
  isOperationalEvent(event) && event.subject === endpointId;
