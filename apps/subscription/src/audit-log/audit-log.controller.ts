import { type AuditEntryView, type ConfigurationPage, configurationPageQuery, type Page } from '@millrace/protocol';
import { CurrentTenant, ParsedQuery, pageOf, RequireScope } from '@millrace/service-runtime';
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
    return pageOf(
      this.service.cursors,
      { tenant, name: 'audit-log' },
      query,
      (position, count) => this.service.auditLog.list(tenant, position, count),
      (entry) => entry.id,
      ({ id, at, actor, action, object }) => ({ id, at: at.toISOString(), actor, action, object }),
    );
  }
}
