import { AuditEntryColumns } from '@millrace/postgres';
import type { AuditEntryView } from '@millrace/protocol';
import { Entity } from 'typeorm';

export type AuditAction = AuditEntryView['action'];

/** Who did something to an endpoint that has to be answered for. Its object is the id of the endpoint. */
@Entity({ name: 'audit_entry' })
export class AuditEntryEntity extends AuditEntryColumns<AuditAction> {}
