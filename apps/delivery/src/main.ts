import { startService } from '@millrace/service-runtime';
import { deliveryService } from './delivery.module';

void startService(deliveryService);
