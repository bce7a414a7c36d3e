import type { IncomingMessage, OutgoingMessage } from './message';

/** What is done with an event whose data does not fit the schema of its type. */
export const EVENT_VALIDATIONS = ['off', 'warn', 'reject'] as const;
export type EventValidation = (typeof EVENT_VALIDATIONS)[number];

/**
 * What the events of a type are held against, on the compacted topic `event-rules`; key is tenant and type. A type whose
 * validation is off has no rule, and null takes one back.
 */
export interface EventRule {
  readonly v: 1;
  readonly tenant: string;
  readonly type: string;
  readonly validation: Exclude<EventValidation, 'off'>;
  /** Of the schema. */
  readonly version: number;
  /** JSON Schema of the data; null stands for the one that is built in under this name. */
  readonly schema: unknown;
}

export const encodeEventRule = (
  topic: string,
  { tenant, type }: Pick<EventRule, 'tenant' | 'type'>,
  rule: Omit<EventRule, 'v' | 'tenant' | 'type'> | null,
): OutgoingMessage => ({
  topic,
  key: `${tenant}/${type}`,
  value: rule === null ? null : Buffer.from(JSON.stringify({ v: 1, tenant, type, ...rule })),
  headers: {},
});

export type EventRuleChange =
  | { readonly kind: 'put'; readonly rule: EventRule }
  | { readonly kind: 'deleted'; readonly tenant: string; readonly type: string }
  | { readonly kind: 'unreadable' };

export const decodeEventRule = (message: Pick<IncomingMessage, 'key' | 'value'>): EventRuleChange => {
  // A tenant's name has no slash, a type's may.
  const [, tenant, type] = /^([^/]+)\/(.+)$/s.exec(message.key?.toString('utf8') ?? '') ?? [];
  if (tenant === undefined || type === undefined) return { kind: 'unreadable' };
  if (message.value === null) return { kind: 'deleted', tenant, type };
  try {
    const rule = JSON.parse(message.value.toString('utf8')) as EventRule;
    const good =
      rule.v === 1 &&
      rule.tenant === tenant &&
      rule.type === type &&
      (rule.validation === 'warn' || rule.validation === 'reject') &&
      Number.isSafeInteger(rule.version) &&
      rule.schema !== undefined;
    return good ? { kind: 'put', rule } : { kind: 'unreadable' };
  } catch {
    return { kind: 'unreadable' };
  }
};
