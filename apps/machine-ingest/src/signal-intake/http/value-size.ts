import type { Signal } from '@millrace/domain';
import { SIGNAL_VALUE_BYTES } from '@millrace/protocol';

/** Of what is stored; the longest are those of a number such as 1e20, and of what is escaped. */
const MOST_BYTES_OF_A_CHARACTER = 8;

/**
 * Why a value cannot be stored: a record of Kafka does not hold it. Null when it can.
 *
 * @param written characters that it was read from; where they are few nothing is measured
 */
export const valueTooLarge = (value: Signal['value'], written: number): string | null => {
  if (typeof value !== 'object' || value === null || written * MOST_BYTES_OF_A_CHARACTER <= SIGNAL_VALUE_BYTES)
    return null;
  const bytes = Buffer.byteLength(JSON.stringify(value));
  return bytes <= SIGNAL_VALUE_BYTES
    ? null
    : `has ${bytes} bytes as it is stored, and the limit is ${SIGNAL_VALUE_BYTES}; send less in one value, or where the rest is to be found`;
};

/** The topic takes less than it is provisioned with: sent again it would be refused again. */
export const LARGER_THAN_THE_BROKER_TAKES =
  'A signal of the request is larger than a record that Kafka takes; send less in one value, or raise `max.message.bytes` of the topic and the brokers.';
