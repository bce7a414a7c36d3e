import { join } from 'node:path';
import type { DataFolder } from '../data-folder/data-folder';
import { LocalStackError } from '../machine/local-stack-error';
import { projectRoot } from '../machine/project-root';
import { lastLines, startInBackground, stopProcess } from '../process/background-process';
import { isRunning } from '../process/process-identity';
import { waitUntil } from '../process/wait';
import type { Part } from '../supervision/part';

export const SERVICES = ['machine-ingest', 'subscription', 'delivery', 'audit-projector'] as const;
export type Service = (typeof SERVICES)[number];

const READY_TIMEOUT_MS = 60_000;
/** A service drains for up to 25 s; then it ends by itself. */
const STOP_TIMEOUT_MS = 28_000;

/** One of the four services, from `dist/`. Ready is what its own `/readyz` says. */
export const servicePart = (
  name: Service,
  port: number,
  variables: { readonly [name: string]: string },
  folder: DataFolder,
  environment: NodeJS.ProcessEnv,
): Part => {
  const logFile = folder.logFile(name);
  return {
    name,
    async start(onSpawn) {
      const service = await startInBackground({
        command: process.execPath,
        args: ['--enable-source-maps', join(projectRoot(), `dist/apps/${name}/src/main.js`)],
        cwd: projectRoot(),
        environment: {
          ...environment,
          ...variables,
          MILLRACE_SERVICE_PORT: String(port),
          MILLRACE_SERVICE_HOST: '127.0.0.1',
        },
        logFile,
      });
      onSpawn(service.identity);
      const isReady = () =>
        fetch(`http://127.0.0.1:${port}/readyz`, { signal: AbortSignal.timeout(2_000) }).then(
          (response) => response.status === 200,
          () => false,
        );
      await waitUntil(async () => !isRunning(service.identity) || (await isReady()), READY_TIMEOUT_MS, 50);
      if (isRunning(service.identity) && (await isReady())) return service;
      const ended = !isRunning(service.identity);
      await stopProcess(service.identity, 'SIGTERM', 3_000);
      throw new LocalStackError(
        `${name} ${ended ? 'ended while starting' : 'was not ready within a minute'}:\n${readable(lastLines(logFile, 6))}`,
        [`The whole log: ${logFile}`],
      );
    },
    stop: (process) => stopProcess(process, 'SIGTERM', STOP_TIMEOUT_MS),
  };
};

/** The message of each JSON line of a log; other lines as they are. */
const readable = (lines: string): string =>
  lines
    .split('\n')
    .map((line) => {
      try {
        const { msg, message, err } = JSON.parse(line);
        return [msg ?? message ?? line, err?.message].filter((part) => part !== undefined).join(': ');
      } catch {
        return line;
      }
    })
    .join('\n');
