import {
  type ConfigurationPage,
  configurationPageQuery,
  type MachineAuditEntryView,
  type Page,
} from '@millrace/protocol';
import { CurrentTenant, ParsedQuery, pageOf, RequireScope } from '@millrace/service-runtime';
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
    const { auditLog, cursors } = this.configuration.get();
    return pageOf(
      cursors,
      { tenant, name: 'audit-log' },
      query,
      (position, count) => auditLog.list(tenant, position, count),
      (entry) => entry.id,
      ({ id, at, actor, action, object, detail }) => ({ id, at: at.toISOString(), actor, action, object, detail }),
    );
  }
}
