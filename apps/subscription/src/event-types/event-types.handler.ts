import { problemsOfSchema } from '@millrace/event-schema';
import {
  BUILT_IN_EVENT_TYPES,
  builtInEventType,
  EVENT_TYPE_LIMITS,
  type EventTypeChanges,
  type EventTypeDetailView,
  type EventTypeView,
  type EventValidation,
  encodeEventRule,
  type NewEventType,
  type OutgoingMessage,
} from '@millrace/protocol';
import { type ConfigurationWriter, Refused, type WriteRequest } from '@millrace/service-runtime';
import { GENERIC_EXAMPLE, viewOfBuiltIn } from './built-in-event-types';
import { describedType } from './event-type-changes';
import type { EventTypeReads, EventTypeTransaction, StoredEventType, StoredVersion } from './event-types.ports';

export const noSuchEventType = (): Refused => new Refused('not_found', 'There is no event type of this name.');

const parsed = (text: string | null): unknown => (text === null ? null : JSON.parse(text));

const viewOfOwn = (
  type: StoredEventType,
  versions: readonly StoredVersion[],
  validation: EventValidation,
): EventTypeDetailView => ({
  name: type.name,
  module: type.module,
  description: type.description,
  schema: parsed(type.schema),
  version: type.version,
  versions: versions.map(({ version, breaking, createdAt, schema }) => ({
    version,
    breaking,
    createdAt: createdAt.toISOString(),
    schema: parsed(schema),
  })),
  example: parsed(type.example),
  validation,
  builtIn: false,
  createdAt: type.createdAt.toISOString(),
});

/** Without the schemas of the versions, which would make a page of types long. */
const inShort = (view: EventTypeDetailView): EventTypeView => ({
  ...view,
  versions: view.versions.map(({ schema: _, ...version }) => version),
});

/** What ingest and delivery have to know of a type; null takes back what they knew. */
const ruleRecord = (
  topic: string,
  of: { readonly tenant: string; readonly type: string },
  { validation, version, schema }: { validation: EventValidation; version: number; schema: unknown },
): OutgoingMessage => encodeEventRule(topic, of, validation === 'off' ? null : { validation, version, schema });

const WHEN_UNACKNOWLEDGED =
  'The event type is stored. Events are held to it as soon as Kafka acknowledges it; look at it again.';

export interface EventTypeTools {
  /** Of the rules. */
  readonly topic: string;
  readonly now: () => number;
}

export class DescribeEventType {
  constructor(
    private readonly writer: ConfigurationWriter<EventTypeTransaction>,
    private readonly tools: EventTypeTools,
  ) {}

  handle(request: WriteRequest, described: NewEventType): Promise<EventTypeView> {
    const { name } = described;
    const { tenant } = request;
    return this.writer.write(request, async (tx) => {
      await tx.lock();
      const former = await tx.find(name);
      if (former === null) {
        if (builtInEventType(name))
          throw new Refused(
            'conflict',
            `There is a built-in event type ${name}. Name yours otherwise; what is done with events that do not fit can be set with PATCH /v1/event-types/${name}.`,
          );
        if ((await tx.count()) >= EVENT_TYPE_LIMITS.perTenant)
          throw new Refused('conflict', `A tenant has at most ${EVENT_TYPE_LIMITS.perTenant} event types of its own.`);
      }
      const result = describedType(former, described, tenant, new Date(this.tools.now()));
      if (result.kind === 'refused') throw new Refused(result.code, result.detail, result.errors);
      const { type, added } = result;
      const before = await tx.validation(name);
      const validation = described.validation ?? before;
      if (validation !== 'off' && type.schema === null) throw withoutSchema(name);
      await tx.save(type);
      if (added !== null) await tx.addVersion(added);
      await requireRoom(tx, before, validation);
      if (validation !== before) await tx.setValidation(name, validation);
      const { version } = type;
      const changed = validation !== before || (added !== null && validation !== 'off');
      return {
        answer: inShort(viewOfOwn(type, await tx.versions(name), validation)),
        records: changed
          ? [ruleRecord(this.tools.topic, { tenant, type: name }, { validation, version, schema: parsed(type.schema) })]
          : [],
        whenUnacknowledged: WHEN_UNACKNOWLEDGED,
      };
    });
  }
}

const requireRoom = async (
  tx: EventTypeTransaction,
  before: EventValidation,
  validation: EventValidation,
): Promise<void> => {
  if (before !== 'off' || validation === 'off' || (await tx.countValidated()) < EVENT_TYPE_LIMITS.validated) return;
  throw new Refused(
    'conflict',
    `A tenant has at most ${EVENT_TYPE_LIMITS.validated} event types that are validated. Set the validation of others to off.`,
  );
};

const withoutSchema = (name: string): Refused =>
  new Refused(
    'conflict',
    `${name} has no schema that its events could be held to. Give it one with POST /v1/event-types.`,
  );

export class ChangeEventType {
  constructor(
    private readonly writer: ConfigurationWriter<EventTypeTransaction>,
    private readonly tools: EventTypeTools,
  ) {}

  handle(request: WriteRequest, name: string, { validation }: EventTypeChanges): Promise<EventTypeView> {
    const { tenant } = request;
    return this.writer.write(request, async (tx) => {
      await tx.lock();
      const own = await tx.find(name);
      const builtIn = builtInEventType(name);
      if (own === null && builtIn === undefined) throw noSuchEventType();
      if (own !== null && validation !== 'off') requireUsableSchema(own);
      await requireRoom(tx, await tx.validation(name), validation);
      await tx.setValidation(name, validation);
      // Of a built-in type each service takes the schema of its own release.
      const rule =
        own === null
          ? { version: builtIn!.version, schema: null }
          : { version: own.version, schema: parsed(own.schema) };
      return {
        answer: inShort(
          own === null ? viewOfBuiltIn(builtIn!, validation) : viewOfOwn(own, await tx.versions(name), validation),
        ),
        records: [ruleRecord(this.tools.topic, { tenant, type: name }, { validation, ...rule })],
        whenUnacknowledged: WHEN_UNACKNOWLEDGED,
      };
    });
  }
}

const requireUsableSchema = ({ name, schema }: StoredEventType): void => {
  if (schema === null) throw withoutSchema(name);
  const errors = problemsOfSchema(parsed(schema));
  if (errors.length > 0)
    throw new Refused(
      'invalid_schema',
      `The schema of ${name} cannot be used: ${errors[0]!.path} ${errors[0]!.detail}. Post the next version of the type first.`,
      errors,
    );
};

/** Sort key of a type in the list. Names begin with a letter or a digit, so the mark keeps the built-in ones apart. */
export const positionOfEventType = (type: Pick<EventTypeView, 'builtIn' | 'name'>): string =>
  type.builtIn ? `!${type.name}` : type.name;

export class EventTypeCatalogue {
  constructor(private readonly reads: EventTypeReads) {}

  /** At most `count` types after a position: the built-in ones first, then the tenant's own by name. */
  async list(tenant: string, after: string | null, count: number): Promise<EventTypeView[]> {
    const seen = BUILT_IN_EVENT_TYPES.findIndex(({ name }) => positionOfEventType({ name, builtIn: true }) === after);
    const inOwn = after !== null && seen < 0;
    const builtIn = inOwn ? [] : BUILT_IN_EVENT_TYPES.slice(seen + 1, seen + 1 + count);
    const own =
      builtIn.length === count ? [] : await this.reads.list(tenant, inOwn ? after : null, count - builtIn.length);
    const validations = await this.reads.validations(
      tenant,
      [...builtIn, ...own].map(({ name }) => name),
    );
    return [
      ...builtIn.map((type) => inShort(viewOfBuiltIn(type, validations.get(type.name) ?? 'off'))),
      ...(await this.views(tenant, own, validations)).map(inShort),
    ];
  }

  /** A type with the schemas of all its versions; throws Refused when there is none. */
  async find(tenant: string, name: string): Promise<EventTypeDetailView> {
    const validations = await this.reads.validations(tenant, [name]);
    const own = await this.reads.find(tenant, name);
    if (own !== null) return (await this.views(tenant, [own], validations))[0]!;
    const builtIn = builtInEventType(name);
    if (builtIn === undefined) throw noSuchEventType();
    return viewOfBuiltIn(builtIn, validations.get(name) ?? 'off');
  }

  /** Data that an event of this type could carry. */
  async exampleOf(tenant: string, name: string): Promise<unknown> {
    const own = await this.reads.find(tenant, name);
    if (own !== null && own.example !== null) return parsed(own.example);
    return builtInEventType(name)?.example ?? GENERIC_EXAMPLE;
  }

  private async views(
    tenant: string,
    own: readonly StoredEventType[],
    validations: ReadonlyMap<string, EventValidation>,
  ): Promise<EventTypeDetailView[]> {
    if (own.length === 0) return [];
    const versions = await this.reads.versions(
      tenant,
      own.map(({ name }) => name),
    );
    return own.map((type) =>
      viewOfOwn(
        type,
        versions.filter(({ name }) => name === type.name),
        validations.get(type.name) ?? 'off',
      ),
    );
  }
}
