/** Attribute names of OpenTelemetry's semantic conventions that Millrace uses, and its own. The one list. */
export const ATTRIBUTE = {
  messagingSystem: 'messaging.system',
  messagingOperationName: 'messaging.operation.name',
  messagingOperationType: 'messaging.operation.type',
  messagingDestination: 'messaging.destination.name',
  messagingPartition: 'messaging.destination.partition.id',
  messagingConsumerGroup: 'messaging.consumer.group.name',
  messagingClientId: 'messaging.client.id',
  messagingKafkaOffset: 'messaging.kafka.offset',
  messagingKafkaKey: 'messaging.kafka.message.key',
  messagingKafkaTombstone: 'messaging.kafka.message.tombstone',
  messagingBatchCount: 'messaging.batch.message_count',
  httpMethod: 'http.request.method',
  httpRoute: 'http.route',
  httpStatus: 'http.response.status_code',
  httpResendCount: 'http.request.resend_count',
  serverAddress: 'server.address',
  serverPort: 'server.port',
  urlFull: 'url.full',
  urlPath: 'url.path',
  urlScheme: 'url.scheme',
  errorType: 'error.type',
  tenantId: 'webhook.tenant.id',
  eventId: 'webhook.event.id',
  deliveryId: 'webhook.delivery.id',
  endpointId: 'webhook.endpoint.id',
  attemptNumber: 'webhook.attempt.number',
  retryTier: 'webhook.retry.tier',
  outcome: 'webhook.outcome',
} as const;

/** `send deliveries`: the name of a messaging span. */
export const messagingSpanName = (operation: 'send' | 'poll' | 'process' | 'commit', topic: string): string =>
  `${operation} ${topic}`;
