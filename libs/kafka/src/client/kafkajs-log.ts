import type { Logger } from '@millrace/telemetry';
import { type logCreator, logLevel } from 'kafkajs';

export interface LogWatch {
  /** kafkajs found its offset outside the log and goes to the beginning. It tells nobody but its log. */
  onOffsetOutOfRange(topic: string, partition: number): void;
}

const OUT_OF_RANGE = 'Offset out of range, resetting to default offset';

/**
 * kafkajs' own log. It calls an error what it goes on to retry, and each of its errors that matters comes to us as an
 * exception or a crash event, so its words are one level lower here.
 */
export const kafkajsLog =
  (logger: Logger, watch?: LogWatch): logCreator =>
  () => {
    const log = logger.child({ component: 'kafkajs' });
    return ({ namespace, level, log: entry }) => {
      const { message, timestamp: _timestamp, logger: _logger, stack: _stack, ...fields } = entry;
      if (message === OUT_OF_RANGE) watch?.onOffsetOutOfRange(entry['topic'], entry['partition']);
      const text = `${namespace}: ${message}`;
      if (level <= logLevel.ERROR) log.warn(fields, text);
      else if (level === logLevel.WARN) log.info(fields, text);
      else log.debug(fields, text);
    };
  };
