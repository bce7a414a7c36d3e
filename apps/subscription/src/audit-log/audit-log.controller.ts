import { type AuditEntryView, type ConfigurationPage, configurationPageQuery, type Page } from '@millrace/protocol';
import { auditLogPage, CurrentTenant, ParsedQuery, RequireScope, viewOfAuditEntry } from '@millrace/service-runtime';
import { Controller, Get, Inject } from '@nestjs/common';
import { USE_CASES, type UseCases } from '../subscription.use-cases';

@Controller('v1/audit-log')
@RequireScope('admin')
export class AuditLogController {
  constructor(@Inject(USE_CASES) private readonly service: UseCases) {}

  @Get()
  list(
    @CurrentTenant() tenant: string,
    @ParsedQuery(configurationPageQuery) query: ConfigurationPage,
  ): Promise<Page<AuditEntryView>> {
    return auditLogPage(this.service, tenant, query, viewOfAuditEntry);
  }
}
