import { acknowledgeWithinMs, type EnvironmentSpec, variable, whole } from '@millrace/service-runtime';

/** Settings of this service alone. */
export interface SubscriptionSettings {
  readonly endpointsPerTenant: number;
  /** How long a request waits for Kafka to acknowledge its change before it is answered 503. */
  readonly acknowledgeWithinMs: number;
}

export const subscriptionEnvironment: EnvironmentSpec<SubscriptionSettings> = {
  endpointsPerTenant: variable(
    'MILLRACE_ENDPOINTS_PER_TENANT',
    'a number from 1 to 1000000',
    whole(1, 1_000_000, 10_000),
  ),
  acknowledgeWithinMs,
};
