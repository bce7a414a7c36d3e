import { EVENT_TYPE_LIMITS, type EventTypeView, type NewEventType } from '@millrace/protocol';
import type { ConfigurationWriter, WriteRequest } from '../publication/configuration-write';
import { Refused } from '../refused';
import { BUILT_IN_EVENT_TYPES, builtInEventType, GENERIC_EXAMPLE } from './built-in-event-types';
import type { EventTypeReads, EventTypeTransaction, StoredEventType } from './event-types.ports';

const json = (value: unknown): string | null => (value === undefined || value === null ? null : JSON.stringify(value));

const viewOfEventType = (type: StoredEventType): EventTypeView => ({
  name: type.name,
  module: type.module,
  description: type.description,
  schema: type.schema === null ? null : JSON.parse(type.schema),
  example: type.example === null ? null : JSON.parse(type.example),
  builtIn: false,
  createdAt: type.createdAt.toISOString(),
});

export class DescribeEventType {
  constructor(
    private readonly writer: ConfigurationWriter<EventTypeTransaction>,
    private readonly now: () => number,
  ) {}

  async handle(request: WriteRequest, described: NewEventType): Promise<EventTypeView> {
    const taken = () => new Refused('conflict', `There is an event type ${described.name} already.`);
    if (builtInEventType(described.name)) throw taken();
    return this.writer.write(request, async (tx) => {
      if ((await tx.countForAdding()) >= EVENT_TYPE_LIMITS.perTenant)
        throw new Refused('conflict', `A tenant has at most ${EVENT_TYPE_LIMITS.perTenant} event types of its own.`);
      const stored: StoredEventType = {
        tenant: request.tenant,
        name: described.name,
        module: described.module,
        description: described.description,
        schema: json(described.schema),
        example: json(described.example),
        createdAt: new Date(this.now()),
      };
      if (!(await tx.insert(stored))) throw taken();
      return { answer: viewOfEventType(stored), records: [], whenUnacknowledged: '' };
    });
  }
}

/** Sort key of a type in the list. Names begin with a letter or a digit, so the mark keeps the built-in ones apart. */
export const positionOfEventType = (type: EventTypeView): string => (type.builtIn ? `!${type.name}` : type.name);

export class EventTypeCatalogue {
  constructor(private readonly reads: EventTypeReads) {}

  /** At most `count` types after a position: the built-in ones first, then the tenant's own by name. */
  async list(tenant: string, after: string | null, count: number): Promise<EventTypeView[]> {
    const seen = BUILT_IN_EVENT_TYPES.findIndex((type) => positionOfEventType(type) === after);
    const inOwn = after !== null && seen < 0;
    const builtIn = inOwn ? [] : BUILT_IN_EVENT_TYPES.slice(seen + 1, seen + 1 + count);
    if (builtIn.length === count) return builtIn;
    const own = await this.reads.list(tenant, inOwn ? after : null, count - builtIn.length);
    return [...builtIn, ...own.map(viewOfEventType)];
  }

  /** Data that an event of this type could carry. */
  async exampleOf(tenant: string, name: string): Promise<unknown> {
    const own = await this.reads.find(tenant, name);
    const text = own?.example ?? null;
    return text === null ? (builtInEventType(name)?.example ?? GENERIC_EXAMPLE) : JSON.parse(text);
  }
}
