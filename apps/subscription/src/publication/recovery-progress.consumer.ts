import { isTenantName } from '@millrace/domain';
import type { KafkaConnection } from '@millrace/kafka';
import { decodeRecoveryProgress, type IncomingMessage, type RecoveryProgress } from '@millrace/protocol';
import { Worker } from '@millrace/service-runtime';
import type { Logger } from '@millrace/telemetry';
import { isEndpointId } from '../endpoints/endpoint-id';
import { isRecoveryId } from '../recoveries/recovery-id';
import { InOrderConsumer } from './in-order.consumer';

const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;
/** Times that a Date, and PostgreSQL, can hold. */
const isTime = (value: number): boolean => Number.isFinite(value) && value >= 0 && value <= 8.64e15;
const ERROR_LENGTH = 1_000;
/** PostgreSQL takes neither NUL nor half of a surrogate pair. */
const storable = (text: string): string => text.replace(/[\0\p{Surrogate}]/gu, '\ufffd');

const read = (message: IncomingMessage): RecoveryProgress | null => {
  const progress = decodeRecoveryProgress(message);
  if (progress === null) return null;
  const { recoveryId, endpointId, tenant, version, counts, at, error } = progress;
  const canBeTrue =
    isRecoveryId(recoveryId) &&
    isEndpointId(endpointId) &&
    isTenantName(tenant) &&
    version > 0 &&
    version < 2 ** 31 &&
    isCount(counts.examined) &&
    isCount(counts.qualified) &&
    isCount(counts.sent) &&
    isTime(at);
  if (!canBeTrue) return null;
  return { ...progress, error: typeof error === 'string' ? storable(error.slice(0, ERROR_LENGTH)) : null };
};

/** Reads how far the delivery service is with recovery jobs. */
@Worker('consumers')
export class RecoveryProgressConsumer extends InOrderConsumer<RecoveryProgress> {
  constructor(
    kafka: KafkaConnection,
    settings: { readonly topic: string; readonly groupId: string; readonly retryMs: number },
    store: (progress: RecoveryProgress) => Promise<unknown>,
    logger: Logger,
  ) {
    super(kafka, { ...settings, read, carryOut: store }, logger);
  }
}
