import {
  type ConfigurationPage,
  configurationPageQuery,
  type MachineAuditEntryView,
  type Page,
} from '@millrace/protocol';
import { auditLogPage, CurrentTenant, ParsedQuery, RequireScope, viewOfAuditEntry } from '@millrace/service-runtime';
import { Controller, Get, Inject } from '@nestjs/common';
import { CONFIGURATION, type LateConfiguration } from '../configuration';

/** The part of the audit log about sources and mappings: it lies where they lie, so that each entry is in the transaction of its change. */
@Controller('v1/audit-log/machines')
@RequireScope('admin')
export class AuditLogController {
  constructor(@Inject(CONFIGURATION) private readonly configuration: LateConfiguration) {}

  @Get()
  list(
    @CurrentTenant() tenant: string,
    @ParsedQuery(configurationPageQuery) query: ConfigurationPage,
  ): Promise<Page<MachineAuditEntryView>> {
    return auditLogPage(this.configuration.get(), tenant, query, (entry) => ({
      ...viewOfAuditEntry(entry),
      detail: entry.detail,
    }));
  }
}
