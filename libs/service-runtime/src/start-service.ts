import { createLogger, flushLogs } from '@millrace/telemetry';
import { bootService } from './boot-service';
import { WrongSettings } from './config/environment';
import { processEnvironment } from './config/service.config';
import type { RunningService, ServiceDefinition } from './service-definition';

/** `EX_CONFIG` of sysexits: a restart will not help. */
const EXIT_WRONG_SETTINGS = 78;
const SHUTDOWN_MS = 25_000;
/** Ctrl-C reaches the whole process group, and the launcher tells its children as well: one wish, heard twice. */
const SAME_WISH_MS = 1_000;

/**
 * The one call of a service's `main.ts`: runs it until SIGTERM or SIGINT, then drains and exits 0. A second signal, or a
 * drain of more than 25 s, exits 1; wrong settings exit 78 with a line for each.
 */
export const startService = async <Own extends object>(definition: ServiceDefinition<Own>): Promise<void> => {
  const logger = createLogger(definition.name);
  const exit = (code: number): never => {
    flushLogs();
    process.exit(code);
  };
  const crash = (error: unknown, message: string): void => {
    logger.error({ error }, message);
    exit(1);
  };
  process.on('uncaughtException', (error) => crash(error, 'uncaught exception'));
  process.on('unhandledRejection', (error) => crash(error, 'unhandled rejection'));

  let running: RunningService | null = null;
  let askedAt: number | null = null;
  const end = (signal: NodeJS.Signals): void => {
    if (askedAt !== null) {
      if (performance.now() - askedAt < SAME_WISH_MS) return;
      logger.warn({ signal }, 'second signal, exit at once');
      exit(1);
    }
    askedAt = performance.now();
    logger.info({ signal }, 'asked to end');
    if (running === null) exit(0);
    setTimeout(() => {
      logger.error({ afterMs: SHUTDOWN_MS }, 'drain took too long, exit');
      exit(1);
    }, SHUTDOWN_MS).unref();
    running?.stop().then(
      () => exit(0),
      (error: unknown) => crash(error, 'shutdown failed'),
    );
  };
  process.on('SIGTERM', end);
  process.on('SIGINT', end);

  try {
    running = await bootService(definition, processEnvironment());
  } catch (error) {
    if (error instanceof WrongSettings) {
      process.stderr.write(`${definition.name} does not start. ${error.message}\n`);
      exit(EXIT_WRONG_SETTINGS);
    }
    process.stderr.write(`${definition.name} does not start. ${error instanceof Error ? error.message : error}\n`);
    crash(error, 'start failed');
  }
};
