import pino from 'pino';
import { telemetryConfig } from '../telemetry.config';

/**
 * JSON lines on stdout. Fields first, then a constant message: values belong in fields, where they can be searched.
 * Ids are welcome; bodies, keys, signatures, and paths and queries of receivers' URLs are not.
 */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  child(fields: object): Logger;
}

/** Written behind the event loop, so that a slow reader of stdout does not slow a delivery. */
const destination = pino.destination({ dest: 1, sync: false });

/** An Error may stand in `error`, or in `err`. Secrets that slip into fields of these names are masked. */
export const createLogger = (service: string): Logger =>
  pino(
    {
      base: { service, pid: process.pid },
      level: telemetryConfig.logLevel,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { error: pino.stdSerializers.err, err: pino.stdSerializers.err },
      redact: {
        paths: ['authorization', 'headers.authorization', 'secret', 'apiKey', 'password', 'databaseUrl'],
        censor: '***',
      },
    },
    destination,
  );

/** Writes out what is still buffered; to be called before `process.exit`. */
export const flushLogs = (): void => {
  try {
    destination.flushSync();
  } catch {
    // stdout is closed, or was never opened: there is nobody to tell
  }
};

/** For tests and for code that must not speak. */
export const silentLogger: Logger = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  child: () => silentLogger,
};
