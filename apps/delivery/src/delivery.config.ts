import { type EnvironmentSpec, list, variable, whole } from '@millrace/service-runtime';

/** Roles of a delivery process: all in one by default; a large site runs them apart. */
export const DELIVERY_ROLES = ['fan-out', 'dispatch', 'retry'] as const;
export type DeliveryRole = (typeof DELIVERY_ROLES)[number];

export interface DeliverySettings {
  readonly roles: readonly string[];
  /** Requests in flight of the process; also the bound of what a crash can repeat. */
  readonly maxInFlight: number;
  /** Requests in flight of one endpoint. */
  readonly endpointConcurrency: number;
  /** Requests in flight of one tenant. */
  readonly tenantConcurrency: number;
  /** Bytes of all bodies in flight. */
  readonly maxInFlightBytes: number;
  /** Deliveries that may wait in one endpoint's lane. */
  readonly endpointQueue: number;
}

/** Environment of the delivery service, beside the settings that all services share. */
export const deliveryEnvironment: EnvironmentSpec<DeliverySettings> = {
  roles: variable(
    'MILLRACE_DELIVERY_ROLES',
    'one or more of fan-out, dispatch and retry, separated by commas,',
    list(new RegExp(`^(${DELIVERY_ROLES.join('|')})$`), 1, [...DELIVERY_ROLES]),
  ),
  maxInFlight: variable('MILLRACE_MAX_IN_FLIGHT', 'a number from 1 to 10000', whole(1, 10_000, 256)),
  endpointConcurrency: variable('MILLRACE_ENDPOINT_CONCURRENCY', 'a number from 1 to 1000', whole(1, 1_000, 32)),
  tenantConcurrency: variable('MILLRACE_TENANT_CONCURRENCY', 'a number from 1 to 10000', whole(1, 10_000, 192)),
  maxInFlightBytes: variable(
    'MILLRACE_MAX_IN_FLIGHT_BYTES',
    'a number of bytes from 1048576 to 4294967296',
    whole(1_048_576, 4_294_967_296, 67_108_864),
  ),
  endpointQueue: variable('MILLRACE_ENDPOINT_QUEUE', 'a number from 1 to 100000', whole(1, 100_000, 5_000)),
};
