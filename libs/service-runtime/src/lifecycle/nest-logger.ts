import type { Logger } from '@millrace/telemetry';
import type { LoggerService } from '@nestjs/common';

/** Nest's own lines in our log; what it tells of its start is of interest only when something is wrong there. */
export const nestLogger = (logger: Logger): LoggerService => {
  const fieldsOf = (rest: readonly unknown[]) => ({ from: String(rest.at(-1) ?? 'Nest') });
  return {
    log: (message: unknown, ...rest: unknown[]) => logger.debug(fieldsOf(rest), String(message)),
    debug: (message: unknown, ...rest: unknown[]) => logger.debug(fieldsOf(rest), String(message)),
    verbose: (message: unknown, ...rest: unknown[]) => logger.debug(fieldsOf(rest), String(message)),
    warn: (message: unknown, ...rest: unknown[]) => logger.warn(fieldsOf(rest), String(message)),
    error: (message: unknown, ...rest: unknown[]) =>
      logger.error(
        { ...fieldsOf(rest), ...(message instanceof Error ? { error: message } : {}) },
        message instanceof Error ? message.message : String(message),
      ),
  };
};
