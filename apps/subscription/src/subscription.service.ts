import type { ServiceDefinition } from '@millrace/service-runtime';
import { type SubscriptionSettings, subscriptionEnvironment } from './subscription.config';
import { SubscriptionModule } from './subscription.module';

export const subscriptionService: ServiceDefinition<SubscriptionSettings> = {
  name: 'subscription',
  needs: ['database', 'secrets'],
  environment: subscriptionEnvironment,
  module: SubscriptionModule,
};
