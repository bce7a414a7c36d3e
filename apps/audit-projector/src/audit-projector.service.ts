import type { ServiceDefinition } from '@millrace/service-runtime';
import { auditProjectorModule } from './audit-projector.module';
import { type HistorySettings, historyEnvironment } from './history.config';

/** Keeps the history of every event, delivery and attempt, and answers for it. */
export const auditProjector: ServiceDefinition<HistorySettings> = {
  name: 'audit-projector',
  needs: ['database', 'secrets'],
  environment: historyEnvironment,
  module: auditProjectorModule,
};
