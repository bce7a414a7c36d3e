import { startService } from '@millrace/service-runtime';
import { subscriptionService } from './subscription.service';

void startService(subscriptionService);
