import { standardSignatureHeader } from '../signature/standard-webhooks';
import type { Header, SignableRequest } from './contract';

/**
 * The three headers of Standard Webhooks 1.0, which go out beside every contract's own: a receiver that was written for one of
 * the older systems gets a signature that covers id and time as soon as it wants one.
 */
export const standardHeaders = ({ eventId, attemptAt, keys, body }: SignableRequest): Header[] => {
  const timestamp = Math.floor(attemptAt / 1000);
  const signing = keys.map(({ standard }) => standard);
  return [
    ['webhook-id', eventId],
    ['webhook-timestamp', String(timestamp)],
    ['webhook-signature', standardSignatureHeader(signing, eventId, timestamp, body)],
  ];
};
