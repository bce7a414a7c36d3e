import {
  type Admission,
  type Contract,
  contractNamed,
  type DeliveryTask,
  type Endpoint,
  type Ordering,
  type ParkReason,
} from '@millrace/domain';
import type { DeliveryEnded } from '@millrace/protocol';

/** The one key of an endpoint whose ordering is `strict`. */
const STRICT_KEY = '';

/** What becomes of a task that is due, as its endpoint stands. */
export type Route =
  | { readonly kind: 'send'; readonly endpoint: Endpoint; readonly contract: Contract }
  | { readonly kind: 'park'; readonly reason: ParkReason }
  | { readonly kind: 'end'; readonly status: DeliveryEnded['status']; readonly reason: DeliveryEnded['reason'] };

/**
 * Pure. `disabledHere`: the endpoint was disabled by this process, and its new status has not come back through the directory
 * yet; `now` in Unix ms. A test goes out whatever the status: it is how one finds out.
 */
export const routeOf = (task: DeliveryTask, endpoint: Endpoint, disabledHere: boolean, now: number): Route => {
  if (task.expiresAt !== null && now > task.expiresAt) return { kind: 'end', status: 'expired', reason: 'expired' };
  const contract = contractNamed(task.contract.name, task.contract.version);
  // Fan-out matches within a tenant; a task from elsewhere may not carry one tenant's event to another's receiver.
  if (!contract || endpoint.tenant !== task.tenant) return { kind: 'end', status: 'failed', reason: 'unusable_task' };
  if (task.trigger.kind === 'test') return { kind: 'send', endpoint, contract };
  if (disabledHere) return { kind: 'park', reason: 'endpoint_disabled' };
  if (endpoint.status === 'paused') return { kind: 'park', reason: 'endpoint_paused' };
  if (endpoint.status === 'disabled') return { kind: 'park', reason: 'endpoint_disabled' };
  return { kind: 'send', endpoint, contract };
};

/**
 * Pure. Why a delivery has to wait, whatever its key says: what of its endpoint is parked goes first, or the endpoint takes none
 * now; null when it need not.
 */
export const hindranceOf = (admitted: Admission, goesAfterParked: boolean): ParkReason | null => {
  if (admitted.kind === 'wait') return 'endpoint_down';
  if (!goesAfterParked) return null;
  return admitted.kind === 'send' ? 'backlog' : 'endpoint_down';
};

/** Whether a key can be one of that ordering: `strict` has one alone. */
export const isKeyOf = (ordering: Ordering, key: string): boolean =>
  ordering === 'none' ? false : (ordering === 'strict') === (key === STRICT_KEY);

/** The key in whose order the delivery goes; null where none is kept. Tests and deliveries without a subject keep none. */
export const orderKeyOf = (task: DeliveryTask, endpoint: Endpoint): string | null => {
  if (task.trigger.kind === 'test') return null;
  if (endpoint.ordering === 'strict') return STRICT_KEY;
  // A subject without a text is none.
  return endpoint.ordering === 'key' ? task.subject || null : null;
};
