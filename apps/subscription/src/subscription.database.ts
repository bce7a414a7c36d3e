import { ApiKeyEntity } from './api-keys/api-key.entity';
import { EndpointEntity } from './endpoints/endpoint.entity';
import { EventTypeEntity } from './event-types/event-type.entity';
import { Configuration1768500000000 } from './migrations/1768500000000-configuration';

export const SUBSCRIPTION_SCHEMA = 'subscription';

/** The service's own schema: what lies in it, and how it came to be. */
export const SUBSCRIPTION_TABLES = {
  schema: SUBSCRIPTION_SCHEMA,
  entities: [EndpointEntity, ApiKeyEntity, EventTypeEntity],
  migrations: [Configuration1768500000000],
};
