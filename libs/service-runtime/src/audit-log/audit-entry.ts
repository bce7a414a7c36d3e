import type { AuditEntry } from '@millrace/postgres';
import type { WriteRequest } from '../configuration/configuration-write';
import { ID_RANDOM_BYTES, sortableId } from '../configuration/sortable-id';

export interface AuditTools {
  readonly random: (bytes: number) => Buffer;
  /** Unix ms. */
  readonly now: () => number;
}

/** An entry of what the request does now. `what` has what the service's own audit log says besides. */
export const auditEntry = <What extends Pick<AuditEntry, 'action' | 'object'>>(
  { random, now }: AuditTools,
  { actor }: Pick<WriteRequest, 'actor'>,
  what: What,
): What & Pick<AuditEntry, 'id' | 'at' | 'actor'> => {
  const at = now();
  return { id: sortableId('au', at, random(ID_RANDOM_BYTES)), at: new Date(at), actor, ...what };
};

/** The members that every audit log shows, in this order. */
export const viewOfAuditEntry = <Action extends string>({ id, at, actor, action, object }: AuditEntry<Action>) => ({
  id,
  at: at.toISOString(),
  actor,
  action,
  object,
});
