import { z } from 'zod';

/** Roles of a delivery process: all in one by default; a large site runs them apart. */
export const DELIVERY_ROLES = ['fan-out', 'dispatch', 'retry'] as const;
export type DeliveryRole = (typeof DELIVERY_ROLES)[number];

export interface DeliverySettings {
  readonly roles: readonly DeliveryRole[];
  /** Requests in flight of the process; also the bound of what a crash can repeat. */
  readonly maxInFlight: number;
  /** Requests in flight of one endpoint. */
  readonly endpointConcurrency: number;
  /** Deliveries that may wait in one endpoint's lane. */
  readonly endpointQueue: number;
}

const count = (fallback: number, most: number) => z.coerce.number().int().min(1).max(most).default(fallback);

/** Environment of the delivery service, beside the settings that all services share. */
export const deliveryEnvironment = z
  .object({
    MILLRACE_DELIVERY_ROLES: z
      .string()
      .default(DELIVERY_ROLES.join(','))
      .transform((text) => text.split(',').map((role) => role.trim()))
      .pipe(z.array(z.enum(DELIVERY_ROLES)).min(1)),
    MILLRACE_MAX_IN_FLIGHT: count(256, 10_000),
    MILLRACE_ENDPOINT_CONCURRENCY: count(32, 1_000),
    MILLRACE_ENDPOINT_QUEUE: count(500, 100_000),
  })
  .transform(
    (env): DeliverySettings => ({
      roles: env.MILLRACE_DELIVERY_ROLES,
      maxInFlight: env.MILLRACE_MAX_IN_FLIGHT,
      endpointConcurrency: env.MILLRACE_ENDPOINT_CONCURRENCY,
      endpointQueue: env.MILLRACE_ENDPOINT_QUEUE,
    }),
  );
