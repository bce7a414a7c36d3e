import type { Event } from '../event/event';

/**
 * An eClips run may bring the URL that it wants to be told at, `webhook_url`. All those URLs share the secret of one endpoint of
 * their tenant; each receiver, told apart by its origin, has a lane and a health of its own under an id made from both.
 */
const RUN_TYPES: ReadonlySet<string> = new Set(['run.completed', 'run.failed', 'run.triage_required']);

/** Between the id of the tenant's endpoint and the origin; part of no other id. */
const MARK = '.';

/** What the event says in `webhook_url`: any JSON value, or undefined when it is no run or says nothing. */
export const runUrlOf = (event: Pick<Event, 'type' | 'data'>): unknown => {
  if (!RUN_TYPES.has(event.type)) return undefined;
  const data: unknown = JSON.parse(event.data);
  if (typeof data !== 'object' || data === null || !Object.hasOwn(data, 'webhook_url')) return undefined;
  return (data as { webhook_url: unknown }).webhook_url ?? undefined;
};

/** Id of the receiver at an origin (`https://agents.example.com`). */
export const runReceiverId = (endpointId: string, origin: string): string =>
  `${endpointId}${MARK}${Buffer.from(origin).toString('base64url')}`;

/** The two parts of such an id; null for the id of an ordinary endpoint. */
export const readRunReceiverId = (id: string): { readonly endpointId: string; readonly origin: string } | null => {
  const mark = id.indexOf(MARK);
  if (mark < 0) return null;
  return { endpointId: id.slice(0, mark), origin: Buffer.from(id.slice(mark + 1), 'base64url').toString('utf8') };
};

/** Id of the endpoint that has the secrets: its own, or that of the endpoint which stands for run URLs. */
export const secretOwnerOf = (endpointId: string): string => readRunReceiverId(endpointId)?.endpointId ?? endpointId;
