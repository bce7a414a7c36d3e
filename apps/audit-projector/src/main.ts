import { startService } from '@millrace/service-runtime';
import { auditProjector } from './audit-projector.service';

void startService(auditProjector);
