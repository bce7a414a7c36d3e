import { variable, whole } from '../config/environment';

/** For the environment of a service with configuration of its own: ms that a change waits for Kafka before it is answered 503. */
export const acknowledgeWithinMs = variable(
  'MILLRACE_ACKNOWLEDGE_WITHIN_MS',
  'milliseconds from 100 to 30000',
  whole(100, 30_000, 5_000),
);
