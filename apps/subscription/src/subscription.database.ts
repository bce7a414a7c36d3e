import { ApiKeyEntity } from './api-keys/api-key.entity';
import { EndpointEntity } from './endpoints/endpoint.entity';
import { EventTypeEntity } from './event-types/event-type.entity';
import { Configuration1768500000000 } from './migrations/1768500000000-configuration';
import { EndpointSettings1769100000000 } from './migrations/1769100000000-endpoint-settings';
import { Recoveries1769100100000 } from './migrations/1769100100000-recoveries';
import { EndpointOptions1770000200000 } from './migrations/1770000200000-endpoint-options';
import { RecoveryEntity } from './recoveries/recovery.entity';

export const SUBSCRIPTION_SCHEMA = 'subscription';

/** The service's own schema: what lies in it, and how it came to be. */
export const SUBSCRIPTION_TABLES = {
  schema: SUBSCRIPTION_SCHEMA,
  entities: [EndpointEntity, ApiKeyEntity, EventTypeEntity, RecoveryEntity],
  migrations: [
    Configuration1768500000000,
    EndpointSettings1769100000000,
    Recoveries1769100100000,
    EndpointOptions1770000200000,
  ],
};
