import { createLogger } from '@millrace/telemetry';
import { projectRoot } from '../machine/project-root';
import { startOrigin } from './origin';
import { readOriginSettings } from './origin.config';

/** The origin as a process of its own, for containers; `npm start` runs it inside the launcher. */
const logger = createLogger('origin');

const run = async (): Promise<void> => {
  const origin = await startOrigin({ ...readOriginSettings(process.env), projectRoot: projectRoot() });
  logger.info({}, 'origin is listening');
  for (const name of ['SIGTERM', 'SIGINT'] as const) {
    process.once(name, () => void origin.close().then(() => process.exit(0)));
  }
};

run().catch((error: Error) => {
  logger.error({ err: error }, error.message);
  process.exitCode = 1;
});
