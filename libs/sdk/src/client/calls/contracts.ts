import type { CallOptions, Transport } from '../transport';
import type {
  AuditEntry,
  Contract,
  ContractPreview,
  ContractPreviewRequest,
  MachineAuditEntry,
} from '../types/contract';
import type { PageQuery } from '../types/page';
import { list, part, post } from './requests';

export const contractCalls = (transport: Transport) => ({
  /** The delivery contracts and their rules; all on one page. */
  list: (options?: CallOptions) => list<Contract>(transport, '/v1/contracts', {}, options),
  /** The very headers and bytes that an event would have under a contract. Nothing is sent. */
  preview: (contract: string, request: ContractPreviewRequest, options?: CallOptions) =>
    post<ContractPreview>(transport, `/v1/contracts/${part(contract)}/preview`, request, options),
});

export const auditLogCalls = (transport: Transport) => ({
  /** Who did what has to be answered for, newest first. */
  list: (query: PageQuery = {}, options?: CallOptions) => list<AuditEntry>(transport, '/v1/audit-log', query, options),
  /** Who changed sources and mappings, newest first. */
  machines: (query: PageQuery = {}, options?: CallOptions) =>
    list<MachineAuditEntry>(transport, '/v1/audit-log/machines', query, options),
});
