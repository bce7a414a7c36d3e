import { isTenantName } from '@millrace/domain';
import type { KafkaConnection } from '@millrace/kafka';
import {
  decodeEndpointDisabled,
  ENDPOINT_DISABLED_REASONS,
  type EndpointDisabled,
  type IncomingMessage,
} from '@millrace/protocol';
import { Worker } from '@millrace/service-runtime';
import type { Logger } from '@millrace/telemetry';
import { isEndpointId } from '../endpoints/endpoint-id';
import { InOrderConsumer } from './in-order.consumer';

const read = (message: IncomingMessage): EndpointDisabled | null => {
  const fact = decodeEndpointDisabled(message);
  return fact !== null &&
    isEndpointId(fact.endpointId) &&
    isTenantName(String(fact.tenant)) &&
    Number.isInteger(fact.endpointVersion) &&
    ENDPOINT_DISABLED_REASONS.includes(fact.reason)
    ? fact
    : null;
};

/** Reads what the delivery service decided about endpoints. */
@Worker('consumers')
export class EndpointLifecycleConsumer extends InOrderConsumer<EndpointDisabled> {
  constructor(
    kafka: KafkaConnection,
    settings: { readonly topic: string; readonly groupId: string; readonly retryMs: number },
    disable: (fact: EndpointDisabled) => Promise<unknown>,
    logger: Logger,
  ) {
    super(kafka, { ...settings, read, carryOut: disable }, logger);
  }
}
