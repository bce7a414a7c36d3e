import type { ServiceDefinition } from '@millrace/service-runtime';
import { Module } from '@nestjs/common';
import { type DeliverySettings, deliveryEnvironment } from './delivery.config';
import { addDeliveryWorkers } from './delivery.workers';

/** It has no API of its own: health and metrics come from the runtime, its work from Kafka. */
@Module({})
export class DeliveryModule {}

export const deliveryService: ServiceDefinition<DeliverySettings> = {
  name: 'delivery',
  needs: ['secrets'],
  environment: deliveryEnvironment,
  module: (context) => {
    addDeliveryWorkers(context);
    return DeliveryModule;
  },
};
