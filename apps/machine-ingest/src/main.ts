import { startService } from '@millrace/service-runtime';
import { machineIngestService } from './machine-ingest.module';

void startService(machineIngestService);
