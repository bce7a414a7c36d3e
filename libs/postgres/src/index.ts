export { type AuditEntry, AuditEntryColumns } from './audit-log/audit-entry.entity';
export { AuditLogStore, type AuditTransaction, auditTransaction } from './audit-log/audit-log.store';
export {
  CHECKPOINT_TABLES,
  type CheckpointMove,
  CheckpointStore,
  ZombieProjector,
} from './checkpoint/checkpoint-store';
export {
  connectDatabase,
  createDatabase,
  DATABASE,
  type Database,
  type DatabaseSettings,
  type Transaction,
} from './database/database';
export { type DatabaseModuleInput, databaseModule } from './database/database.module';
export {
  isDatabaseError,
  isDatabaseUnavailable,
  isUniqueViolation,
  isUnstorableValue,
} from './database/database-errors';
export { pendingMigrations, runMigrations } from './database/migrations';
export { inTenant, tenantWall } from './database/tenant-transaction';
export { inTransaction } from './database/transaction';
export { lockUntilEnd } from './database/transaction-lock';
export {
  ClaimLost,
  IDEMPOTENCY_TABLES,
  type IdempotencyClaim,
  type IdempotencyDecision,
  IdempotencyStore,
  type IdempotentRequest,
  type ResponseSealing,
  requestHash,
  type StoredResponse,
} from './idempotency/idempotency-store';
export { NotPublished } from './outbox/not-published';
export { OUTBOX_TABLES, OUTBOX_VALUE_LIMIT, Outbox, type OutboxTicket } from './outbox/outbox';
export { OutboxRelay, type OutboxRelayOptions } from './outbox/outbox-relay';
