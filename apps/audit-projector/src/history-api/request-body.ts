import { createHash } from 'node:crypto';
import { contractNamed, type Event } from '@millrace/domain';
import type { BodyMissing } from '@millrace/protocol';
import type { EventAttributes } from '../projections/events/event.projection';
import type { StoredDelivery, StoredEvent } from './history-reader.store';

/** The body of a delivery's requests, or why it cannot be shown. */
export type RequestBody =
  | { readonly text: string; readonly missing: null }
  | { readonly text: null; readonly missing: BodyMissing };

const missing = (why: BodyMissing): RequestBody => ({ text: null, missing: why });

/**
 * Bodies are not stored: the contract's version renders the same bytes from the stored event, and the digest that was
 * taken when the delivery was made proves it.
 */
export const requestBody = (tenant: string, delivery: StoredDelivery, event: StoredEvent | undefined): RequestBody => {
  if (delivery.trigger === 'test') return missing('test_event');
  if (event === undefined) return missing('event_not_kept');
  const contract = contractNamed(delivery.contract, delivery.contract_version);
  if (contract === undefined) return missing('contract_unknown');
  const rendering = contract.render(asEvent(tenant, event), delivery.body_variant);
  if (rendering.kind === 'unrepresentable') return missing('digest_differs');
  const { body } = rendering;
  const digest = createHash('sha256').update(body).digest('hex');
  return digest === delivery.body_sha256 ? { text: body.toString('utf8'), missing: null } : missing('digest_differs');
};

export const attributesOf = (event: StoredEvent): EventAttributes =>
  JSON.parse(event.attributes.toString('utf8')) as EventAttributes;

const asEvent = (tenant: string, event: StoredEvent): Event => ({
  id: event.event_id,
  key: event.event_key,
  tenant,
  type: event.type,
  data: event.data.toString('utf8'),
  ...attributesOf(event),
});
