import { requestHash } from '@millrace/postgres';
import type { ApiPrincipal } from '../auth/api-key-directory';
import type { WriteRequest } from './configuration-write';

/**
 * The write that a POST asks for. The runtime has judged the form of the key; the answer is kept here, not by the runtime,
 * because a repeat has to wait for Kafka's acknowledgement like the first request.
 */
export const writeOf = (
  principal: ApiPrincipal,
  route: string,
  idempotencyKey: string | null,
  body: Buffer,
): WriteRequest => ({
  ...changeOf(principal),
  idempotent:
    idempotencyKey === null
      ? null
      : { tenant: principal.tenant, key: idempotencyKey, route, requestHash: requestHash(route, body) },
});

/** The write that a PATCH or DELETE asks for: repeating it is harmless by itself. */
export const changeOf = (principal: ApiPrincipal): WriteRequest => ({
  tenant: principal.tenant,
  actor: principal.keyId,
  idempotent: null,
});
