import type { Event } from '@millrace/domain';
import { builtInEventType, decodeEventRule, type EventRule, type IncomingMessage } from '@millrace/protocol';
import { problemsOfSchema } from './check-schema';
import { compileSchema, type DataCheck } from './compile-schema';
import type { Problem, Schema } from './schema-node';

/** Data that does not fit the schema of its type, where the type has a rule. */
export interface Violation extends Problem {
  readonly validation: EventRule['validation'];
  /** Version of the schema. */
  readonly version: number;
}

/** Why a rule does nothing, for the log: its record or its schema is of a kind that this release cannot use. */
export type OnUnusable = (what: { readonly tenant: string; readonly type: string; readonly reason: string }) => void;

interface Held {
  readonly rule: EventRule;
  /** Made when the first event of the type comes, and kept; null where the schema cannot be used. */
  check?: DataCheck | null;
}

/**
 * The rules of all tenants as the topic `event-rules` has them. Without a rule for its type an event costs a look into a
 * table, and nothing at all while nobody has one.
 */
export class EventRules {
  private readonly tenants = new Map<string, Map<string, Held>>();

  constructor(private readonly onUnusable: OnUnusable) {}

  /** One record of the topic. */
  apply(message: Pick<IncomingMessage, 'key' | 'value'>): void {
    const change = decodeEventRule(message);
    if (change.kind === 'unreadable') {
      const key = message.key?.toString('utf8').slice(0, 256) ?? '';
      this.onUnusable({ tenant: '', type: key, reason: 'the record cannot be read' });
    } else if (change.kind === 'deleted') {
      const types = this.tenants.get(change.tenant);
      if (types?.delete(change.type) && types.size === 0) this.tenants.delete(change.tenant);
    } else {
      const { rule } = change;
      const types = this.tenants.get(rule.tenant) ?? new Map<string, Held>();
      this.tenants.set(rule.tenant, types.set(rule.type, { rule }));
    }
  }

  /** What is wrong with the data of an event; null when it fits, or when nothing is asked of its type. */
  judge({ tenant, type, data }: Pick<Event, 'tenant' | 'type' | 'data'>): Violation | null {
    if (this.tenants.size === 0) return null;
    const held = this.tenants.get(tenant)?.get(type);
    if (held === undefined) return null;
    if (held.check === undefined) held.check = this.checkOf(held.rule);
    if (held.check === null) return null;
    const { validation, version } = held.rule;
    try {
      const problem = held.check(JSON.parse(data));
      return problem && { ...problem, validation, version };
    } catch (error) {
      // A check that fails is a defect of ours; the events go on without it.
      held.check = null;
      this.onUnusable({ tenant, type, reason: `the check failed: ${String(error)}` });
      return null;
    }
  }

  private checkOf({ tenant, type, schema }: EventRule): DataCheck | null {
    const known = schema ?? builtInEventType(type)?.schema;
    const problems =
      known === undefined ? [{ path: '', detail: 'there is no such built-in type' }] : problemsOfSchema(known);
    if (problems.length === 0)
      try {
        return compileSchema(known as Schema);
      } catch (error) {
        problems.push({ path: 'schema', detail: `cannot be compiled: ${String(error)}` });
      }
    this.onUnusable({ tenant, type, reason: `${problems[0]!.path} ${problems[0]!.detail}` });
    return null;
  }
}
