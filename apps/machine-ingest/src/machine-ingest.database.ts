import { AuditEntryEntity } from './audit-log/audit-entry.entity';
import { MappedMachineEntity, MappingEntity, MappingVersionEntity } from './mappings/mapping.entity';
import { Sources1772000000000 } from './migrations/1772000000000-sources';
import { Mappings1772000100000 } from './migrations/1772000100000-mappings';
import { AuditLog1772000200000 } from './migrations/1772000200000-audit-log';
import { SoleSources1772000300000 } from './migrations/1772000300000-sole-sources';
import { SourceEntity } from './sources/source.entity';

export const INGEST_SCHEMA = 'ingest';

/** The service's own schema: what lies in it, and how it came to be. */
export const INGEST_TABLES = {
  schema: INGEST_SCHEMA,
  entities: [SourceEntity, MappingEntity, MappingVersionEntity, MappedMachineEntity, AuditEntryEntity],
  migrations: [Sources1772000000000, Mappings1772000100000, AuditLog1772000200000, SoleSources1772000300000],
};
