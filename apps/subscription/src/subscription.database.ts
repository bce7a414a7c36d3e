import { ApiKeyEntity } from './api-keys/api-key.entity';
import { AuditEntryEntity } from './audit-log/audit-entry.entity';
import { ConnectionEntity } from './compatible-apis/eclipse/connection.entity';
import { EndpointEntity } from './endpoints/endpoint.entity';
import { EventTypeEntity, EventTypeVersionEntity, EventValidationEntity } from './event-types/event-type.entity';
import { Configuration1768500000000 } from './migrations/1768500000000-configuration';
import { EndpointSettings1769100000000 } from './migrations/1769100000000-endpoint-settings';
import { Recoveries1769100100000 } from './migrations/1769100100000-recoveries';
import { EventTypeVersions1770000000000 } from './migrations/1770000000000-event-type-versions';
import { EndpointOptions1770000200000 } from './migrations/1770000200000-endpoint-options';
import { CompatibleApis1770000300000 } from './migrations/1770000300000-compatible-apis';
import { RecoveryEntity } from './recoveries/recovery.entity';

export const SUBSCRIPTION_SCHEMA = 'subscription';

/** The service's own schema: what lies in it, and how it came to be. */
export const SUBSCRIPTION_TABLES = {
  schema: SUBSCRIPTION_SCHEMA,
  entities: [
    EndpointEntity,
    ApiKeyEntity,
    EventTypeEntity,
    EventTypeVersionEntity,
    EventValidationEntity,
    RecoveryEntity,
    ConnectionEntity,
    AuditEntryEntity,
  ],
  migrations: [
    Configuration1768500000000,
    EndpointSettings1769100000000,
    Recoveries1769100100000,
    EventTypeVersions1770000000000,
    EndpointOptions1770000200000,
    CompatibleApis1770000300000,
  ],
};
