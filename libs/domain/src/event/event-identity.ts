import { hash } from 'node:crypto';

/**
 * The two identities of an event.
 *
 * CloudEvents promises only that (source, id) is unique, so that pair, inside its tenant, is the event's key: every id
 * derived from it (deliveries, attempts) collapses when a producer or a crash repeats the event.
 *
 * Receivers see `id`, and Standard Webhooks wants it free of dots. People search for the id they know, so the producer's
 * id is kept where it is a plain token. A bare counter (`17`) is unique in its source only, and any other text could not
 * stand in a header: those get `evt_` and a hash of the pair.
 */
const TOKEN = /^[A-Za-z0-9_-]{1,64}$/;
const COUNTER = /^[0-9]{1,19}$/;

export const eventKey = (tenant: string, source: string, sourceId: string): string =>
  hash('sha256', JSON.stringify([tenant, source, sourceId]), 'hex').slice(0, 32);

export const publicEventId = (key: string, sourceId: string): string =>
  TOKEN.test(sourceId) && !COUNTER.test(sourceId) ? sourceId : `evt_${key.slice(0, 26)}`;
